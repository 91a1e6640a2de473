"""Rows that name much, and imports that break: neither keeps others waiting."""

from typing import Any

import pytest
from sqlalchemy import Connection

from catalog import category_ways, domain, import_steps, upsert_places
from catalog.import_files import ImportFiles, Slice
from catalog.repository.imports import UNFINISHED
from catalog.upsert_rows import Applied, Row
from catalog.upserts import Upserter
from shopkit.errors import Unavailable

from .conftest import Shop
from .invariants import check_invariants
from .test_bulk import new, results, send, statuses
from .test_imports import begin, done, ended, errors, lines, undone

pytestmark = pytest.mark.anyio


def ways(row: int, count: int, levels: int) -> list[str]:
    below = [f"l{level}" for level in range(2, levels + 1)]
    return [" > ".join([f"way {row} {n}", *below]) for n in range(count)]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How large the tree was whenever all of it was read."""
    found, read = list[int](), category_ways.names_of_tree

    def seen(conn: Connection) -> list[Any]:
        tree = read(conn)
        found.append(len(tree))
        return tree

    monkeypatch.setattr(category_ways, "names_of_tree", seen)
    return found


@pytest.fixture
def made_at_once(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Rows that were done in one transaction, and categories that were made in it."""
    found, apply = list[tuple[int, int]](), Upserter.apply

    def seen(upserter: Upserter, given: list[Row]) -> Applied:
        applied = apply(upserter, given)
        found.append((len(given), len(applied.made)))
        return applied

    monkeypatch.setattr(Upserter, "apply", seen)
    return found


async def test_an_undo_ends_though_much_of_a_row_is_left(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.import_pace._ROWS", range(4, 8))
    rows = [new(f"A-{n}", categories=ways(n, 3, 5)) for n in range(2)]
    job = await done(shop, lines(*rows), create_categories="true")
    for n, one in enumerate(await shop.listed()):
        await shop.product(sku=f"other-{n}", category_ids=one["category_ids"])
    back = await undone(shop, job)
    assert (back["state"], back["counts"]["deleted"], back["counts"]["failed"]) == ("done", 2, 30)
    told = await errors(shop, back)
    assert {one["errors"][0]["code"] for one in told} == {"in_use"}
    assert len({one["row"] for one in told}) == len(told)
    assert (await done(shop, lines(new("later"))))["counts"]["created"] == 1
    await check_invariants(shop)


@pytest.mark.parametrize("trouble", [RuntimeError("Strange."), Unavailable("It took too long.")])
async def test_an_import_that_breaks_stops_no_other(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    read = ImportFiles.read

    def breaks(files: ImportFiles, id: str, **how: int) -> Slice:
        if b"poison" in files.path(id).read_bytes():
            raise trouble
        return read(files, id, **how)

    monkeypatch.setattr(ImportFiles, "read", breaks)
    broken = await begin(shop, lines(new("poison")))
    assert (await done(shop, lines(new("later"))))["counts"]["created"] == 1
    assert (await shop.staff("GET", broken.headers["Location"])).json()["state"] in UNFINISHED
    monkeypatch.undo()
    assert (await ended(shop, broken))["counts"]["created"] == 1


async def test_a_file_that_became_shorter_stops_no_other(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = ImportFiles.read

    def cut(files: ImportFiles, id: str, **how: int) -> Slice:
        path = files.path(id)
        if b"cut" in path.read_bytes():
            path.write_bytes(b"")
        return read(files, id, **how)

    monkeypatch.setattr(ImportFiles, "read", cut)
    short = await begin(shop, lines(new("cut")))
    assert (await done(shop, lines(new("later"))))["counts"]["created"] == 1
    cancelled = await shop.staff("POST", f"{short.headers['Location']}/cancel")
    assert cancelled.json()["state"] == "cancelled"


async def test_ways_that_are_too_deep_are_refused_before_anything_is_made(
    shop: Shop, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upsert_places, "make_category", None)
    rows = [new(f"A-{n}", categories=ways(n, 20, domain.MAX_DEPTH + 1)) for n in range(40)]
    found = await results(shop, rows, create_categories=True)
    assert {one["errors"][0]["code"] for one in found} == {"category_too_deep"}
    assert found[7]["errors"][0]["pointer"] == "/items/7/categories/0"
    job = await done(shop, lines(*rows), create_categories="true")
    assert job["counts"]["failed"] == 40
    assert len(reads) <= 4


async def test_a_full_tree_is_read_once(
    shop: Shop, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.category("One")
    monkeypatch.setattr(domain, "MAX_CATEGORIES", 3)
    rows = [new("fits", categories=["One > Two > Three"])]
    rows += [new(f"A-{n}", categories=["One", *ways(n, 5, 2)]) for n in range(39)]
    found = await results(shop, rows, create_categories=True)
    assert statuses(found) == ["created", *["failed"] * 39]
    assert found[1]["errors"][0]["pointer"] == "/items/1/categories/1"
    assert {one["errors"][0]["code"] for one in found[1:]} == {"too_many_categories"}
    assert len(reads) <= 2


async def test_a_transaction_makes_few_categories(
    shop: Shop, made_at_once: list[tuple[int, int]]
) -> None:
    rows = [new(f"A-{n}", categories=ways(n, 4, 5)) for n in range(12)]
    assert statuses(await results(shop, rows, create_categories=True)) == ["created"] * 12
    imported = [new(f"B-{n}", categories=ways(n + 20, 4, 5)) for n in range(12)]
    content = lines(*imported[:5]) + b"\n\n" + lines(*imported[5:], {"sku": "bad"})
    job = await done(shop, content, create_categories="true")
    assert (job["counts"]["created"], job["rows"]) == (12, {"done": 13, "total": 13})
    assert [one["row"] for one in await errors(shop, job)] == [15]
    assert sum(made for _, made in made_at_once) == 2 * 12 * 20
    assert all(made <= upsert_places.MOST_MADE for _, made in made_at_once)
    many = [new(f"C-{n}", categories=ways(n, 4, 5)) for n in range(12)]
    made_at_once.clear()
    await results(shop, many, create_categories=True)
    assert made_at_once == [(12, 0)]  # what is there already costs nothing
    await check_invariants(shop)


async def test_a_repetition_is_cut_where_the_first_request_was(shop: Shop) -> None:
    rows = [new(f"A-{n}", categories=ways(n, 4, 5)) for n in range(12)]
    first = await send(shop, rows, "key", create_categories=True)
    again = await send(shop, rows, "key", create_categories=True)
    assert again.json() == first.json() and len(again.json()["items"]) == 12
    assert again.headers["Idempotent-Replayed"] == "true"


async def test_b4_an_undo_of_categories_needs_their_scope(shop: Shop) -> None:
    job = await done(shop, lines(new("A", categories=["Toys"])), create_categories="true")
    plain = await done(shop, lines(new("B")))
    key = {"Authorization": shop.tokens.user(scopes=["products:read", "products:write"])}
    refused = await shop.guest.post(f"/api/imports/{job['id']}/undo", headers=key)
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
    assert refused.json()["required_scope"] == "categories:write"
    assert len((await shop.guest.get("/api/categories")).json()["items"]) == 1
    allowed = await shop.guest.post(f"/api/imports/{plain['id']}/undo", headers=key)
    assert (await ended(shop, allowed))["counts"]["deleted"] == 1
    assert (await undone(shop, job))["counts"]["deleted"] == 2


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "options that are none": ({"group": {"slug": "a", "options": {}}}, "/group/options"),
    "options of one name": (
        {"group": {"slug": "a", "options": {"a": "1", "A": "2"}}},
        "/group/options",
    ),
    "options of one name, no group": ({"options": {"a": "1", "A": "2"}}, "/options"),
    "a way of very many levels": ({"categories": [">".join("x" * 1000)]}, "/categories/0"),
    "a bell": ({"categories": ["Toys", "\u0007bell > x"]}, "/categories/1"),
    "text that turns around": ({"categories": ["Toys > \u202ex"]}, "/categories/0"),
}


@pytest.mark.parametrize("name", BAD)
async def test_what_nothing_can_be_made_of_fails_its_row(shop: Shop, name: str) -> None:
    wrong, pointer = BAD[name]
    rows = [new("A"), new("B", **wrong), new("C")]
    found = await results(shop, rows, create_categories=True)
    assert statuses(found) == ["created", "failed", "created"]
    assert [one["pointer"] for one in found[1]["errors"]] == [f"/items/1{pointer}"]
    job = await done(shop, lines(*rows), create_categories="true")
    (told,) = await errors(shop, job)
    assert [one["pointer"] for one in told["errors"]] == [pointer]
    assert told["errors"][0]["code"] != "internal_error"


async def test_a_way_of_very_many_levels_is_refused_before_they_are_counted(shop: Shop) -> None:
    (found,) = await results(shop, [new("A", categories=[">".join("x" * 1000)])])
    assert "a way may have 24 of `>`" in found["errors"][0]["detail"]


@pytest.mark.parametrize("name", ["x" * 250, "Cafe\u0301"])
async def test_a_way_leads_to_what_was_made_of_it(shop: Shop, name: str) -> None:
    for sku in "AB":
        assert (await send(shop, [new(sku, categories=[name])], create_categories=True)).is_success
        await shop.category(f"Another {sku}")  # the tree is read anew
    assert len((await shop.guest.get("/api/categories")).json()["items"]) == 3


async def test_one_value_has_one_error(shop: Shop) -> None:
    (found,) = await results(shop, [new("A", attributes={"a": 1e308, "b": [1], "c": "\u202e"})])
    assert [one["pointer"] for one in found["errors"]] == [
        f"/items/0/attributes/{name}" for name in "abc"
    ]


async def test_so_many_errors_are_kept_and_all_are_counted(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_steps, "MOST_ERRORS", 45)
    job = await done(shop, lines(*({"sku": f"bad-{n}"} for n in range(500))))
    assert job["counts"]["failed"] == 500
    assert [one["row"] for one in await errors(shop, job)] == list(range(1, 46))


async def test_what_is_wrong_with_a_line_is_told_of_that_line(shop: Shop) -> None:
    job = await done(shop, lines(new("A"), new("B")) + b"no json\n")
    (told,) = await errors(shop, job)
    assert (told["row"], told["errors"][0]["detail"]) == (3, "Expecting value at column 1.")
    empty = await begin(shop, b"")
    assert empty.json()["errors"][0]["detail"].startswith("The file is empty")
