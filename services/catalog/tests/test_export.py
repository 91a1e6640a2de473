"""The whole catalog as a file, and back again."""

import csv
import io
import json
from typing import Any

import pytest

from catalog.shopify_rows import COLUMNS, harmless

from .conftest import Shop
from .test_bulk import results
from .test_imports import done, everything, lines

pytestmark = pytest.mark.anyio
PRICE = {"amount": 1999, "currency": "USD"}
IMAGES = [{"url": f"https://images.example.com/{n}.jpg", "alt": f"no {n}"} for n in range(3)]


async def exported(shop: Shop, format: str) -> str:
    answer = await shop.staff("GET", "/api/products/export", params={"format": format})
    assert answer.status_code == 200
    disposition = answer.headers["Content-Disposition"]
    assert disposition == f'attachment; filename="products.{format}"'
    return answer.text


async def fill(shop: Shop) -> None:
    rows: list[dict[str, Any]] = [
        {
            "sku": f"P-{n}", "name": f"Product {n}", "price": PRICE, "stock": n, "status": status,
            "compare_at_price": {"amount": 2999, "currency": "USD"}, "description": "<b>Soft</b>",
            "categories": ["Clothing > Shirts", "Sale"], "images": IMAGES[:n],
            "attributes": {"vendor": "Acme", "tags": ["a", "b"], "organic": True, "weight": 1.5},
        }
        for n, status in enumerate(["active", "draft", "archived"])
    ]  # fmt: skip
    rows += [
        {
            "sku": f"V-{size}", "name": f"Shirt {size}", "price": PRICE,
            "group": {"slug": "shirt", "name": "Shirt", "options": {"size": size}},
        }
        for size in "SML"
    ]  # fmt: skip
    rows.insert(4, {"sku": "between", "name": "Between", "price": PRICE, "categories": ["Sale"]})
    assert {one["status"] for one in await results(shop, rows, create_categories=True)} == {
        "created"
    }


def comparable(found: list[Any]) -> str:
    """Without what another shop gives anew."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items() if k not in ("id", "parent_id")}
        return [plain(one) for one in value] if isinstance(value, list) else value

    text = json.dumps(plain(found[:3]))
    for ids in found[0]:
        for id_ in ids["category_ids"]:
            text = text.replace(id_, "category")
    return text


async def test_an_export_changes_nothing_here_and_makes_the_same_elsewhere(shop: Shop) -> None:
    await fill(shop)
    content = (await exported(shop, "ndjson")).encode()
    assert len(content.splitlines()) == 7
    before = await everything(shop)
    again = await done(shop, content)
    assert again["counts"]["unchanged"] == 7
    assert await everything(shop) == before
    first = json.loads(content.splitlines()[0])
    assert first["categories"] == ["Clothing > Shirts", "Sale"]
    for product in (
        await shop.staff("GET", "/api/products?status=any&group=expand&limit=100")
    ).json()["items"]:
        await shop.staff("DELETE", f"/api/products/{product['id']}")
    for group in (await shop.guest.get("/api/product-groups")).json()["items"]:
        await shop.staff("DELETE", f"/api/product-groups/{group['id']}")
    for slug in ("shirts", "clothing", "sale"):
        id_ = (await shop.guest.get(f"/api/categories/{slug}")).json()["id"]
        assert (await shop.staff("DELETE", f"/api/categories/{id_}")).status_code == 204
    anew = await done(shop, content, create_categories="true")
    assert anew["counts"]["created"] == 7
    assert comparable(await everything(shop)) == comparable(before)


async def test_categories_that_share_their_way_are_told_apart(shop: Shop) -> None:
    for _ in range(2):
        await shop.category("Twin")
    await shop.category("A > B")
    rows = [{"sku": s, "name": s, "price": PRICE, "categories": [s]} for s in ("twin-2", "a-b")]
    assert [one["status"] for one in await results(shop, rows)] == ["created"] * 2
    content = (await exported(shop, "ndjson")).encode()
    assert [json.loads(line)["categories"] for line in content.splitlines()] == [
        ["twin-2"],
        ["a-b"],
    ]
    assert (await done(shop, content))["counts"]["unchanged"] == 2


async def test_the_csv_has_shopifys_columns_and_variants_together(shop: Shop) -> None:
    await fill(shop)
    header, *rows = list(csv.reader(io.StringIO(await exported(shop, "csv"))))
    assert header == list(COLUMNS)
    found = [dict(zip(header, row, strict=True)) for row in rows]
    handles = [row["Handle"] for row in found]
    assert handles == [
        "product-0",
        "product-1",
        "product-2",
        "product-2",
        *["shirt"] * 3,
        "between",
    ]
    second = found[2]
    assert {name: second[name] for name in ("Title", "Type", "Tags", "Vendor", "Status")} == {
        "Title": "Product 2", "Type": "Clothing > Shirts", "Tags": "a, b", "Vendor": "Acme",
        "Status": "archived",
    }  # fmt: skip
    assert (second["Variant Price"], second["Variant Compare At Price"]) == ("19.99", "29.99")
    assert (found[3]["Image Src"], found[3]["Variant Price"]) == (IMAGES[1]["url"], "")
    shirts = [(row["Title"], row["Option1 Name"], row["Option1 Value"]) for row in found[4:7]]
    assert shirts == [("Shirt", "size", "S"), ("", "size", "M"), ("", "size", "L")]


RUN = ["=cmd|' /C calc'!A0", "+1", "-1", "@x", "\tx", "\rx", "\nx", "'=1",
       *"\uff1d\uff0b\uff0d\uff20", "\ufeff=1", "\u00ad=1", "'\u200b@x"]  # fmt: skip


@pytest.mark.parametrize("cell", RUN)
def test_c12_what_a_spreadsheet_would_run_is_made_harmless(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


async def test_c12_no_cell_of_an_export_is_run(shop: Shop) -> None:
    await shop.product(name="=1+1", description="@SUM(A1)", sku="-2", attributes={"vendor": "+3"})
    _, row = list(csv.reader(io.StringIO(await exported(shop, "csv"))))
    assert [cell for cell in row if cell[:1] in set("=+-@\t\r")] == []
    assert {"'=1+1", "'@SUM(A1)", "'-2", "'+3"} <= set(row)
    assert harmless("it's 1") == "it's 1" and harmless("") == ""


async def test_an_empty_shop_has_an_empty_export(shop: Shop) -> None:
    assert await exported(shop, "ndjson") == ""
    assert len((await exported(shop, "csv")).splitlines()) == 1
    assert lines() == b""
