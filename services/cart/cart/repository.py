"""SQL for carts and their lines. Carts are written by compare-and-set on their version."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    and_,
    bindparam,
    delete,
    insert,
    null,
    or_,
    select,
    text,
    update,
)

from cart.domain import Cart, CartState, Line
from cart.errors import Moved
from cart.models import ACTIVE, cart_lines, cart_merges, carts
from shopkit.ids import new_id
from shopkit.tables import insert_or_ignore

# Written out, since a partial index is not used for a condition with parameters.
_IS_ACTIVE = text(f"carts.{ACTIVE}")
_OWNED = carts.c.owner == bindparam("owner")
_CART_COLUMNS = (
    carts.c.id, carts.c.version, carts.c.state, carts.c.order_id, carts.c.currency
)  # fmt: skip
_LINE_COLUMNS = (
    cart_lines.c.product_id,
    cart_lines.c.sku,
    cart_lines.c.name,
    cart_lines.c.quantity,
    cart_lines.c.added_amount,
    cart_lines.c.position,
)
_WITH_LINES = (
    select(*_CART_COLUMNS, *_LINE_COLUMNS)
    .select_from(carts.outerjoin(cart_lines))
    .order_by(cart_lines.c.position, cart_lines.c.product_id)
)
_ACTIVE_CART = _WITH_LINES.where(
    _OWNED,
    _IS_ACTIVE,
    or_(carts.c.state == CartState.CLAIMED, carts.c.expires_at > bindparam("now")),
)
_NEWEST = (
    select(carts.c.id, carts.c.state, carts.c.order_id)
    .where(_OWNED, carts.c.expires_at > bindparam("now"))
    .order_by(carts.c.id.desc())
    .limit(1)
)
_EXPIRED = delete(carts).where(
    _OWNED, carts.c.state == CartState.OPEN, carts.c.expires_at <= bindparam("now")
)
_UNMOVED = and_(
    carts.c.id == bindparam("cart"),
    carts.c.version == bindparam("seen"),
    carts.c.state == CartState.OPEN,
)
_TOUCH = (
    update(carts)
    .where(_UNMOVED)
    .values(
        version=bindparam("next"),
        currency=bindparam("new_currency"),
        expires_at=bindparam("until"),
    )
)
_LINE = and_(
    cart_lines.c.cart_id == bindparam("cart"), cart_lines.c.product_id == bindparam("product")
)
_UPDATE_LINE = (
    update(cart_lines)
    .where(_LINE)
    .values(
        sku=bindparam("new_sku"), name=bindparam("new_name"), quantity=bindparam("new_quantity")
    )
)
_REMOVE_LINE = delete(cart_lines).where(_LINE)
_REMOVE_LINES = delete(cart_lines).where(cart_lines.c.cart_id == bindparam("cart"))
_INSERT_LINE = insert(cart_lines)
_INSERT_MERGE = insert(cart_merges)
_SPEND = (
    update(carts)
    .where(_UNMOVED)
    .values(state=CartState.MERGED, version=carts.c.version + 1, expires_at=bindparam("until"))
)
_CLAIM = (
    update(carts).where(_UNMOVED).values(state=CartState.CLAIMED, order_id=bindparam("taken_by"))
)
_IS_CLAIMED = and_(carts.c.id == bindparam("cart"), carts.c.state == CartState.CLAIMED)
_CONVERT = (
    update(carts)
    .where(_IS_CLAIMED)
    .values(state=CartState.CONVERTED, expires_at=bindparam("until"))
)
_REOPEN = (
    update(carts)
    .where(_IS_CLAIMED)
    .values(
        state=CartState.OPEN,
        version=carts.c.version + 1,
        order_id=null(),
        expires_at=bindparam("until"),
    )
)
_REPORT = (
    select(cart_merges.c.merged_by, cart_merges.c.report)
    .select_from(cart_merges.join(carts))
    .where(_OWNED)
    .order_by(carts.c.id.desc())
    .limit(1)
)


def find_cart(conn: Connection, *, owner: str, now: datetime) -> Cart | None:
    """The owner's one open or claimed cart, unless it has expired."""
    return _cart(conn.execute(_ACTIVE_CART, {"owner": owner, "now": now}).all())


def _cart(rows: Sequence[Any]) -> Cart | None:
    if not rows:
        return None
    cart_id, version, state, order_id, currency = rows[0][:5]
    lines = {row[5]: Line(*row[5:]) for row in rows if row[5] is not None}
    return Cart(cart_id, version, CartState(state), order_id, currency, lines)


def find_newest(conn: Connection, *, owner: str, now: datetime) -> Any | None:
    """The row (id, state, order_id) of the owner's newest cart, in whatever state."""
    return conn.execute(_NEWEST, {"owner": owner, "now": now}).one_or_none()


def save_cart(
    conn: Connection,
    *,
    owner: str,
    before: Cart,
    after: Cart,
    now: datetime,
    expires_at: datetime,
) -> Cart:
    """Store a change and answer the cart with its new version. Raises Moved."""
    if before.id is None:
        stored = replace(after, id=new_id(), version=1)
        _insert(conn, owner, stored, now, expires_at)
    else:
        stored = replace(after, version=before.version + 1)
        values = {"next": stored.version, "new_currency": after.currency, "until": expires_at}
        if not conn.execute(_TOUCH, {**_seen(before), **values}).rowcount:
            raise Moved
    _save_lines(conn, str(stored.id), before.lines, after.lines)
    return stored


def _seen(cart: Cart) -> dict[str, Any]:
    return {"cart": cart.id, "seen": cart.version}


def _insert(conn: Connection, owner: str, cart: Cart, now: datetime, expires_at: datetime) -> None:
    conn.execute(_EXPIRED, {"owner": owner, "now": now})
    row = {
        "id": cart.id,
        "owner": owner,
        "state": CartState.OPEN,
        "version": cart.version,
        "currency": cart.currency,
        "created_at": now,
        "expires_at": expires_at,
    }
    if not insert_or_ignore(conn, carts, row):
        raise Moved


def _save_lines(
    conn: Connection, cart_id: str, before: Mapping[str, Line], after: Mapping[str, Line]
) -> None:
    for product_id in before.keys() - after.keys():
        conn.execute(_REMOVE_LINE, {"cart": cart_id, "product": product_id})
    for product_id, line in after.items():
        old = before.get(product_id)
        if old is None:
            conn.execute(_INSERT_LINE, _line_row(cart_id, line))
        elif old != line:
            values = {"new_sku": line.sku, "new_name": line.name, "new_quantity": line.quantity}
            conn.execute(_UPDATE_LINE, {"cart": cart_id, "product": product_id, **values})


def _line_row(cart_id: str, line: Line) -> dict[str, Any]:
    return {
        "cart_id": cart_id,
        "product_id": line.product_id,
        "position": line.position,
        "sku": line.sku,
        "name": line.name,
        "quantity": line.quantity,
        "added_amount": line.added_amount,
    }


def spend_guest_cart(
    conn: Connection, *, cart: Cart, merged_by: str, report: Any, expires_at: datetime
) -> None:
    """Mark a guest's cart as merged and keep the report. Raises Moved."""
    if not conn.execute(_SPEND, {**_seen(cart), "until": expires_at}).rowcount:
        raise Moved
    conn.execute(_REMOVE_LINES, {"cart": cart.id})
    row = {"guest_cart_id": cart.id, "merged_by": merged_by, "report": report}
    conn.execute(_INSERT_MERGE, row)


def find_merge_report(conn: Connection, *, guest: str, merged_by: str) -> Any | None:
    """The report of this guest's newest merge, if it was this user's."""
    row = conn.execute(_REPORT, {"owner": guest}).one_or_none()
    return row.report if row and row.merged_by == merged_by else None


def claim_cart_row(conn: Connection, *, cart: Cart, order_id: str) -> None:
    """open → claimed. Raises Moved when the cart is not open at the version that was read."""
    if not conn.execute(_CLAIM, {**_seen(cart), "taken_by": order_id}).rowcount:
        raise Moved


def settle_cart_row(
    conn: Connection, *, cart_id: str, state: CartState, expires_at: datetime
) -> None:
    """claimed → converted, or → open with a new version, so that a version is claimed once."""
    statement = _REOPEN if state is CartState.OPEN else _CONVERT
    conn.execute(statement, {"cart": cart_id, "until": expires_at})
