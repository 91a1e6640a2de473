"""What orders keeps of a customer with an account, all of it, for them to take along."""

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import Connection, bindparam, select

from orders.domain import Order
from orders.models import orders
from orders.parties import Parties
from orders.repository.addresses import list_addresses
from orders.repository.orders import COLUMNS, with_parts
from orders.views import render, render_address
from shopkit.ids import LOWEST_ID

PAGE = 100
_PAGE = (
    select(*(orders.c[name] for name in COLUMNS))
    .where(orders.c.owner == bindparam("b_owner"), orders.c.id > bindparam("after"))
    .order_by(orders.c.id)
    .limit(bindparam("at_most"))
)


async def order_pages(it: Parties, *, owner: str) -> AsyncIterator[list[dict[str, Any]]]:
    """Oldest first; those that failed, which no list shows, included."""
    after = LOWEST_ID
    while True:
        found = await it.database.read_slow(_list_orders, owner=owner, after=after)
        yield [render(order) for order in found]
        if len(found) < PAGE:
            return
        after = found[-1].id


def _list_orders(conn: Connection, *, owner: str, after: str) -> list[Order]:
    rows = conn.execute(_PAGE, {"b_owner": owner, "after": after, "at_most": PAGE}).all()
    return with_parts(conn, rows) if rows else []


async def address_pages(it: Parties, *, owner: str) -> AsyncIterator[list[dict[str, Any]]]:
    """Newest first."""
    before: str | None = None
    while True:
        found = await it.database.read(list_addresses, owner=owner, before=before, limit=PAGE)
        yield [render_address(row) for row in found]
        if len(found) < PAGE:
            return
        before = found[-1]["id"]
