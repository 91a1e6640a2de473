"""Rows of scheduled changes of prices, and which products have anything due."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from catalog.models import price_changes, products
from shopkit.tables import Instant, Int

c, p = price_changes.c, products.c
OPEN = ("scheduled", "active")
_INSERT = insert(price_changes)
_GET = select(price_changes).where(
    c.id == bindparam("change_id"), c.product_id == bindparam("product_id")
)
_of_product = select(price_changes).where(c.product_id == bindparam("product_id"))
_OPEN = _of_product.where(c.status.in_(OPEN)).order_by(c.starts_at)
_PAGE = _of_product.order_by(c.id.desc()).limit(bindparam("limit", type_=Int))
_NEXT_PAGE = _PAGE.where(c.id < bindparam("before"))
_now = bindparam("now", type_=Instant)
_limit = bindparam("limit", type_=Int)
_DUE = tuple(
    select(product_id).where(due <= _now).order_by(due).limit(_limit)
    for product_id, due in (
        (c.product_id, c.due_at),
        (p.id, p.publish_at),
        (p.id, p.archive_at),
    )
)


def insert_change(conn: Connection, values: dict[str, Any]) -> None:
    conn.execute(_INSERT, values)


def find_change(conn: Connection, *, product_id: str, change_id: str) -> dict[str, Any] | None:
    row = conn.execute(_GET, {"product_id": product_id, "change_id": change_id}).mappings().first()
    return None if row is None else dict(row)


def list_open(conn: Connection, *, product_id: str) -> list[dict[str, Any]]:
    """What is still to come or to end, by the time at which it begins."""
    return [dict(row) for row in conn.execute(_OPEN, {"product_id": product_id}).mappings()]


def list_changes(
    conn: Connection, *, product_id: str, before: str | None, limit: int
) -> list[dict[str, Any]]:
    """Newest first."""
    values: dict[str, Any] = {"product_id": product_id, "limit": limit}
    statement = _PAGE
    if before is not None:
        values["before"], statement = before, _NEXT_PAGE
    return [dict(row) for row in conn.execute(statement, values).mappings()]


def move(conn: Connection, change: dict[str, Any], status: str, **values: Any) -> None:
    """To a status in which it has nothing due unless `values` say so; its product is locked."""
    changed = update(price_changes).where(c.id == change["id"], c.status == change["status"])
    conn.execute(changed.values({"status": status, "due_at": None, **values}))


def list_due(conn: Connection, *, now: datetime, limit: int) -> list[str]:
    """Products of which something is due, longest first; at least one when there is any."""
    found = [conn.execute(due, {"now": now, "limit": limit}).scalars() for due in _DUE]
    return list(dict.fromkeys(str(id_) for ids in found for id_ in ids))[:limit]
