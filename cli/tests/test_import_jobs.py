"""Imports that the real catalog does by itself, and exports, with an unreliable network."""

import json
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

from shopcli import import_jobs
from shopcli.csv_file import read_sheet
from shopcli.errors import ApiProblem
from shopcli.import_jobs import ImportJobs, upserts
from shopcli.shopify_csv import listings_of
from shopcli.shopify_variants import Reading

from .conftest import ReadFile, Shop

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_jobs, "EVERY", 0.02)


def written(path: Path, lines: list[tuple[int, bytes]]) -> tuple[Path, list[int]]:
    path.write_bytes(b"".join(line for _, line in lines))
    return path, [row for row, _ in lines]


async def run(shop: Shop, file: Path) -> Any:
    jobs = ImportJobs(shop.client())
    return await jobs.follow(await jobs.begin(file), lambda _: None)


async def test_a_csv_as_a_job_is_what_it_is_one_by_one(
    shop: Shop, read: ReadFile, tmp_path: Path
) -> None:
    listings = read("variants.csv")
    file, _ = written(tmp_path / "x.ndjson", list(upserts(listings)))
    job = await run(shop, file)
    assert (job["counts"]["created"], job["counts"]["failed"]) == (5, 0)
    groups = [group["slug"] for group in await shop.groups()]
    paths = await shop.category_paths()
    assert groups == ["wool-scarf"]
    assert paths == [("Clothing",), ("Clothing", "Scarves"), ("Kitchen",)]
    shop.gateway.calls.clear()
    assert {one.result for one in await shop.load(listings)} == {"unchanged"}
    assert {call.split()[0] for call in shop.gateway.calls} == {"GET"}
    assert (await run(shop, file))["counts"]["unchanged"] == 5


async def test_failures_name_the_row_of_the_csv(shop: Shop, tmp_path: Path) -> None:
    text = "Handle,Title,Variant SKU,Variant Price\n,,,\na,Ay,A,1\n\nb,Be,B,2\nc,Ce,C,3\n"
    listings, _ = listings_of(read_sheet(text.encode()), Reading("XXX"))
    file, rows = written(tmp_path / "x.ndjson", list(upserts(listings)))
    jobs = ImportJobs(shop.client())
    job = await jobs.follow(await jobs.begin(file), lambda _: None)
    failures = await jobs.failures(job, rows)
    assert [one.row for one in failures] == [3, 5, 6]
    assert failures[0].column == "SKU A" and "price.currency" in failures[0].reason
    assert await shop.products() == {}


async def test_lost_answers_begin_one_import_and_break_no_download(
    shop: Shop, read: ReadFile, tmp_path: Path
) -> None:
    file, _ = written(tmp_path / "x.ndjson", list(upserts(read("variants.csv"))))
    shop.gateway.faults = chain(["lose", "late", "lose"], repeat("pass"))
    jobs = ImportJobs(shop.client())
    job = await jobs.follow(await jobs.begin(file), lambda _: None)
    listed = await shop.client().get("/api/imports")
    assert [one["id"] for one in listed["items"]] == [job["id"]]
    shop.gateway.faults = chain(["lose", "late"], repeat("pass"))
    with (tmp_path / "all.ndjson").open("w+b") as into:
        await shop.client().download("/api/products/export", {"format": "ndjson"}, into)
        into.seek(0)
        skus = {json.loads(line)["sku"] for line in into}
    assert skus == set(await shop.products())
    undone = await jobs.follow(await jobs.undo(job["id"]), lambda _: None)
    assert undone["counts"]["deleted"] == 5 + 1 + 3
    assert await shop.products() == {} and await shop.category_paths() == []
    with pytest.raises(ApiProblem, match="import_not_undoable"):
        await jobs.undo(job["id"])


async def test_an_exported_csv_is_read_as_it_was(shop: Shop, tmp_path: Path) -> None:
    body = {"sku": "-x", "name": "=1+1", "price": {"amount": 1999, "currency": "USD"}, "stock": 3}
    more = {"description": "@all\n\nYes", "attributes": {"vendor": "+1", "tags": ["a", "b"]}}
    await shop.client().post("/api/products", body | more)
    with (tmp_path / "all.csv").open("w+b") as into:
        await shop.client().download("/api/products/export", {"format": "csv"}, into)
    data = (tmp_path / "all.csv").read_bytes()
    assert b",=1+1" not in data
    listings, remarks = listings_of(read_sheet(data), Reading())
    assert remarks == []
    assert {one.result for one in await shop.load(listings)} == {"unchanged"}
