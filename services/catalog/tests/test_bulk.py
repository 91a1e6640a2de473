"""Many upserts in one request."""

from typing import Any

import pytest

from catalog.bulk import CHUNK
from catalog.repository import search
from shopkit.errors import Unavailable

from .conftest import Shop
from .invariants import check_invariants

pytestmark = pytest.mark.anyio
PRICE = {"amount": 1999, "currency": "USD"}


def new(sku: str, **fields: Any) -> dict[str, Any]:
    return {"sku": sku, "name": f"Thing {sku}", "price": PRICE} | fields


async def send(shop: Shop, items: list[Any], key: str | None = None, **more: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    body = {"items": items, **more}
    return await shop.staff("POST", "/api/products/bulk", json=body, headers=headers)


async def results(shop: Shop, items: list[Any], **more: Any) -> list[dict[str, Any]]:
    answer = await send(shop, items, **more)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def statuses(found: list[dict[str, Any]]) -> list[str]:
    return [one["status"] for one in found]


async def test_rows_make_and_change_products_like_single_requests(shop: Shop) -> None:
    items = [new(f"B-{n}", stock=n, name="Same name") for n in range(2 * CHUNK + 3)]
    found = await results(shop, items)
    assert statuses(found) == ["created"] * len(items)
    assert [one["index"] for one in found] == list(range(len(items)))
    slugs = set()
    for one, item in list(zip(found, items, strict=True))[::20]:
        product = (await shop.guest.get(f"/api/products/{one['id']}")).json()
        slugs.add(product["slug"])
        assert product["sku"] == item["sku"]
        assert product["stock"]["available"] == item["stock"]
    assert len(slugs) == len(items[::20])
    newest = await shop.listed(limit=2)
    assert [one["sku"] for one in newest] == [items[-1]["sku"], items[-2]["sku"]]
    assert len(await shop.listed(q="same name b-7")) == 11
    await check_invariants(shop)


async def test_a_row_changes_what_it_says_and_nothing_else(shop: Shop) -> None:
    category = await shop.category("Lamps")
    made = await shop.product(
        sku="Ab-1", name="Lamp", stock=5, category_ids=[category["id"]], attributes={"a": 1, "b": 2}
    )
    changed = {"sku": "Ab-1", "price": {"amount": 5, "currency": "USD"}, "attributes": {"a": None}}
    (one,) = await results(shop, [changed])
    assert (one["status"], one["id"], one["errors"]) == ("updated", made["id"], [])
    product = (await shop.guest.get(f"/api/products/{made['id']}")).json()
    assert product["price"]["amount"] == 5 and product["attributes"] == {"b": 2}
    same = ("name", "slug", "category_ids", "stock")
    assert [product[name] for name in same] == [made[name] for name in same]
    again = await results(shop, [changed, {"sku": "Ab-1"}])
    assert statuses(again) == ["unchanged", "unchanged"]
    (other_case,) = await results(shop, [{"sku": "AB-1"}])
    assert (other_case["status"], other_case["id"]) == ("updated", made["id"])


async def test_stock_is_that_of_products_that_are_made(shop: Shop) -> None:
    made = await shop.product(sku="A", stock=5)
    first, second = await results(shop, [{"sku": "A", "stock": 9}, new("B", stock=9)])
    assert (first["status"], first["warnings"][0]["code"]) == ("unchanged", "stock_left_alone")
    assert first["warnings"][0]["pointer"] == "/items/0/stock"
    assert (second["status"], second["warnings"]) == ("created", [])
    assert (await shop.stock(made["id"]))["on_hand"] == 5
    await check_invariants(shop)


async def test_bad_rows_are_told_and_stop_no_other(shop: Shop) -> None:
    await shop.product(sku="taken", slug="taken")
    items = [
        new("good-1"),
        new("bad-price", price={"amount": -1, "currency": "USD"}),
        {"sku": "no-name", "price": PRICE},
        new("bad-slug", slug="taken"),
        new("no-category", categories=["Nowhere > At All"]),
        new("no-group", group_id="01900000-0000-7000-8000-000000000000", options={"a": "b"}),
        "no object",
        {"name": "no sku", "price": PRICE},
        new("twice", category_ids=[], categories=[]),
        new("good-2"),
    ]
    found = await results(shop, items)
    assert statuses(found) == ["created", *["failed"] * 8, "created"]
    told = [(one["errors"][0]["pointer"], one["errors"][0]["code"]) for one in found[1:-1]]
    assert told == [
        ("/items/1/price/amount", "greater_than_equal"),
        ("/items/2/name", "missing"),
        ("/items/3/slug", "slug_taken"),
        ("/items/4/categories/0", "not_found"),
        ("/items/5/group_id", "not_found"),
        ("/items/6", "model_type"),
        ("/items/7/sku", "missing"),
        ("/items/8", "said_twice"),
    ]
    assert [one["sku"] for one in found[5:8]] == ["no-group", None, None]
    assert {one["sku"] for one in await shop.listed()} == {"taken", "good-1", "good-2"}
    await check_invariants(shop)


async def test_rows_of_one_sku_are_done_one_after_the_other(shop: Shop) -> None:
    rows = [new("A", stock=1), {"sku": "a", "name": "Second"}, new("A", name="Third", stock=7)]
    found = await results(shop, rows)
    assert statuses(found) == ["created", "updated", "updated"]
    assert len({one["id"] for one in found}) == 1
    (product,) = await shop.listed()
    assert (product["name"], product["sku"], product["stock"]["available"]) == ("Third", "A", 1)


async def test_categories_are_named_in_any_way_and_made_when_asked(shop: Shop) -> None:
    clothing = await shop.category("Clothing")
    shirts = await shop.category("Shirts", clothing["id"])
    names = [clothing["id"], "shirts", " clothing >  SHIRTS ", "Clothing"]
    items = [new(f"A-{n}", categories=[name]) for n, name in enumerate(names)]
    found = await results(shop, items)
    assert statuses(found) == ["created"] * 4
    filed = [p["category_ids"] for p in reversed(await shop.listed())]
    assert filed == [[clothing["id"]], [shirts["id"]], [shirts["id"]], [clothing["id"]]]
    new_ways = ["Clothing > Hats > Warm", "clothing > hats", "Toys"]
    rows = [new("N-1", categories=new_ways), new("N-2", categories=[" > ".join("x" * 13)])]
    assert statuses(await results(shop, rows)) == ["failed", "failed"]
    made = await results(shop, rows, create_categories=True)
    assert statuses(made) == ["created", "failed"]
    assert made[1]["errors"][0]["code"] == "category_too_deep"
    assert len(await shop.listed(category="hats")) == 1
    tree = (await shop.guest.get("/api/categories")).json()["items"]
    assert [node["name"] for node in tree] == ["Clothing", "Toys"]
    only = {"Authorization": shop.tokens.user(scopes=["products:write"])}
    body = {"items": [new("N-3")], "create_categories": True}
    refused = await shop.guest.post("/api/products/bulk", json=body, headers=only)
    assert (refused.status_code, refused.json()["required_scope"]) == (403, "categories:write")


async def test_variants_bring_their_group(shop: Shop) -> None:
    def variant(sku: str, size: str, **more: Any) -> dict[str, Any]:
        return new(sku, group={"slug": "shirt", "name": "Shirt", "options": {"size": size}} | more)

    found = await results(shop, [variant("S", "S"), variant("M", "M"), variant("M2", " m ")])
    assert statuses(found) == ["created", "created", "failed"]
    assert found[2]["errors"][0] | {"detail": ""} == {
        "pointer": "/items/2/group/options", "code": "variant_taken", "detail": "",
    }  # fmt: skip
    group = (await shop.guest.get("/api/product-groups/shirt")).json()
    assert (group["name"], group["varies_by"]) == ("Shirt", ["size"])
    assert [one["sku"] for one in group["variants"]] == ["S", "M"]
    out = await results(shop, [{"sku": "S", "group": None}, variant("M", "L")])
    assert statuses(out) == ["updated", "updated"]
    wrong = {"sku": "S", "group": {"slug": "shirt", "options": {"color": "red"}}}
    (one,) = await results(shop, [wrong])
    assert one["errors"][0]["code"] == "options_mismatch"


async def test_a_request_cut_short_is_finished_by_its_repetition(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [new(f"K-{n}", stock=1) for n in range(2 * CHUNK)]
    index = search.index_products
    calls: list[int] = []

    def dies_at_the_second(*args: Any, **kwargs: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise Unavailable("killed")
        index(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr("catalog.new_products.index_products", dies_at_the_second)
        assert (await send(shop, items, "key")).status_code == 503
    assert len(await shop.listed(limit=100)) == CHUNK
    await shop.staff("PATCH", f"/api/products/{(await shop.listed())[0]['id']}", json={"name": "x"})
    answer = await send(shop, items, "key")
    assert statuses(answer.json()["items"]) == ["created"] * len(items)
    assert "Idempotent-Replayed" not in answer.headers
    again = await send(shop, items, "key")
    assert again.json() == answer.json() and again.headers["Idempotent-Replayed"] == "true"
    other = await send(shop, items[1:], "key")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert {one["name"] for one in await shop.listed(q="x")} == {"x"}
    await check_invariants(shop)


async def test_the_body_and_the_number_of_rows_are_bounded(shop: Shop) -> None:
    many = [new(f"A-{n}") for n in range(1001)]
    assert (await send(shop, many)).json()["errors"][0]["pointer"] == "/items"
    assert (await send(shop, [])).status_code == 422
    found = await results(shop, [new(f"A-{n}", description="d" * 2000) for n in range(1000)])
    assert statuses(found) == ["created"] * 1000
    huge = [new(f"A-{n}", description="d" * 9000) for n in range(500)]
    assert (await send(shop, huge)).status_code == 413
