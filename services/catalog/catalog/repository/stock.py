"""Rows of stock, and the ledger of their changes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, or_, select, update

from catalog.models import products, stock, stock_movements
from shopkit.ids import new_id
from shopkit.tables import Int, insert_rows

s, m = stock.c, stock_movements.c
_GET = (
    select(*s)
    .join(products, products.c.id == s.product_id)
    .where(s.product_id == bindparam("product_id"), products.c.status != "deleted")
)
_LOCK = _GET.with_for_update(of=stock)
_q = bindparam("quantity", type_=s.on_hand.type)
_of_product = update(stock).where(s.product_id == bindparam("product"))
_RESERVE = _of_product.where(or_(s.backorder, s.on_hand - s.reserved >= _q)).values(
    reserved=s.reserved + _q, version=s.version + 1
)
_UNRESERVE = _of_product.values(reserved=s.reserved - _q, version=s.version + 1)
_SELL = _of_product.values(on_hand=s.on_hand - _q, reserved=s.reserved - _q, version=s.version + 1)
_available = s.on_hand - s.reserved
_SHORT = {
    "out_of_stock": _available <= 0,
    "low_stock": and_(
        _available > 0,
        _available <= func.coalesce(s.low_stock_level, bindparam("low_stock", type_=Int)),
    ),
}
_LIST_SHORT = (
    select(*s, products.c.sku, products.c.name)
    .join(products, products.c.id == s.product_id)
    .where(products.c.status == "active", s.product_id > bindparam("after"))
    .order_by(s.product_id)
    .limit(bindparam("limit", type_=Int))
)
_RESTOCK = _of_product.values(on_hand=s.on_hand + _q, version=s.version + 1)


def insert_stock(conn: Connection, on_hand: Mapping[str, int]) -> None:
    """Of products that are new, by id."""
    rows = [{"product_id": id_, "on_hand": count} for id_, count in on_hand.items()]
    insert_rows(conn, stock, rows, same={"reserved": 0, "version": 1})


def find_stock(conn: Connection, *, product_id: str) -> dict[str, Any] | None:
    row = conn.execute(_GET, {"product_id": product_id}).mappings().first()
    return None if row is None else dict(row)


def lock_stock(conn: Connection, *, product_id: str) -> dict[str, Any] | None:
    row = conn.execute(_LOCK, {"product_id": product_id}).mappings().first()
    return None if row is None else dict(row)


def set_on_hand(conn: Connection, *, product_id: str, on_hand: int) -> bool:
    """False, and nothing is changed, when more is reserved and nothing may be owed."""
    enough = or_(s.backorder, s.reserved <= on_hand)
    statement = update(stock).where(s.product_id == product_id, enough)
    changed = conn.execute(statement.values(on_hand=on_hand, version=s.version + 1))
    return changed.rowcount == 1


def set_terms(
    conn: Connection, *, product_id: str, backorder: bool, low_stock_level: int | None
) -> bool:
    """False, and nothing is changed, when more is promised than a stock without backorder can."""
    statement = update(stock).where(s.product_id == product_id)
    if not backorder:
        statement = statement.where(s.reserved <= s.on_hand)
    terms = {"backorder": backorder, "low_stock_level": low_stock_level}
    return conn.execute(statement.values(**terms, version=s.version + 1)).rowcount == 1


def list_short(
    conn: Connection, *, state: str, low_stock: int, after: str, limit: int
) -> list[dict[str, Any]]:
    """Stock of active products in a state, by product id.

    No index: it would have to follow every reservation. All of a million rows take 0.1 s.
    """
    values = {"low_stock": low_stock, "after": after, "limit": limit}
    found = conn.execute(_LIST_SHORT.where(_SHORT[state]), values)
    return [dict(row) for row in found.mappings()]


def reserve_stock(conn: Connection, *, product_id: str, quantity: int) -> bool:
    """False, and nothing is changed, when so many are not available."""
    changed = conn.execute(_RESERVE, {"product": product_id, "quantity": quantity})
    return changed.rowcount == 1


def unreserve_stock(conn: Connection, quantities: Mapping[str, int]) -> None:
    _each(conn, _UNRESERVE, quantities)


def sell_stock(conn: Connection, quantities: Mapping[str, int]) -> None:
    """Take what was reserved out of the stock."""
    _each(conn, _SELL, quantities)


def restock(conn: Connection, quantities: Mapping[str, int]) -> None:
    _each(conn, _RESTOCK, quantities)


def _each(conn: Connection, statement: Any, quantities: Mapping[str, int]) -> None:
    """Rows are locked in the order of their ids, whoever comes: nobody waits in a circle."""
    for product_id in sorted(quantities):
        conn.execute(statement, {"product": product_id, "quantity": quantities[product_id]})


def record_movements(
    conn: Connection,
    quantities: Mapping[str, int],
    *,
    kind: str,
    now: datetime,
    order_id: str | None = None,
    reason: str | None = None,
    actor: str | None = None,
) -> None:
    """Write to the ledger what `on_hand` of each product changed by."""
    same = {"kind": kind, "order_id": order_id, "reason": reason, "actor": actor, "created_at": now}
    rows = [
        {"id": new_id(), "product_id": product_id, "quantity": quantity}
        for product_id, quantity in quantities.items()
        if quantity
    ]
    insert_rows(conn, stock_movements, rows, same=same)


def list_movements(
    conn: Connection, *, product_id: str, after: int | None, limit: int
) -> list[dict[str, Any]]:
    """Newest first."""
    statement = (
        select(stock_movements)
        .where(m.product_id == product_id)
        .order_by(m.seq.desc())
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(m.seq < after)
    return [dict(row) for row in conn.execute(statement).mappings()]
