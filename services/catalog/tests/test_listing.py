"""Lists: filters, sorts, cursors."""

import random
from typing import Any

import pytest

from .conftest import Shop

pytestmark = pytest.mark.anyio
SORTS = ["newest", "price", "-price", "name", "-name", "relevance"]


def usd(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "USD"}


async def test_filters(shop: Shop) -> None:
    home = await shop.category("Home")
    lamps = await shop.category("Lamps", home["id"])
    group = await shop.group(name="Shades")
    a = await shop.product(name="A", price=usd(100), category_ids=[lamps["id"]], stock=1, sku="aa")
    b = await shop.product(name="B", price=usd(200), category_ids=[home["id"]])
    c = await shop.product(
        name="C", price=usd(300), stock=9, group_id=group["id"], options={"size": "M"}
    )
    cases: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
        ({}, [c, b, a]),
        ({"category": "home"}, [b, a]),
        ({"category": home["id"]}, [b, a]),
        ({"category": "lamps"}, [a]),
        ({"category": "nothing"}, []),
        ({"min_price": 200}, [c, b]),
        ({"max_price": 200}, [b, a]),
        ({"min_price": 200, "max_price": 299}, [b]),
        ({"in_stock": "true"}, [c, a]),
        ({"in_stock": "false"}, [b]),
        ({"sku": "AA"}, [a]),
        ({"sku": "a"}, []),
        ({"group": "shades"}, [c]),
        ({"group": group["id"]}, [c]),
        ({"category": "home", "sort": "price", "in_stock": "true"}, [a]),
        ({"sort": "price"}, [a, b, c]),
        ({"sort": "-price"}, [c, b, a]),
        ({"sort": "name"}, [a, b, c]),
        ({"sort": "-name"}, [c, b, a]),
    ]
    for params, expected in cases:
        found = [one["name"] for one in await shop.listed(**params)]
        assert found == [one["name"] for one in expected], params


@pytest.mark.parametrize("ahead", [1, 1_000])
@pytest.mark.parametrize("sort", [sort for sort in SORTS if sort != "relevance"])
async def test_prices_are_filters_of_any_order(
    shop: Shop, sort: str, ahead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Enough of the next products in order may be let through, or too few."""
    monkeypatch.setattr("catalog.listing.AHEAD", ahead)
    home = await shop.category("Home")
    for amount in (3, 1, 4, 1, 5, 9, 2, 6):
        place = [home["id"]] if amount < 6 else []
        await shop.product(name=f"Lamp {9 - amount}", price=usd(amount), category_ids=place)
    for params in ({"max_price": 4}, {"min_price": 2}, {"min_price": 2, "max_price": 3}):
        for where in ({}, {"category": "home"}):
            every = await shop.listed(sort=sort, **where)
            low, high = params.get("min_price", 0), params.get("max_price", 9)
            expected = [one for one in every if low <= one["price"]["amount"] <= high]
            for limit in (2, 100):
                found = await shop.listed(sort=sort, limit=limit, **where, **params)
                assert found == expected[:limit], (params, where, limit)


async def test_total_is_there_when_asked_for(shop: Shop) -> None:
    for _ in range(3):
        await shop.product(name="Red lamp")
    page = (await shop.guest.get("/api/products?limit=2")).json()
    assert "total" not in page and page["next_cursor"]
    for query in ("count=true&limit=2", "count=true&q=lamp", "count=true&q=lamp&sort=price"):
        assert (await shop.guest.get(f"/api/products?{query}")).json()["total"] == 3
    assert (await shop.guest.get("/api/products?count=true&q=%25")).json()["total"] == 0


@pytest.mark.parametrize("sort", SORTS)
async def test_paging_survives_inserts_and_deletes(shop: Shop, sort: str) -> None:
    """Whatever comes and goes between pages, what stays is seen exactly once."""
    chance = random.Random(sort)
    names = ["blue lamp", "lamp blue", "Lamp", "table"]

    async def add() -> str:
        product = await shop.product(
            name=chance.choice(names),
            description="a lamp",
            price=usd(chance.choice([1, 2, 3])),
        )
        return str(product["id"])

    there = [await add() for _ in range(24)]
    stays, seen, cursor = set(there), [], None
    while True:
        params = {"limit": "3", "sort": sort} | ({"cursor": cursor} if cursor else {})
        if sort == "relevance":
            params["q"] = "lamp"
        page = (await shop.guest.get("/api/products", params=params)).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
        await add()
        gone = chance.choice(sorted(stays))
        stays.discard(gone)
        await shop.staff("DELETE", f"/api/products/{gone}")
    assert len(seen) == len(set(seen))
    assert stays <= set(seen)


async def test_c8_bad_limits_and_cursors(shop: Shop) -> None:
    for _ in range(3):
        await shop.product()
    cursor = (await shop.guest.get("/api/products?limit=1")).json()["next_cursor"]
    for limit in ("-1", "0", "101", "1" + "0" * 20, "1.0", "٣", "+1", "", "true"):
        answer = await shop.guest.get("/api/products", params={"limit": limit})
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_error"), limit
    ok = await shop.guest.get("/api/products", params={"limit": 1, "cursor": cursor})
    assert ok.status_code == 200
    forged = cursor[:-2] + ("AA" if not cursor.endswith("AA") else "BB")
    for query in (
        {"cursor": forged},
        {"cursor": cursor, "sort": "price"},
        {"cursor": cursor, "min_price": "1"},
        {"cursor": "' OR 1=1 --"},
        {"cursor": "é"},
        {"cursor": ""},
    ):
        answer = await shop.guest.get("/api/products", params=query)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor"), query


async def test_unknown_and_repeated_parameters_are_refused(shop: Shop) -> None:
    for query in ("colour=red", "limit=1&limit=2", "sort=id", "sort=price;drop", "in_stock=1",
                  "status=deleted", "min_price=-1", "min_price=1e3", "sort=relevance",
                  "max_price=9223372036854775808", "category=A%27", "offset=5"):  # fmt: skip
        answer = await shop.guest.get(f"/api/products?{query}")
        assert answer.status_code == 422, query


async def test_staff_list_any_status(shop: Shop) -> None:
    for status in ("draft", "active", "archived"):
        await shop.product(status=status, name=status)
    found = (await shop.staff("GET", "/api/products?status=any&sort=name")).json()["items"]
    assert [one["name"] for one in found] == ["active", "archived", "draft"]
    assert (await shop.guest.get("/api/products?status=any")).status_code == 401
    assert [one["name"] for one in await shop.listed(status="active")] == ["active"]
