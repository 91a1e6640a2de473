"""The keys of checkouts, each pointing to the order that answers for it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from orders.domain import Order
from orders.models import checkout_keys, idempotency_keys
from shopkit.tables import insert_or_ignore

SELECT_KEY = select(checkout_keys).where(
    checkout_keys.c.caller == bindparam("b_caller"), checkout_keys.c.key == bindparam("b_key")
)
DELETE_KEY = checkout_keys.delete().where(checkout_keys.c.order_id == bindparam("b_order_id"))
USED_ELSEWHERE = select(idempotency_keys.c.key).where(
    idempotency_keys.c.caller == bindparam("b_caller"), idempotency_keys.c.key == bindparam("b_key")
)
STORE_ANSWER = (
    update(checkout_keys)
    .where(checkout_keys.c.order_id == bindparam("b_order_id"))
    .values(status=bindparam("status"), body=bindparam("body"))
)


def insert_key(conn: Connection, key: Mapping[str, Any]) -> bool:
    """True when the key is new."""
    return insert_or_ignore(conn, checkout_keys, dict(key))


def find_key(conn: Connection, caller: str, key: str) -> RowMapping | None:
    return conn.execute(SELECT_KEY, {"b_caller": caller, "b_key": key}).mappings().one_or_none()


def get_key(conn: Connection, caller: str, key: str) -> RowMapping:
    """One that is there: keys that are in use, or not old, are never forgotten."""
    found = find_key(conn, caller, key)
    assert found is not None  # noqa: S101
    return found


def is_used_elsewhere(conn: Connection, caller: str, key: str) -> bool:
    """By a request that is no checkout."""
    named = {"b_caller": caller, "b_key": key}
    return conn.execute(USED_ELSEWHERE, named).one_or_none() is not None


def delete_key(conn: Connection, order_id: str) -> None:
    """By its order: another request may have put the same key anew meanwhile."""
    conn.execute(DELETE_KEY, {"b_order_id": order_id})


def store_answer(conn: Connection, order: Order, status: int, body: Any) -> None:
    """What every repetition of the checkout's key will be answered with."""
    if order.has_key:
        conn.execute(STORE_ANSWER, {"b_order_id": order.id, "status": status, "body": body})
