"""The history of prices, and the lowest price before a reduction."""

import random
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from shopkit.ids import new_id

from .conftest import Shop

pytestmark = pytest.mark.anyio


def usd(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "USD"}


async def patch(shop: Shop, product: dict[str, Any], **body: Any) -> dict[str, Any]:
    answer = await shop.staff("PATCH", f"/api/products/{product['id']}", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def lowest(shop: Shop, product: dict[str, Any], amount: int) -> int | None:
    """The lowest price of the 30 days before, once the price is `amount`."""
    found = (await patch(shop, product, price=usd(amount)))["lowest_price_30d"]
    assert found is None or found["currency"] == "USD"
    return found and int(found["amount"])


async def history(shop: Shop, product: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        path = f"/api/products/{product['id']}/prices?limit=2{cursor and '&cursor='}{cursor}"
        page = (await shop.staff("GET", path)).json()
        items += page["items"]
        cursor = page["next_cursor"]
    return items


async def test_every_price_is_written_down_with_the_time_it_began(shop: Shop) -> None:
    tea = await shop.product(price=usd(1000))
    begins = [tea["created_at"]]
    for body in (
        {"price": usd(800), "compare_at_price": usd(1000)},
        {"name": "Other"},
        {"price": usd(800)},
        {"compare_at_price": None},
        {"price": {"amount": 900, "currency": "EUR"}},
    ):
        shop.clock.advance(seconds=60)
        begins.append((await patch(shop, tea, **body))["updated_at"])
    assert [
        (one["price"]["amount"], one["compare_at_price"], one["since"])
        for one in await history(shop, tea)
    ] == [
        (900, None, begins[5]),
        (800, None, begins[4]),
        (800, usd(1000), begins[1]),
        (1000, None, begins[0]),
    ]
    (newest, *_) = await history(shop, tea)
    assert newest["price"]["currency"] == "EUR" and newest["offered"] is True
    assert newest["change_id"] is None


async def test_a_reduction_tells_the_lowest_price_of_the_30_days_before(shop: Shop) -> None:
    tea = await shop.product(price=usd(1000))
    assert tea["lowest_price_30d"] is None
    shop.clock.advance(days=40)
    assert await lowest(shop, tea, 700) == 1000
    shop.clock.advance(days=10)
    assert await lowest(shop, tea, 1200) is None, "no reduction"
    shop.clock.advance(days=10)
    assert await lowest(shop, tea, 900) == 700, "it was 700 less than 30 days before"
    shop.clock.advance(days=29)
    assert await lowest(shop, tea, 950) is None
    assert await lowest(shop, tea, 940) == 900, "1200 and 700 are older, 900 held until now"
    shown = (await shop.guest.get(f"/api/products/{tea['id']}")).json()
    assert shown["lowest_price_30d"] == usd(900)
    assert (await shop.listed())[0]["lowest_price_30d"] == usd(900)
    other = await patch(shop, tea, name="Other", compare_at_price=usd(2000))
    assert other["lowest_price_30d"] == usd(900), "the price is still the same"


async def test_the_price_that_held_when_the_30_days_began_counts(shop: Shop) -> None:
    tea = await shop.product(price=usd(500))
    shop.clock.advance(days=1)
    await lowest(shop, tea, 1000)
    shop.clock.advance(days=30)
    assert await lowest(shop, tea, 900) == 1000, "500 held until just before"
    shop.clock.advance(days=29)
    await lowest(shop, tea, 1100)
    assert await lowest(shop, tea, 1000) == 900


async def test_what_nobody_could_pay_does_not_count(shop: Shop) -> None:
    tea = await shop.product(price=usd(0), status="draft")
    assert await lowest(shop, tea, 1500) is None
    assert await lowest(shop, tea, 1200) is None, "a draft is never reduced"
    await patch(shop, tea, status="active")
    shop.clock.advance(days=1)
    assert await lowest(shop, tea, 1000) == 1200
    await patch(shop, tea, status="archived")
    await lowest(shop, tea, 100)
    await patch(shop, tea, price=usd(1100), status="active")
    assert await lowest(shop, tea, 1090) == 1000
    assert [one["offered"] for one in await history(shop, tea)][:4] == [True, True, False, False]


async def test_currencies_are_not_compared(shop: Shop) -> None:
    tea = await shop.product(price=usd(1000))
    yen = await patch(shop, tea, price={"amount": 500, "currency": "JPY"})
    assert yen["lowest_price_30d"] is None
    assert await lowest(shop, tea, 400) is None


async def test_history_is_for_staff_and_of_products_that_exist(shop: Shop) -> None:
    tea = await shop.product()
    path = f"/api/products/{tea['id']}/prices"
    assert (await shop.guest.get(path)).status_code == 401
    nobody = {"Authorization": shop.tokens.user(scopes=["inventory:read"])}
    refused = await shop.guest.get(path, headers=nobody)
    assert refused.json()["required_scope"] == "products:read"
    assert (await shop.staff("GET", f"/api/products/{new_id()}/prices")).status_code == 404
    await shop.staff("DELETE", f"/api/products/{tea['id']}")
    assert (await shop.staff("GET", path)).status_code == 404


async def test_history_is_append_only(shop: Shop) -> None:
    await shop.product()
    for sql in ("UPDATE price_history SET amount = 9", "DELETE FROM price_history"):

        def tamper(conn: Connection, sql: str = sql) -> None:
            conn.execute(text(sql))

        with pytest.raises(DBAPIError, match="price_history is append-only"):
            await shop.database.run(tamper)


async def test_a_new_price_sorts_a_category_anew(shop: Shop) -> None:
    above = await shop.category("Food")
    below = await shop.category("Tea", above["id"])
    a, b = [await shop.product(category_ids=[below["id"]], price=usd(n)) for n in (100, 200)]
    await patch(shop, a, price=usd(300), name="Zen")
    for category in (above, below):
        found = await shop.listed(category=category["id"], sort="price")
        assert [one["id"] for one in found] == [b["id"], a["id"]]
        found = await shop.listed(category=category["id"], sort="-name")
        assert [one["id"] for one in found] == [a["id"], b["id"]]


async def test_the_lowest_price_is_what_counting_by_hand_finds(shop: Shop) -> None:
    """At every change: the lowest that was offered at some moment of the 30 days before it."""
    chance, tea, day = random.Random(5), await shop.product(price=usd(10)), 0
    held = [(0, 10, True)]  # from which day on, how much, and whether it was sold
    for _ in range(60):
        days, amount = chance.randrange(15), chance.randrange(1, 12)
        status = chance.choice(["active", "active", "active", "draft"])
        shop.clock.advance(days=days)
        day += days
        found = (await patch(shop, tea, price=usd(amount), status=status))["lowest_price_30d"]
        (_, was, offered), ends = held[-1], [*(begun for begun, _, _ in held[1:]), day]
        prices = [
            n for (_, n, sold), end in zip(held, ends, strict=True) if sold and end > day - 30
        ]
        if amount == was:
            held.append((day, amount, status == "active"))
            continue
        reduced = offered and amount < was
        assert found == (usd(min([was, *prices])) if reduced else None)
        held.append((day, amount, status == "active"))
