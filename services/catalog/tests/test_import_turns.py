"""Imports beside everything else: others have their turn, rows are read by a process, and nothing
stops those after it."""

import asyncio
import sys
from asyncio.subprocess import Process
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from catalog import import_pace, import_worker, upserts
from catalog.import_files import ImportFiles, Slice
from catalog.import_reading import Reading
from catalog.repository.imports import UNFINISHED

from .conftest import Shop
from .invariants import check_invariants
from .test_bulk import new
from .test_imports import begin, done, errors, lines

pytestmark = pytest.mark.anyio


async def test_who_reserves_waits_for_no_more_than_a_batch_or_two(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = 0
    step = import_worker.import_rows

    def counted(conn: Connection, **how: Any) -> dict[str, Any] | None:
        nonlocal steps
        steps += 1
        assert len(how["part"].rows) <= 400
        return step(conn, **how)

    monkeypatch.setattr(import_worker, "import_rows", counted)
    tea, waited = await shop.product(stock=1000), list[int]()
    answer = await begin(shop, lines(*(new(f"A-{n}", stock=1) for n in range(3000))))
    job = answer.json()
    while job["state"] in UNFINISHED:
        before = steps
        assert (await shop.reserve((tea, 1))).status_code == 200
        waited.append(steps - before)
        await asyncio.sleep(0.005)
        job = (await shop.staff("GET", answer.headers["Location"])).json()
    assert job["counts"]["created"] == 3000
    assert len(waited) >= 5 and max(waited) <= 2
    await check_invariants(shop)


def test_batches_grow_for_as_long_as_nobody_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(import_pace.time, "monotonic", lambda: now)
    pace = import_pace.Pace()
    for _ in range(50):
        pace.took(64, import_pace.STEP_SECONDS)
    sizes = list[int]()
    for _ in range(7):
        sizes.append(pace.rows)
        now += 1
    assert [round(size / 64) for size in sizes] == [1, 2, 3, 4, 5, 5, 5]


async def test_batches_are_large_though_somebody_watches_and_small_when_somebody_shops(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await done(shop, lines(new("A")))
    pace: import_pace.Pace = shop.service.public.state.context.pace
    for _ in range(50):
        pace.took(64, import_pace.STEP_SECONDS)
    monkeypatch.setattr(import_pace, "AT_WORK_SECONDS", 0.0)  # each look sees somebody
    monkeypatch.setattr(pace, "_seen_at", pace._seen_at - 10)
    monkeypatch.setattr(pace, "_watched_at", 0.0)  # by `done`
    assert (await shop.staff("GET", f"/api/imports/{job['id']}")).status_code == 200
    sizes = list[int]()
    for _ in range(2):
        await pace.others_turn()
        sizes.append(pace.rows)
        pace.watched()  # who watches all the time hides nobody
    assert sizes[0] > 2 * sizes[1]


@pytest.fixture
def read_here(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Where the slices began that were read in this process; all files are large ones."""
    found = list[int]()
    read = ImportFiles.read

    def seen(files: ImportFiles, id: str, *, position: int, **how: int) -> Slice:
        found.append(position)
        return read(files, id, position=position, **how)

    monkeypatch.setattr(ImportFiles, "read", seen)
    monkeypatch.setattr("catalog.import_reading.LARGE", 1000)
    return found


async def test_a_large_file_is_read_by_a_process_to_the_same_effect(
    shop: Shop, read_here: list[int]
) -> None:
    rows = lines(*(new(f"A-{n}", stock=1, attributes={"Größe": n}) for n in range(400)))
    rows += b'{no json\n\n{"sku": "bad"}\n' + lines(new("Z", publish_at="2031-05-01T00:00:00Z"))
    job = await done(shop, rows)
    assert (job["counts"]["created"], job["counts"]["failed"]) == (401, 2)
    assert [one["row"] for one in await errors(shop, job)] == [401, 403]
    assert read_here == [0]
    assert [one["sku"] for one in await shop.listed(q="a-399")] == ["A-399"]
    (z,) = (await shop.staff("GET", "/api/products?status=draft")).json()["items"]
    assert (z["sku"], z["publish_at"]) == ("Z", "2031-05-01T00:00:00Z")
    await check_invariants(shop)


async def test_a_process_that_dies_costs_nothing_but_time(
    shop: Shop, read_here: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    once = "import sys; sys.stdin.readline()"
    monkeypatch.setattr("catalog.import_reading._COMMAND", (sys.executable, "-c", once))
    job = await done(shop, lines(*(new(f"A-{n}", stock=1) for n in range(200))))
    assert job["counts"]["created"] == 200
    assert len(read_here) > 1
    await check_invariants(shop)


@pytest.mark.parametrize("anyio_backend", [("asyncio", {"use_uvloop": True})])
async def test_a_reader_may_die_before_it_is_asked_on_the_loop_of_services_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_here: list[int]
) -> None:
    files, reading = ImportFiles(tmp_path), Reading(ImportFiles(tmp_path))
    files.path("a").parent.mkdir()
    files.path("a").write_bytes(lines(*(new(f"A-{n}") for n in range(300))))
    job = {"id": "a", "position": 0, "line": 0, "size": files.path("a").stat().st_size}
    for number in (1, 2, 3):
        part = await reading.read(job, 10)
        assert [row.number for row in part.rows] == list(range(10 * number - 9, 10 * number + 1))
        if number == 2:
            reading._process.kill()  # type: ignore[union-attr]
            await asyncio.sleep(0.1)
        await reading.read_on(job, part, 10)
        job |= {"position": part.end, "line": job["line"] + part.lines}
    await reading.close()


async def test_a_stop_in_the_midst_of_the_readers_end_leaves_no_process(
    shop: Shop, read_here: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, waiting, wait = list[Process](), asyncio.Event(), Process.wait

    async def waits(process: Process) -> int:
        ended.append(process)
        waiting.set()
        await asyncio.sleep(0.1)
        return await wait(process)

    monkeypatch.setattr(Process, "wait", waits)
    await begin(shop, lines(*(new(f"A-{n}", stock=1) for n in range(400))))
    async with asyncio.timeout(20):
        await waiting.wait()
    background = [one for one in asyncio.all_tasks() if "_keep_running" in repr(one)]
    for task in background:
        task.cancel()
    await asyncio.gather(*background, return_exceptions=True)
    assert ended[0].returncode is not None


async def test_an_image_that_is_not_there_stops_no_other_row(shop: Shop) -> None:
    nowhere = [{"url": f"/media/{'a' * 32}.jpg"}]
    job = await done(shop, lines(new("A"), new("B", images=nowhere), new("C")))
    assert (job["counts"]["created"], job["counts"]["failed"]) == (2, 1)
    (told,) = await errors(shop, job)
    assert (told["row"], told["errors"][0]["pointer"]) == (2, "/images/0/url")
    await check_invariants(shop)


async def test_a_bad_row_makes_few_others_be_tried_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried, create = list[int](), upserts.create_products

    def counted(conn: Connection, made: Sequence[Any], **how: Any) -> list[str]:
        tried.append(len(made))
        return create(conn, made, **how)

    monkeypatch.setattr(upserts, "create_products", counted)
    await shop.product(slug="taken")
    rows = [new(f"A-{n}") for n in range(32)]
    rows[20]["slug"] = "taken"
    job = await done(shop, lines(*rows))
    assert (job["counts"]["created"], job["counts"]["failed"]) == (31, 1)
    assert sum(tried) <= 3 * 32 and len(tried) <= 12
