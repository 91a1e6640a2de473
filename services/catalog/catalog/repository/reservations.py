"""Rows of reservations."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, delete, func, select, update

from catalog.models import reservation_lines, reservations, returns
from shopkit.tables import Int, insert_or_ignore, insert_rows

ENDED = ("released", "expired")
r, line = reservations.c, reservation_lines.c
_SHOWN = (r.order_id, r.status, r.expires_at, r.lines)
_GET = select(*_SHOWN).where(r.order_id == bindparam("order_id"))
_MOVE = (
    update(reservations)
    .where(r.order_id == bindparam("order"), r.status == bindparam("was"))
    .values(status=bindparam("becomes"))
    .returning(*_SHOWN)
)
_LOCK = select(r.status).where(r.order_id == bindparam("order_id")).with_for_update()
_QUANTITIES = select(line.product_id, (line.quantity - line.returned).label("left")).where(
    line.order_id == bindparam("order_id"), line.quantity > line.returned
)
_q = bindparam("taken_back", type_=Int)
_ADD_RETURNED = (
    update(reservation_lines)
    .where(
        line.order_id == bindparam("order"),
        line.product_id == bindparam("product"),
        line.quantity - line.returned >= _q,
    )
    .values(returned=line.returned + _q)
)
# With NOT IN, since SQLite would read all that was ever sold by the index on the status, and sort.
_PAGE = (
    select(r.order_id, r.status, r.expires_at, r.created_at)
    .where(r.order_id > bindparam("after"), r.status.not_in(ENDED))
    .order_by(r.order_id)
    .limit(bindparam("limit", type_=Int))
)
_LINES_OF_MANY = select(line.order_id, line.product_id, line.quantity).where(
    line.order_id.in_(bindparam("order_ids", expanding=True))
)
_STATUSES = select(r.order_id, r.status).where(
    r.order_id.in_(bindparam("order_ids", expanding=True))
)


def insert_reservation(conn: Connection, reservation: Mapping[str, Any], *, now: datetime) -> bool:
    """Without rows for its lines. False when the order has one already. Waits for whoever is just
    making it."""
    lines = json.dumps(reservation["lines"], ensure_ascii=False)
    row = {**reservation, "lines": lines, "created_at": now}
    return insert_or_ignore(conn, reservations, row)


def insert_lines(conn: Connection, reservation: Mapping[str, Any]) -> None:
    rows = [
        {
            "order_id": reservation["order_id"],
            "product_id": one["product_id"],
            "quantity": one["quantity"],
        }
        for one in reservation["lines"]
    ]
    insert_rows(conn, reservation_lines, rows)


def find_reservation(conn: Connection, *, order_id: str) -> dict[str, Any] | None:
    return _shown(conn.execute(_GET, {"order_id": order_id}).mappings().first())


def _shown(row: RowMapping | None) -> dict[str, Any] | None:
    return None if row is None else {**row, "lines": json.loads(row["lines"])}


def list_reservations(conn: Connection, *, after: str, limit: int) -> list[dict[str, Any]]:
    """What is held or sold, by order id; `quantities` are pieces per product."""
    page = conn.execute(_PAGE, {"after": after, "limit": limit}).mappings()
    found: dict[str, dict[str, Any]] = {row["order_id"]: {**row, "quantities": {}} for row in page}
    for one in conn.execute(_LINES_OF_MANY, {"order_ids": list(found)}):
        found[one.order_id]["quantities"][one.product_id] = one.quantity
    return list(found.values())


def find_statuses(conn: Connection, *, order_ids: list[str]) -> list[dict[str, Any]]:
    """`order_id` and `status` of those that have a reservation."""
    found = conn.execute(_STATUSES, {"order_ids": order_ids})
    return [dict(row) for row in found.mappings()]


def move(conn: Connection, *, order_id: str, was: str, becomes: str) -> dict[str, Any] | None:
    """Compare and set of the status; the reservation as it then is, None when it `was` another."""
    changed = conn.execute(_MOVE, {"order": order_id, "was": was, "becomes": becomes})
    return _shown(changed.mappings().first())


def lock_status(conn: Connection, *, order_id: str) -> str | None:
    return conn.execute(_LOCK, {"order_id": order_id}).scalar()


def quantities_of(conn: Connection, *, order_id: str) -> dict[str, int]:
    """Pieces per product, without what has come back."""
    found = conn.execute(_QUANTITIES, {"order_id": order_id})
    return {row.product_id: row.left for row in found}


def add_returned(conn: Connection, *, order_id: str, product_id: str, quantity: int) -> bool:
    """False, and nothing is changed, when not so many are still with the customer."""
    values = {"order": order_id, "product": product_id, "taken_back": quantity}
    return conn.execute(_ADD_RETURNED, values).rowcount == 1


def lock_due(conn: Connection, *, now: datetime, limit: int) -> list[str]:
    """Held reservations whose time is over, but not those that somebody works on just now."""
    due = (
        select(r.order_id)
        .where(r.status == "held", r.expires_at <= now)
        .order_by(r.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(conn.execute(due).scalars())


def expire(conn: Connection, order_ids: list[str]) -> Mapping[str, int]:
    """Compare and set held to expired; the quantities per product that were held."""
    expired = (
        update(reservations)
        .where(r.order_id.in_(order_ids), r.status == "held")
        .values(status="expired")
        .returning(r.order_id)
    )
    changed = list(conn.execute(expired).scalars())
    summed = (
        select(line.product_id, func.sum(line.quantity))
        .where(line.order_id.in_(changed))
        .group_by(line.product_id)
    )
    return {id_: int(quantity) for id_, quantity in conn.execute(summed)}


def delete_tombstones(conn: Connection, *, before: datetime, limit: int) -> int:
    """Forget reservations that came to nothing before a time; how many."""
    old = (
        select(r.order_id)
        .where(r.status.in_(ENDED), r.expires_at < before)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(conn.execute(old).scalars())
    if ids:
        conn.execute(delete(returns).where(returns.c.order_id.in_(ids)))
        conn.execute(delete(reservation_lines).where(line.order_id.in_(ids)))
        conn.execute(delete(reservations).where(r.order_id.in_(ids)))
    return len(ids)
