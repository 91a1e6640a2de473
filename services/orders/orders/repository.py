"""Reading and writing orders. Statements are built once; functions run inside a transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, RowMapping, Update, bindparam, func, insert, select, text, update

from orders.domain import STATUS_OF, Line, Order, Step, move
from orders.errors import FenceLost
from orders.models import checkout_keys, order_lines, orders
from shopkit.tables import insert_or_ignore

COLUMNS = tuple(item.name for item in fields(Order) if item.name != "lines")
_LINE_COLUMNS = tuple(item.name for item in fields(Line))

INSERT_ORDER = insert(orders)
INSERT_LINES = insert(order_lines)
SELECT_ORDER = select(*(orders.c[name] for name in COLUMNS)).where(
    orders.c.id == bindparam("order_id")
)
SELECT_LINES = (
    select(order_lines.c.order_id, *(order_lines.c[name] for name in _LINE_COLUMNS))
    .where(order_lines.c.order_id.in_(bindparam("order_ids", expanding=True)))
    .order_by(order_lines.c.order_id, order_lines.c.position)
)
SELECT_KEY = select(checkout_keys).where(
    checkout_keys.c.caller == bindparam("b_caller"), checkout_keys.c.key == bindparam("b_key")
)
DELETE_KEY = checkout_keys.delete().where(checkout_keys.c.order_id == bindparam("b_order_id"))
STORE_ANSWER = (
    update(checkout_keys)
    .where(checkout_keys.c.order_id == bindparam("b_order_id"))
    .values(status=bindparam("status"), body=bindparam("body"))
)
COUNT_PENDING = (
    select(func.count())
    .select_from(orders)
    .where(orders.c.owner == bindparam("b_owner"), orders.c.status == text("'pending'"))
)
ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended(:owner, 0))")
TAKE_OVER = (
    update(orders)
    .where(
        orders.c.id == bindparam("b_id"),
        orders.c.fence == bindparam("b_fence"),
        orders.c.lease_until.is_not(None),  # it may have been finished since it was read
    )
    .values(fence=orders.c.fence + 1, lease_until=bindparam("until"))
)
POSTPONE = (
    update(orders)
    .where(
        orders.c.id == bindparam("b_id"),
        orders.c.fence == bindparam("b_fence"),
        orders.c.lease_until.is_not(None),
    )
    .values(attempts=orders.c.attempts + 1, lease_until=bindparam("until"))
)


def insert_order(conn: Connection, order: Order) -> None:
    conn.execute(INSERT_ORDER, {name: getattr(order, name) for name in COLUMNS})


def insert_lines(conn: Connection, order_id: str, lines: Iterable[Line]) -> None:
    conn.execute(
        INSERT_LINES,
        [
            {
                "order_id": order_id,
                "position": position,
                **{name: getattr(line, name) for name in _LINE_COLUMNS},
            }
            for position, line in enumerate(lines)
        ],
    )


def find_order(conn: Connection, order_id: str) -> Order | None:
    row = conn.execute(SELECT_ORDER, {"order_id": order_id}).one_or_none()
    return with_lines(conn, [row])[0] if row else None


def with_lines(conn: Connection, rows: Sequence[Any]) -> list[Order]:
    """Orders from rows that have COLUMNS, each with its lines."""
    lines: dict[str, list[Line]] = {row.id: [] for row in rows}
    for order_id, *values in conn.execute(SELECT_LINES, {"order_ids": list(lines)}):
        lines[order_id].append(Line(*values))
    return [
        Order(**{**row._mapping, "step": Step(row.step)}, lines=tuple(lines[row.id]))
        for row in rows
    ]


@cache
def _saga_update(columns: tuple[str, ...]) -> Update:
    return (
        update(orders)
        .where(orders.c.id == bindparam("b_id"), orders.c.fence == bindparam("b_fence"))
        .values({name: bindparam(name) for name in columns})
    )


def save(conn: Connection, order: Order, /, *path: Step, **changes: Any) -> Order:
    """The one way in which a saga writes its order: moves it along `path` and sets `changes`.

    Raises FenceLost when somebody else has taken the order over (checkout.md, rule 1), and
    InvalidMove.
    """
    step = move(order.step, *path)
    changes |= {"step": step, "status": STATUS_OF[step].value, "version": order.version + 1}
    keys = {"b_id": order.id, "b_fence": order.fence}
    if conn.execute(_saga_update(tuple(changes)), keys | changes).rowcount != 1:
        raise FenceLost(order.id)
    return replace(order, **changes)


def take_over(conn: Connection, order: Order, until: datetime) -> Order | None:
    """The order under a new fence, ours; None when somebody else was faster."""
    taken = {"b_id": order.id, "b_fence": order.fence, "until": until}
    if conn.execute(TAKE_OVER, taken).rowcount != 1:
        return None
    return replace(order, fence=order.fence + 1, lease_until=until)


def postpone(conn: Connection, order: Order, until: datetime) -> None:
    """Let go of an order until `until`; does nothing when the fence is not ours any more."""
    conn.execute(POSTPONE, {"b_id": order.id, "b_fence": order.fence, "until": until})


def has_pending(conn: Connection, owner: str, limit: int) -> bool:
    """True when the owner has as many as `limit` orders in the making."""
    if conn.dialect.name == "postgresql":  # SQLite has one writer anyway
        conn.execute(ONE_AT_A_TIME, {"owner": owner})
    return conn.execute(COUNT_PENDING, {"b_owner": owner}).scalar_one() >= limit


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


def delete_key(conn: Connection, order_id: str) -> None:
    """By its order: another request may have put the same key anew meanwhile."""
    conn.execute(DELETE_KEY, {"b_order_id": order_id})


def store_answer(conn: Connection, order: Order, status: int, body: Any) -> None:
    """What every repetition of the checkout's key will be answered with."""
    if order.has_key:
        conn.execute(STORE_ANSWER, {"b_order_id": order.id, "status": status, "body": body})
