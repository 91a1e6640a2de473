"""SQL for claims: which order has which cart."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from cart.domain import ClaimState
from cart.models import claims
from shopkit.tables import insert_or_ignore

Claim = Row[Any]


def find_claim(conn: Connection, *, order_id: str) -> Claim | None:
    return conn.execute(select(claims).where(claims.c.order_id == order_id)).one_or_none()


def lock_claim(conn: Connection, *, order_id: str) -> Claim | None:
    found = select(claims).where(claims.c.order_id == order_id).with_for_update()
    return conn.execute(found).one_or_none()


def insert_claim(
    conn: Connection, *, order_id: str, owner: str, cart_id: str, snapshot: Any, now: datetime
) -> bool:
    """False when the order has a claim, or a tombstone, already."""
    row = {
        "order_id": order_id,
        "state": ClaimState.CLAIMED,
        "cart_id": cart_id,
        "owner": owner,
        "snapshot": snapshot,
        "changed_at": now,
    }
    return insert_or_ignore(conn, claims, row)


def insert_tombstone(conn: Connection, *, order_id: str, now: datetime) -> bool:
    """False when the order has a claim, or a tombstone, already."""
    row = {"order_id": order_id, "state": ClaimState.RELEASED, "changed_at": now}
    return insert_or_ignore(conn, claims, row)


def set_claim_state(conn: Connection, *, order_id: str, state: ClaimState, now: datetime) -> None:
    values: dict[str, Any] = {"state": state, "changed_at": now}
    if state is ClaimState.RELEASED:
        values |= {"cart_id": None, "owner": None, "snapshot": None}
    conn.execute(update(claims).where(claims.c.order_id == order_id).values(values))
