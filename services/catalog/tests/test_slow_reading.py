"""What may take long is read by a process of its own, whose end nobody notices."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import pytest
from httpx2 import Response

from catalog.slow_link import Frames, frame
from catalog.slow_reading import _COMMAND, ASKED_AHEAD, SlowReading
from shopkit.testing import TestDatabases

from .conftest import Shop

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("anyio_backend", [("asyncio", {"use_uvloop": True})]),
]
SEARCH = {"q": "lamp"}


def readers() -> list[int]:
    """The processes of ours that read."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [one for one in map(int, children) if b"slow_reader" in _command(one)]


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def slow(shop: Shop) -> SlowReading:
    found: SlowReading = shop.service.public.state.context.slow
    return found


async def search(shop: Shop, **params: str) -> Response:
    return await shop.guest.get("/api/products", params=SEARCH | params)


async def ready(shop: Shop, number: int, than: int | None = None) -> list[int]:
    """So many processes, where many ask; without the one that is to end."""
    async with asyncio.timeout(30):
        while len(slow(shop)._readers) < number or than in readers():
            await asyncio.gather(search(shop), search(shop))
            await asyncio.sleep(0.02)
    return readers()


@pytest.fixture
async def reader(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> int:
    """Its process's id, when it is asked."""
    if shop.database.dialect != "sqlite":
        pytest.skip("about SQLite itself")
    monkeypatch.setattr("catalog.slow_reading.AGAIN_SECONDS", 0.1)
    (found,) = await ready(shop, 1)
    return found


async def test_one_search_at_a_time_takes_no_process(shop: Shop) -> None:
    for _ in range(3):
        assert (await search(shop)).status_code == 200
    await asyncio.sleep(0.1)
    assert readers() == []


async def test_where_there_is_a_line_another_one_helps_but_while_somebody_orders(
    shop: Shop, reader: int
) -> None:
    thing = await shop.product(name="Lamp", stock=100)
    for _ in range(2):
        os.kill(reader, signal.SIGSTOP)
        asked = [asyncio.create_task(search(shop)) for _ in range(8)]
        await ready(shop, 2)
        async with asyncio.timeout(30):
            while sum(task.done() for task in asked) < 8 - ASKED_AHEAD:
                await asyncio.sleep(0.02)
        os.kill(reader, signal.SIGCONT)
        assert {(await task).status_code for task in asked} == {200}
    assert (await shop.reserve((thing, 1))).status_code == 200
    second = slow(shop)._readers[1]
    asked = [asyncio.create_task(search(shop)) for _ in range(8)]
    while not any(task.done() for task in asked):
        assert not second.asked
        await asyncio.sleep(0)
    assert {(await task).status_code for task in asked} == {200}


async def test_it_reads_what_was_written_just_now_as_the_service_itself_does(
    shop: Shop, reader: int
) -> None:
    paths = ("/api/products?q=lamp", "/api/products/facets?q=lamp", "/api/products/suggest?q=la")
    await shop.product(name="Lamp", stock=2)
    there = [(await shop.guest.get(path)).content for path in paths]
    os.kill(reader, signal.SIGKILL)
    shop.service.public.state.context.facets._known.clear()
    assert [(await shop.guest.get(path)).content for path in paths] == there
    await ready(shop, 1, than=reader)
    await shop.product(name="Lamp, green")
    assert len((await search(shop)).json()["items"]) == 2


async def test_synonyms_count_from_one_question_on_for_all_who_read(
    shop: Shop, reader: int
) -> None:
    await shop.product(name="Lamp")
    found = []
    for number in range(40):
        found.append(bool((await search(shop, q="torch")).json()["items"]))
        if number == 5:
            body = {"terms": ["lamp", "torch"]}
            made = await shop.staff("POST", "/api/search/synonyms", json=body)
            assert made.status_code == 201, made.text
        elif number == 9:
            await shop.learn()
    assert found == [False] * 10 + [True] * 30


@pytest.mark.parametrize(
    "path", ["/api/products?q=lamp", "/api/products/facets?q=lamp", "/api/products/suggest?q=la"]
)
async def test_it_is_the_process_that_reads(shop: Shop, reader: int, path: str) -> None:
    os.kill(reader, signal.SIGSTOP)
    waiting = asyncio.create_task(shop.guest.get(path))
    assert (await shop.guest.get("/api/products")).status_code == 200
    await asyncio.sleep(0.1)
    assert not waiting.done()
    os.kill(reader, signal.SIGCONT)
    assert (await waiting).status_code == 200


async def test_what_it_refuses_is_refused_to_whoever_asked(shop: Shop, reader: int) -> None:
    refused = await search(shop, cursor="x")
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_cursor")
    unknown = await search(shop, **{"attr.nothing": "x"})
    assert unknown.status_code == 422 and unknown.json()["errors"][0]["pointer"] == "?attr.nothing"
    assert readers() == [reader]


async def test_who_asks_before_its_end_is_known_is_answered_too(shop: Shop, reader: int) -> None:
    ended = asyncio.Event()
    slow(shop)._readers[0].connection_lost = lambda _: ended.set()  # type: ignore[method-assign]
    os.kill(reader, signal.SIGKILL)
    async with asyncio.timeout(20):
        await ended.wait()
        assert (await search(shop)).status_code == 200


async def test_when_it_is_killed_everybody_is_answered_and_another_one_comes(
    shop: Shop, reader: int
) -> None:
    await shop.product(name="Lamp")
    os.kill(reader, signal.SIGSTOP)
    asked = [asyncio.create_task(search(shop)) for _ in range(8)]
    await asyncio.sleep(0.05)
    os.kill(reader, signal.SIGKILL)
    for answer in await asyncio.gather(*asked):
        assert [one["name"] for one in answer.json()["items"]] == ["Lamp"]
    assert await ready(shop, 1, than=reader) != [reader]
    assert len((await search(shop)).json()["items"]) == 1


async def test_one_that_hangs_is_given_up(
    shop: Shop, reader: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.slow_link.PATIENCE_SECONDS", 0.2)
    slow(shop)._readers[0].ended.set()
    await ready(shop, 1, than=reader)
    (second,) = readers()
    os.kill(second, signal.SIGSTOP)
    async with asyncio.timeout(20):
        assert (await search(shop)).status_code == 200
    assert await ready(shop, 1, than=second) != [second]


async def test_one_that_nobody_asks_ends(
    shop: Shop, reader: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.slow_link.IDLE_SECONDS", 0.2)
    slow(shop)._readers[0].ended.set()
    (second,) = await ready(shop, 1, than=reader)
    async with asyncio.timeout(20):
        while readers():
            await asyncio.sleep(0.02)
    assert (await search(shop)).status_code == 200
    assert await ready(shop, 1) != [second]


@pytest.mark.parametrize(
    "command",
    [
        ("/nowhere/python",),
        (sys.executable, "-c", "exit(1)"),
        (sys.executable, "-c", "import time; time.sleep(60)"),
    ],
    ids=["nowhere", "ends", "hangs"],
)
async def test_one_that_does_not_start_leaves_the_other_where_it_is(
    shop: Shop, reader: int, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setattr("catalog.slow_reading.START_SECONDS", 0.2)
    with monkeypatch.context() as now:
        now.setattr("catalog.slow_reading._COMMAND", command)
        os.kill(reader, signal.SIGSTOP)
        asked = [asyncio.create_task(search(shop)) for _ in range(8)]
        await asyncio.sleep(0.5)
        os.kill(reader, signal.SIGCONT)
        assert {(await task).status_code for task in asked} == {200}
        assert readers() == [reader]
    monkeypatch.setattr("catalog.slow_reading.START_SECONDS", 30.0)
    os.kill(reader, signal.SIGKILL)
    assert await ready(shop, 1, than=reader) != [reader]


async def test_it_ends_when_the_service_is_killed_and_leaves_the_log_to_the_next(
    databases: TestDatabases, migrations: Path
) -> None:
    url = databases.fresh(migrations)
    if not url.startswith("sqlite"):
        pytest.skip("about SQLite itself")
    ours, theirs = socket.socketpair()
    process = await asyncio.create_subprocess_exec(
        *_COMMAND, str(theirs.fileno()), url, pass_fds=(theirs.fileno(),)
    )
    theirs.close()
    assert await asyncio.to_thread(ours.recv, 100) == frame(b"")
    for number in (signal.SIGINT, signal.SIGTERM):  # to all processes at once
        process.send_signal(number)
    await asyncio.sleep(0.1)
    assert process.returncode is None
    ours.close()  # as the kernel does
    async with asyncio.timeout(20):
        assert await process.wait() == 0
    assert Path(f"{url.removeprefix('sqlite:///')}-wal").exists()


async def test_it_ends_with_the_service(shop: Shop, reader: int) -> None:
    background = [one for one in asyncio.all_tasks() if "_keep_running" in repr(one)]
    for task in background:
        task.cancel()
    await asyncio.gather(*background, return_exceptions=True)
    assert readers() == []


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
async def test_messages_come_as_they_were_sent_however_the_stream_is_cut(size: int) -> None:
    sent = [(b"", False), (b"x" * 300, True), (b"yes", False)]
    stream = b"".join(frame(content, failed=failed) for content, failed in sent)
    frames = Frames()
    parts = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert [message for part in parts for message in frames.received(part)] == sent
