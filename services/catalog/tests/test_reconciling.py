"""What orders' reconciler reads: everything held or sold, and what became of certain orders."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from catalog.repository import reservations
from catalog.worker import Sweeper
from shopkit.clock import FrozenClock
from shopkit.ids import first_id, new_id

from .conftest import Shop

pytestmark = pytest.mark.anyio


async def listed(shop: Shop, query: str = "") -> list[dict[str, Any]]:
    answer = await shop.orders("GET", f"/internal/reservations{query}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def looked_up(shop: Shop, order_ids: list[str]) -> dict[str, str]:
    body = {"order_ids": order_ids}
    answer = await shop.orders("POST", "/internal/reservations/lookup", json=body)
    assert answer.status_code == 200, answer.text
    return {one["order_id"]: one["status"] for one in answer.json()["items"]}


async def one_of_each(shop: Shop) -> dict[str, str]:
    """Orders by what became of their reservations."""
    product = await shop.product(stock=9)
    orders = {name: new_id() for name in ("expired", "released", "committed", "held")}
    for name, order_id in orders.items():
        await shop.reserve((product, 2), order_id=order_id, ttl=5 if name == "expired" else 60)
    await shop.orders("POST", f"/internal/reservations/{orders['released']}/release")
    await shop.orders("POST", f"/internal/reservations/{orders['committed']}/commit")
    shop.clock.advance(seconds=5)
    await Sweeper(shop.database, shop.clock).drain()
    return orders


async def test_what_is_held_or_sold_is_listed_and_what_has_ended_is_not(shop: Shop) -> None:
    orders = await one_of_each(shop)
    sold, held = await listed(shop)
    assert (sold["order_id"], sold["status"]) == (orders["committed"], "committed")
    assert (held["order_id"], held["status"]) == (orders["held"], "held")
    assert list(held["quantities"].values()) == [2]
    assert held["created_at"] < held["expires_at"]


async def test_pages_follow_each_other_by_order_id(shop: Shop) -> None:
    a, b = await shop.product(stock=9), await shop.product(stock=9)
    orders = [new_id() for _ in range(5)]
    for order_id in reversed(orders):
        await shop.reserve((a, 1), (b, 1), order_id=order_id)
    seen: list[str] = []
    while page := await listed(shop, f"?limit=2&after={seen[-1]}" if seen else "?limit=2"):
        assert len(page) <= 2
        assert all(one["quantities"] == {a["id"]: 1, b["id"]: 1} for one in page)
        seen += [one["order_id"] for one in page]
    assert seen == orders


async def test_what_is_older_than_a_moment_is_left_out(shop: Shop) -> None:
    product = await shop.product(stock=9)
    now = FrozenClock().now()
    old, young = first_id(now - timedelta(days=2)), first_id(now - timedelta(hours=1))
    for order_id in (old, young):
        await shop.reserve((product, 1), order_id=order_id)
    since = first_id(now - timedelta(days=1))
    assert [one["order_id"] for one in await listed(shop, f"?after={since}")] == [young]


async def test_lookup_tells_what_became_of_each(shop: Shop) -> None:
    orders = await one_of_each(shop)
    found = await looked_up(shop, [*orders.values(), new_id(), orders["held"]])
    assert found == {order_id: name for name, order_id in orders.items()}
    assert await looked_up(shop, []) == {}


async def test_only_orders_reads_so_and_not_too_much_at_once(shop: Shop) -> None:
    path, cart = "/internal/reservations", {"Authorization": shop.tokens.service("cart")}
    assert (await shop.internal.get(path, headers=cart)).status_code == 403
    many = {"order_ids": [new_id() for _ in range(201)]}
    assert (await shop.orders("POST", f"{path}/lookup", json=many)).status_code == 422
    for query in ("?limit=101", "?after=x", "?status=held"):
        assert (await shop.orders("GET", path + query)).status_code == 422


async def test_a_page_does_not_read_all_that_was_ever_sold(shop: Shop) -> None:
    if shop.database.dialect != "sqlite":
        pytest.skip("PostgreSQL's plan depends on what is in the table")

    def plan(conn: Connection) -> str:
        page = reservations._PAGE.params(after=new_id(), limit=100)
        sql = page.compile(conn, compile_kwargs={"literal_binds": True})
        rows = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")
        return " ".join(str(row[-1]) for row in rows)

    found = await shop.database.read(plan)
    assert "order_id>?" in found and "TEMP B-TREE" not in found
