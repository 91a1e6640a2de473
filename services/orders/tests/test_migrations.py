"""What was there before a migration is there after it, and can be used."""

import asyncio
from typing import Any

from sqlalchemy import Connection, text

from orders.domain import Actor
from orders.refund_order import store_paid
from orders.repository.orders import find_order
from orders.requests import Request
from orders.schemas.staff import MarkPaidInput
from orders.settings import MIGRATIONS
from orders.states import PaymentStatus, Status, Step
from shopkit.clock import FrozenClock
from shopkit.databases import open_database
from shopkit.ids import new_id
from shopkit.migrations import migrate
from shopkit.testing import TestDatabases

ORDER = """
INSERT INTO orders (id, number, owner, email, step, status, payment_status, fulfillment_status,
    fence, attempts, has_key, shipping_method, payment_method, cart_id, cart_version, currency,
    subtotal, discount, shipping, tax, total, timeline, version, placed_at)
VALUES (:id, '7KQ2M9XD', 'user:1', 'ada@example.com', 'CONFIRMED', 'confirmed', 'unpaid',
    'unfulfilled', 1, 0, {true}, 'standard', 'manual', :cart, 1, 'USD',
    2000, 0, 0, 0, 2000, '[]', 3, '2026-11-22T10:00:00.000000Z')
"""
LINE = """
INSERT INTO order_lines (order_id, position, product_id, sku, name, quantity, unit_price,
    line_total) VALUES (:id, 0, :product, 'TEA', 'Tea', 2, 1000, 2000)
"""
KEY = """
INSERT INTO checkout_keys (caller, key, route, fingerprint, order_id, status, body, created_at)
VALUES ('user:1', 'k', 'POST /api/orders', 'f', :id, 201, '{{}}', '2026-11-22T10:00:00.000000Z')
"""


def insert_old(conn: Connection, ids: dict[str, str]) -> None:
    true = "1" if conn.dialect.name == "sqlite" else "true"
    for statement in (ORDER, LINE, KEY):
        needed = text(statement.format(true=true))
        conn.execute(needed, {name: ids[name] for name in needed.compile().params})


async def test_orders_from_before_payments_are_kept_and_can_be_paid(
    databases: TestDatabases,
) -> None:
    url, ids = databases.empty(), {name: new_id() for name in ("id", "cart", "product")}
    await asyncio.to_thread(migrate, url, MIGRATIONS, "0001")
    database = open_database(url)
    await database.start()
    await database.run(insert_old, ids)
    await database.stop()
    await asyncio.to_thread(migrate, url, MIGRATIONS)
    database = open_database(url)
    await database.start()
    order = await database.read(find_order, ids["id"])
    assert order is not None
    assert (order.step, order.status, order.total) == (Step.CONFIRMED, Status.CONFIRMED, 2000)
    assert [(line.quantity, line.fulfilled) for line in order.lines] == [(2, 0)]
    assert order.debtor == "user:1", "it counts for the limit of unpaid orders"
    request = Request("user:2", Actor("staff", new_id()), "mark_paid", None)
    now = FrozenClock().now()
    await database.run(store_paid, order.id, MarkPaidInput(), request=request, now=now)
    assert await database.read(count_keys) == 1
    paid: Any = await database.read(find_order, order.id)
    assert (paid.payment_status, paid.debtor) == (PaymentStatus.PAID, None)
    await database.stop()


def count_keys(conn: Connection) -> int:
    return int(conn.execute(text("SELECT count(*) FROM checkout_keys")).scalar_one())
