"""I1 to I8 of the checkout protocol, read from the databases once everything has come to rest.

I5 needs the provider's books: tests/faults/ledger.py.
"""

import asyncio
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Any, Protocol

import asyncpg
from sqlalchemy.engine import make_url

from tests.shop_clients import Guest

REST_SECONDS = 30.0
UNFINISHED = {
    "orders": (
        "SELECT step FROM orders WHERE lease_until IS NOT NULL",
        "SELECT topic FROM outbox WHERE topic <> 'mail'",
        "SELECT id FROM refunds WHERE status = 'pending'",
    ),
    "catalog": ("SELECT order_id FROM reservations WHERE status = 'held'",),
    "cart": ("SELECT order_id FROM claims WHERE state = 'claimed'",),
}
Rows = list[tuple[Any, ...]]


class Databases(Protocol):
    """A shop whose services' databases can be read."""

    @property
    def databases(self) -> Mapping[str, str]: ...

    def log(self, name: str) -> str: ...


async def query(url: str, statement: str) -> Rows:
    """Rows with plain values; the service may be running."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(f"file:{make_url(url).database}?mode=ro", uri=True)) as file:
            return file.execute(statement).fetchall()
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(statement)
    finally:
        await connection.close()
    return [tuple(str(v) if type(v).__name__ == "UUID" else v for v in row) for row in rows]


async def check_invariants(shop: Databases, guests: Iterable[Guest] = ()) -> None:
    await i6_everything_comes_to_an_end(shop)
    await i1_reserved_is_what_is_held(shop)
    await i2_stock_is_conserved(shop)
    await i4_one_key_and_one_cart_make_one_order(shop)
    await i7_a_cart_is_converted_when_its_order_is_confirmed(shop)
    for guest in guests:
        await i3_answers_stay_true(guest)


async def i6_everything_comes_to_an_end(shop: Databases) -> None:
    """I8 as well: an event that is delivered has no due time any more."""
    deadline = time.monotonic() + REST_SECONDS
    while True:
        found = {
            statement: await query(shop.databases[name], statement)
            for name, statements in UNFINISHED.items()
            for statement in statements
        }
        if not any(found.values()):
            return
        assert time.monotonic() < deadline, (found, shop.log("orders"))
        await asyncio.sleep(0.1)


async def i1_reserved_is_what_is_held(shop: Databases) -> None:
    stock = await query(
        shop.databases["catalog"], "SELECT product_id, on_hand, reserved, backorder FROM stock"
    )
    held = await query(
        shop.databases["catalog"],
        "SELECT l.product_id, sum(l.quantity) FROM reservation_lines l "
        "JOIN reservations r ON r.order_id = l.order_id WHERE r.status = 'held' "
        "GROUP BY l.product_id",
    )
    assert {id: reserved for id, _, reserved, _ in stock if reserved} == dict(held)
    assert all(reserved >= 0 for _, _, reserved, _ in stock)
    assert all(reserved <= on_hand for _, on_hand, reserved, backorder in stock if not backorder)


async def i2_stock_is_conserved(shop: Databases) -> None:
    """On hand is the sum of its movements, and what moved for an order is what it bought."""
    catalog, orders = shop.databases["catalog"], shop.databases["orders"]
    moved = await query(
        catalog, "SELECT product_id, sum(quantity) FROM stock_movements GROUP BY product_id"
    )
    on_hand = await query(catalog, "SELECT product_id, on_hand FROM stock WHERE on_hand <> 0")
    assert {id: quantity for id, quantity in moved if quantity} == dict(on_hand)
    moved_for_orders = await query(
        catalog,
        "SELECT order_id, product_id, -sum(quantity) FROM stock_movements "
        "WHERE order_id IS NOT NULL GROUP BY order_id, product_id HAVING sum(quantity) <> 0",
    )
    sold = {(order_id, product_id): quantity for order_id, product_id, quantity in moved_for_orders}
    bought = await bought_and_kept(orders)
    assert sold == bought, {key for key, _ in sold.items() ^ bought.items()}


async def bought_and_kept(orders: str) -> dict[tuple[str, str], int]:
    """By order and product: what was sold and did not come back into stock."""
    lines = await query(
        orders,
        "SELECT l.order_id, l.product_id, l.quantity FROM order_lines l "
        "JOIN orders o ON o.id = l.order_id WHERE o.status IN ('confirmed', 'completed') "
        "OR o.status = 'cancelled' AND NOT o.restock",
    )
    kept = Counter[tuple[str, str]]()
    for order_id, product_id, quantity in lines:
        kept[order_id, product_id] += quantity
    restocked = "SELECT order_id, items FROM returns WHERE restocked"
    for order_id, items in await query(orders, restocked):
        for item in json.loads(items):
            kept[order_id, item["product_id"]] -= item["quantity"]
    return {key: quantity for key, quantity in kept.items() if quantity}


async def i4_one_key_and_one_cart_make_one_order(shop: Databases) -> None:
    placed = await query(
        shop.databases["orders"],
        "SELECT cart_id, cart_version FROM orders WHERE status <> 'failed' AND total IS NOT NULL",
    )
    assert all(count == 1 for count in Counter(placed).values())
    unanswered = await query(
        shop.databases["orders"], "SELECT order_id FROM checkout_keys WHERE status IS NULL"
    )
    assert unanswered == []


async def i7_a_cart_is_converted_when_its_order_is_confirmed(shop: Databases) -> None:
    placed = await query(
        shop.databases["orders"],
        "SELECT id FROM orders WHERE status IN ('confirmed', 'completed', 'cancelled')",
    )
    claims = "SELECT order_id FROM claims WHERE state = 'converted'"
    carts = "SELECT order_id FROM carts WHERE state = 'converted'"
    for statement in (claims, carts):
        assert Counter(await query(shop.databases["cart"], statement)) == Counter(placed)


async def i3_answers_stay_true(guest: Guest) -> None:
    """Every final answer is repeated word for word, and every 201 has its order unchanged."""
    for key, answer in guest.final.items():
        again = await guest.order(key=key)
        if again.status_code == 422:  # it was sent with another payload
            continue
        assert again.status_code == answer.status_code
        if answer.status_code != 201:
            assert again.json()["code"] == answer.json()["code"]
            continue
        assert again.content == answer.content
        order, now = answer.json(), (await guest.get(answer.json()["id"])).json()
        for name in ("id", "number", "items", "total", "email", "placed_at"):
            assert now[name] == order[name]
