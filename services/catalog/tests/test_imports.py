"""Imports in the background, and taking them back."""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import Connection

from catalog import import_steps
from catalog.import_files import ImportFiles
from catalog.import_pace import Pace
from catalog.import_worker import ImportArchive, Importer
from catalog.repository import products
from catalog.repository.imports import UNFINISHED

from .conftest import Shop
from .invariants import check_invariants
from .test_bulk import new

pytestmark = pytest.mark.anyio
NDJSON = {"Content-Type": "application/x-ndjson"}


def lines(*rows: Any) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


async def begin(shop: Shop, content: bytes, key: str = "", **params: str) -> Any:
    headers = NDJSON | ({"Idempotency-Key": key} if key else {})
    return await shop.staff("POST", "/api/imports", content=content, headers=headers, params=params)


async def ended(shop: Shop, answer: Any) -> dict[str, Any]:
    """The import that an answer tells of, once it has ended."""
    assert answer.status_code == 202, answer.text
    for _ in range(400):
        found = (await shop.staff("GET", answer.headers["Location"])).json()
        if found["state"] not in UNFINISHED:
            return dict(found)
        await asyncio.sleep(0.05)
    raise AssertionError(found)


async def done(shop: Shop, content: bytes, **params: str) -> dict[str, Any]:
    return await ended(shop, await begin(shop, content, **params))


async def errors(shop: Shop, job: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await shop.staff("GET", f"/api/imports/{job['id']}/errors")
    assert answer.headers["Content-Type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in answer.text.splitlines()]


async def undone(shop: Shop, job: dict[str, Any]) -> dict[str, Any]:
    return await ended(shop, await shop.staff("POST", f"/api/imports/{job['id']}/undo"))


async def everything(shop: Shop) -> list[Any]:
    """The catalog as it is sold, whatever its versions and dates."""
    products = (await shop.staff("GET", "/api/products?status=any&limit=100")).json()["items"]
    for product in products:
        del product["version"], product["updated_at"]
    tree = (await shop.guest.get("/api/categories")).json()["items"]
    groups = (await shop.guest.get("/api/product-groups")).json()["items"]
    indexed = await shop.query("SELECT count(*) FROM product_search")
    filed = await shop.query(
        "SELECT category_id, product_seq FROM product_categories ORDER BY 2, 1"
    )
    return [products, tree, groups, indexed, filed]


async def test_every_row_has_its_effect_and_what_failed_is_told(shop: Shop) -> None:
    await shop.product(sku="old", name="Old")
    await shop.product(sku="same")
    content = lines(
        new("A", stock=3, categories=["Lamps > Red"]),
        {"sku": "old", "name": "New"},
        {"sku": "bad", "name": "no price"},
    )
    content += b'\n   \n{"sku": "same"}\n{no json\n{"sku": "x", "sku": "y"}\n[]'
    answer = await begin(shop, content, create_categories="true")
    assert answer.json()["state"] == "queued" and answer.json()["rows"] == {"done": 0, "total": 7}
    job = await ended(shop, answer)
    assert (job["state"], job["rows"]) == ("done", {"done": 7, "total": 7})
    counts = {"created": 1, "updated": 1, "unchanged": 1, "deleted": 0, "failed": 4}
    assert job["counts"] == counts and job["finished_at"] is not None
    told = [(one["row"], one["sku"], one["errors"][0]["code"]) for one in await errors(shop, job)]
    assert told == [
        (3, "bad", "missing"),
        (7, None, "invalid_json"),
        (8, None, "duplicate_key"),
        (9, None, "model_type"),
    ]
    assert [one["sku"] for one in await shop.listed(category="red")] == ["A"]
    assert (await shop.listed(q="new"))[0]["sku"] == "old"
    audited = await shop.query(
        "SELECT object_id, action FROM audit_log WHERE action LIKE 'import%'"
    )
    assert [(str(id_), action) for id_, action in audited] == [(job["id"], "import.import")]
    by_row = "SELECT count(*) FROM audit_log WHERE action LIKE 'product.%'"
    assert await shop.query(by_row) == [(2,)]
    listed = (await shop.staff("GET", "/api/imports")).json()
    assert listed == {"items": [job], "next_cursor": None}
    await check_invariants(shop)


async def test_an_undo_gives_back_what_was(shop: Shop) -> None:
    lamps = await shop.category("Lamps")
    group = await shop.group(slug="shirt", name="Shirt")
    await shop.product(sku="A", name="Ay", slug="ay", category_ids=[lamps["id"]], stock=4)
    await shop.product(sku="B", name="Be", slug="be", group_id=group["id"], options={"size": "S"})
    before = await everything(shop)
    job = await done(
        shop,
        lines(
            {"sku": "A", "slug": "cy", "name": "See", "categories": ["Lamps > Red"]},
            {"sku": "B", "slug": "ay", "group": None, "attributes": {"x": 1}},
            new("C", slug="be", stock=7, group={"slug": "coat", "options": {"size": "S"}}),
            {"sku": "C", "name": "See again", "categories": ["Toys"]},
            new("D", group={"slug": "shirt", "options": {"size": "S"}}),
        ),
        create_categories="true",
    )
    assert job["counts"]["failed"] == 0 and await everything(shop) != before
    back = await undone(shop, job)
    counts = {"created": 0, "updated": 2, "unchanged": 0, "deleted": 5, "failed": 0}
    assert (back["kind"], back["undo_of"], back["counts"]) == ("undo", job["id"], counts)
    assert await everything(shop) == before
    assert back["rows"] == {"done": 7, "total": 7}
    again = await shop.staff("POST", f"/api/imports/{job['id']}/undo")
    assert (again.status_code, again.json()["code"]) == (409, "import_not_undoable")
    actions = await shop.query(
        "SELECT action FROM audit_log WHERE action LIKE 'import%' ORDER BY id"
    )
    assert actions == [("import.import",), ("import.undo",)]
    await check_invariants(shop)


async def test_what_somebody_changed_since_is_left_and_reported(shop: Shop) -> None:
    old = await shop.product(sku="A", name="Old")
    rows = lines({"sku": "A", "name": "Imported"}, new("B"), new("C", categories=["Toys"]))
    job = await done(shop, rows, create_categories="true")
    by_sku = {one["sku"]: one for one in await shop.listed()}
    for sku in ("A", "B"):
        path = f"/api/products/{by_sku[sku]['id']}"
        assert (await shop.staff("PATCH", path, json={"description": "Mine"})).status_code == 200
    (toys,) = by_sku["C"]["category_ids"]
    await shop.product(sku="D", category_ids=[toys])
    back = await undone(shop, job)
    assert back["counts"] | {"unchanged": 0} == {
        "created": 0, "updated": 0, "unchanged": 0, "deleted": 1, "failed": 3,
    }  # fmt: skip
    assert {one["name"] for one in await shop.listed()} == {"Imported", "Thing B", "Thing"}
    told = [(one["row"], one["sku"], one["errors"][0]["code"]) for one in await errors(shop, back)]
    assert told == [(1, "A", "changed_since"), (2, None, "changed_since")]
    assert (await shop.guest.get(f"/api/products/{old['id']}")).json()["description"] == "Mine"


async def test_one_key_begins_one_import(shop: Shop) -> None:
    first = await begin(shop, lines(new("A")), "key")
    again = await begin(shop, lines(new("A")), "key")
    assert again.json() == first.json() and again.headers["Idempotent-Replayed"] == "true"
    other = await begin(shop, lines(new("B")), "key")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    await ended(shop, first)
    folder = shop.tokens.folder / "files" / "imports"
    assert [path.stem for path in folder.iterdir()] == [first.json()["id"]]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "validation_error"),
        (b"\n  \n", 422, "validation_error"),
        (b"x" * 300_000, 422, "validation_error"),
    ],
)
async def test_no_file_of_rows_begins_nothing(
    shop: Shop, content: bytes, status: int, code: str
) -> None:
    answer = await begin(shop, content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await shop.staff("GET", "/api/imports")).json()["items"] == []
    assert list((shop.tokens.folder / "files" / "imports").iterdir()) == []


async def test_a_file_that_is_too_large_or_of_another_kind_is_refused(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, row = "/api/imports", lines(new("A"))
    answer = await shop.staff("POST", path, content=row, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 415
    monkeypatch.setattr("catalog.import_files.MOST_BYTES", 10)
    assert (await begin(shop, row)).status_code == 413


async def test_a_cancelled_import_stops_and_can_be_undone(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.import_pace.PAUSE_SECONDS", 0.2)
    answer = await begin(shop, lines(*(new(f"A-{n}") for n in range(3000))))
    path = answer.headers["Location"]
    while (await shop.staff("GET", path)).json()["rows"]["done"] == 0:
        await asyncio.sleep(0.02)
    early = await shop.staff("POST", f"{path}/undo")
    assert (early.status_code, early.json()["code"]) == (409, "import_not_undoable")
    cancelled = (await shop.staff("POST", f"{path}/cancel")).json()
    assert cancelled["state"] == "cancelled" and 0 < cancelled["rows"]["done"] < 3000
    assert (await shop.staff("POST", f"{path}/cancel")).json() == cancelled
    await asyncio.sleep(0.5)
    assert (await shop.staff("GET", path)).json() == cancelled
    assert await shop.query("SELECT count(*) FROM products") == [(cancelled["rows"]["done"],)]
    monkeypatch.undo()
    back = await undone(shop, cancelled)
    assert back["counts"]["deleted"] == cancelled["rows"]["done"]
    assert await shop.listed() == []
    refused = await shop.staff("POST", f"/api/imports/{back['id']}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "import_finished")


async def test_a_row_that_breaks_the_service_stops_no_other(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert, remove = products.insert_products, import_steps.remove_product

    def breaks(conn: Connection, values: list[dict[str, Any]], **how: Any) -> dict[str, int]:
        made = insert(conn, values, **how)
        if any(one["sku"] == "A-7" for one in values):
            conn.exec_driver_sql("SELECT nonsense")
        return made

    monkeypatch.setattr(products, "insert_products", breaks)
    job = await done(shop, lines(*(new(f"A-{n}", stock=1) for n in range(10))))
    assert (job["counts"]["created"], job["counts"]["failed"]) == (9, 1)
    (told,) = await errors(shop, job)
    assert (told["row"], told["sku"], told["errors"][0]["code"]) == (8, "A-7", "internal_error")

    def breaks_too(conn: Connection, row: dict[str, Any], **more: Any) -> None:
        remove(conn, row, **more)
        if row["sku"] == "A-3":
            conn.exec_driver_sql("SELECT nonsense")

    monkeypatch.setattr(import_steps, "remove_product", breaks_too)
    back = await undone(shop, job)
    assert (back["counts"]["deleted"], back["counts"]["failed"]) == (8, 1)
    assert [one["sku"] for one in await shop.listed()] == ["A-3"]
    await check_invariants(shop)


async def test_an_import_waits_for_a_copy_that_has_its_file(shop: Shop) -> None:
    answer = await begin(shop, lines(new("A")))
    elsewhere = ImportFiles(shop.tokens.folder / "another machine")
    await Importer(shop.database, shop.clock, elsewhere, Pace()).drain()
    assert (await shop.staff("GET", answer.headers["Location"])).json()["state"] == "queued"
    assert (await ended(shop, answer))["state"] == "done"


async def test_files_and_what_was_before_are_forgotten_after_30_days(shop: Shop) -> None:
    job = await done(shop, lines(new("A"), {"sku": "bad"}))
    files = ImportFiles(shop.tokens.folder / "files")
    archive = ImportArchive(shop.database, shop.clock, files)
    shop.clock.advance(days=29)
    assert await archive.drain() == 0 and files.has(job["id"])
    shop.clock.advance(days=1, seconds=1)
    assert await archive.drain() == 1 and not files.has(job["id"])
    assert (await shop.staff("GET", f"/api/imports/{job['id']}")).json()["forgotten"] is True
    assert await errors(shop, job) == []
    late = await shop.staff("POST", f"/api/imports/{job['id']}/undo")
    assert (late.status_code, late.json()["code"]) == (409, "import_not_undoable")
    assert [one["sku"] for one in await shop.listed()] == ["A"]
