"""What the reconciler reads: every cart that an order has, and what became of certain orders."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from cart import claim_rows
from services.cart.tests.conftest import Shop
from shopkit.clock import FrozenClock
from shopkit.ids import first_id, new_id


async def claimed(shop: Shop, order_id: str) -> str:
    ada = shop.user()
    await ada.add(shop.catalog.add())
    assert (await shop.claim(order_id, ada)).status_code == 200
    return order_id


async def one_of_each(shop: Shop) -> dict[str, str]:
    """Orders by what became of their claims."""
    orders = {name: await claimed(shop, new_id()) for name in ("released", "converted", "claimed")}
    await shop.release(orders["released"])
    await shop.consume(orders["converted"])
    return orders


async def listed(shop: Shop, query: str = "") -> list[dict[str, Any]]:
    answer = await shop.call("GET", f"/internal/claims{query}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_carts_that_orders_have_are_listed_and_released_ones_are_not(shop: Shop) -> None:
    orders = await one_of_each(shop)
    assert await listed(shop) == [
        {"order_id": orders["converted"], "status": "converted"},
        {"order_id": orders["claimed"], "status": "claimed"},
    ]


async def test_pages_follow_each_other_by_order_id(shop: Shop) -> None:
    orders = [new_id() for _ in range(5)]
    for order_id in reversed(orders):
        await claimed(shop, order_id)
    seen: list[str] = []
    while page := await listed(shop, f"?limit=2&after={seen[-1]}" if seen else "?limit=2"):
        assert len(page) <= 2
        seen += [one["order_id"] for one in page]
    assert seen == orders


async def test_what_is_older_than_a_moment_is_left_out(shop: Shop) -> None:
    now = FrozenClock().now()
    await claimed(shop, first_id(now - timedelta(days=2)))
    young = await claimed(shop, first_id(now - timedelta(hours=1)))
    since = first_id(now - timedelta(days=1))
    assert [one["order_id"] for one in await listed(shop, f"?after={since}")] == [young]


async def test_lookup_tells_what_became_of_each(shop: Shop) -> None:
    orders = await one_of_each(shop)
    body = {"order_ids": [*orders.values(), new_id(), orders["claimed"]]}
    answer = await shop.call("POST", "/internal/claims/lookup", body)
    found = {one["order_id"]: one["status"] for one in answer.json()["items"]}
    assert found == {order_id: name for name, order_id in orders.items()}


async def test_only_orders_reads_so_and_not_too_much_at_once(shop: Shop) -> None:
    path = "/internal/claims"
    assert (await shop.call("GET", path, caller="catalog")).status_code == 403
    many = {"order_ids": [new_id() for _ in range(201)]}
    assert (await shop.call("POST", f"{path}/lookup", many)).status_code == 422
    for query in ("?limit=101", "?after=x", "?state=claimed"):
        assert (await shop.call("GET", path + query)).status_code == 422


async def test_a_page_does_not_read_all_that_was_ever_claimed(shop: Shop) -> None:
    if shop.database.dialect != "sqlite":
        pytest.skip("PostgreSQL's plan depends on what is in the table")

    def plan(conn: Connection) -> str:
        page = claim_rows._PAGE.params(after=new_id(), limit=100)
        sql = page.compile(conn, compile_kwargs={"literal_binds": True})
        rows = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")
        return " ".join(str(row[-1]) for row in rows)

    found = await shop.database.read(plan)
    assert "order_id>?" in found and "TEMP B-TREE" not in found
