"""SQL for claims: which order has which cart."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, null, select, update

from cart.domain import ClaimState
from cart.models import claims
from shopkit.tables import Int, insert_or_ignore

Claim = Row[Any]
_FIND = select(claims).where(claims.c.order_id == bindparam("order_id"))
_LOCK = (
    select(claims.c.state, claims.c.cart_id, claims.c.owner)
    .where(claims.c.order_id == bindparam("order_id"))
    .with_for_update()
)
# With <>, since SQLite would read all that was ever claimed by the index on the state, and sort.
_PAGE = (
    select(claims.c.order_id, claims.c.state.label("status"))
    .where(claims.c.order_id > bindparam("after"), claims.c.state != ClaimState.RELEASED)
    .order_by(claims.c.order_id)
    .limit(bindparam("limit", type_=Int))
)
_STATUSES = select(claims.c.order_id, claims.c.state.label("status")).where(
    claims.c.order_id.in_(bindparam("order_ids", expanding=True))
)
_SET_STATE = (
    update(claims)
    .where(claims.c.order_id == bindparam("claimed_for"))
    .values(state=bindparam("new_state"), changed_at=bindparam("now"))
)
_RELEASE = _SET_STATE.values(cart_id=null(), owner=null(), snapshot=null())


def find_claim(conn: Connection, *, order_id: str) -> Claim | None:
    return conn.execute(_FIND, {"order_id": order_id}).one_or_none()


def list_claims(conn: Connection, *, after: str, limit: int) -> list[dict[str, Any]]:
    """Claims that were not released, by order id."""
    found = conn.execute(_PAGE, {"after": after, "limit": limit})
    return [dict(row) for row in found.mappings()]


def find_statuses(conn: Connection, *, order_ids: list[str]) -> list[dict[str, Any]]:
    """`order_id` and `status` of those that have a claim, or a tombstone."""
    found = conn.execute(_STATUSES, {"order_ids": order_ids})
    return [dict(row) for row in found.mappings()]


def lock_claim(conn: Connection, *, order_id: str) -> Any | None:
    """Its row (state, cart_id, owner)."""
    return conn.execute(_LOCK, {"order_id": order_id}).one_or_none()


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
    statement = _RELEASE if state is ClaimState.RELEASED else _SET_STATE
    conn.execute(statement, {"claimed_for": order_id, "new_state": state, "now": now})
