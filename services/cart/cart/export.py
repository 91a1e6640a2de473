"""What cart keeps of a user, all of it, for them to take along."""

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import Connection, bindparam, select

from cart.context import Context
from cart.models import cart_lines, carts
from shopkit.ids import LOWEST_ID
from shopkit.money import money

PAGE = 50
_MEMBERS = ("id", "state", "order_id", "version", "created_at", "expires_at")
_CARTS = (
    select(carts)
    .where(carts.c.owner == bindparam("b_owner"), carts.c.id > bindparam("after"))
    .order_by(carts.c.id)
    .limit(bindparam("at_most"))
)
_LINES = (
    select(cart_lines)
    .where(cart_lines.c.cart_id.in_(bindparam("ids", expanding=True)))
    .order_by(cart_lines.c.cart_id, cart_lines.c.position)
)


async def cart_pages(context: Context, *, owner: str) -> AsyncIterator[list[dict[str, Any]]]:
    """Oldest first: the open one, and those that became orders and are not forgotten yet. As they
    are stored, so that no other service is needed."""
    after = LOWEST_ID
    while True:
        found = await context.database.read_slow(_list_carts, owner=owner, after=after)
        yield found
        if len(found) < PAGE:
            return
        after = found[-1]["id"]


def _list_carts(conn: Connection, *, owner: str, after: str) -> list[dict[str, Any]]:
    rows = conn.execute(_CARTS, {"b_owner": owner, "after": after, "at_most": PAGE}).all()
    items: dict[str, list[dict[str, Any]]] = {row.id: [] for row in rows}
    currencies = {row.id: row.currency for row in rows}
    for line in conn.execute(_LINES, {"ids": list(items)}):
        items[line.cart_id].append(_item(line, currencies[line.cart_id]))
    return [
        {name: row._mapping[name] for name in _MEMBERS} | {"items": items[row.id]} for row in rows
    ]


def _item(line: Any, currency: str) -> dict[str, Any]:
    return {
        "product_id": line.product_id,
        "sku": line.sku,
        "name": line.name,
        "quantity": line.quantity,
        "added_price": money(line.added_amount, currency),
    }
