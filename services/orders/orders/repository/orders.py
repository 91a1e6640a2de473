"""Orders with their lines and papers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Update, bindparam, insert, select, text, update

from orders.domain import Line, Order
from orders.errors import FenceLost
from orders.models import order_lines, orders
from orders.repository.locks import one_at_a_time
from orders.repository.papers import PAPERS, read_papers
from orders.states import (
    FULFILLMENT_MOVES,
    MOVES,
    PAYMENT_MOVES,
    STATUS_MOVES,
    FulfillmentStatus,
    PaymentStatus,
    Status,
    Step,
    is_owed,
    move,
    status_of,
)
from shopkit.tables import insert_rows

COLUMNS = tuple(item.name for item in fields(Order) if item.name not in ("lines", *PAPERS))
_STATES = {
    "step": Step,
    "status": Status,
    "payment_status": PaymentStatus,
    "fulfillment_status": FulfillmentStatus,
}
_LINE_COLUMNS = tuple(item.name for item in fields(Line))

INSERT_ORDER = insert(orders)
SELECT_ORDER = select(*(orders.c[name] for name in COLUMNS)).where(
    orders.c.id == bindparam("order_id")
)
SELECT_ORDERS = select(*(orders.c[name] for name in COLUMNS)).where(
    orders.c.id.in_(bindparam("order_ids", expanding=True))
)
LOCK_ORDER = SELECT_ORDER.with_for_update()
SELECT_LINES = (
    select(order_lines.c.order_id, *(order_lines.c[name] for name in _LINE_COLUMNS))
    .where(order_lines.c.order_id.in_(bindparam("order_ids", expanding=True)))
    .order_by(order_lines.c.order_id, order_lines.c.position)
)
SELECT_UNPAID = (
    select(orders.c.id, orders.c.owner, orders.c.status)
    .where(orders.c.debtor == bindparam("b_debtor"))
    .limit(bindparam("at_most"))
)
SELECT_PENDING = SELECT_UNPAID.where(orders.c.status == text("'pending'"))
TAKE_OVER = (
    update(orders)
    .where(
        orders.c.id == bindparam("b_id"),
        orders.c.fence == bindparam("b_fence"),
        # Under the same fence it may have gone on, been given up or finished since it was read.
        orders.c.version == bindparam("b_version"),
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
    rows = [
        {
            "order_id": order_id,
            "position": position,
            **{name: getattr(line, name) for name in _LINE_COLUMNS},
        }
        for position, line in enumerate(lines)
    ]
    insert_rows(conn, order_lines, rows)


def find_order(conn: Connection, order_id: str) -> Order | None:
    row = conn.execute(SELECT_ORDER, {"order_id": order_id}).one_or_none()
    return with_parts(conn, [row])[0] if row else None


def find_orders(conn: Connection, order_ids: Iterable[str]) -> dict[str, Order]:
    """By id, without those that there are not."""
    rows = conn.execute(SELECT_ORDERS, {"order_ids": list(order_ids)}).all()
    return {order.id: order for order in with_parts(conn, rows)} if rows else {}


def lock_order(conn: Connection, order_id: str, fence: int | None = None) -> Order:
    """One that is there, as it is now, until the transaction ends: whoever changes an order that
    is placed begins with this. Raises FenceLost when it has another fence than `fence`."""
    order = find_and_lock(conn, order_id)
    assert order is not None  # noqa: S101 - whoever asks knows that it is there
    if fence not in (None, order.fence):
        raise FenceLost(order_id)
    return order


def find_and_lock(conn: Connection, order_id: str) -> Order | None:
    """`lock_order` for one that may not be there."""
    row = conn.execute(LOCK_ORDER, {"order_id": order_id}).one_or_none()
    return with_parts(conn, [row])[0] if row else None


def with_parts(conn: Connection, rows: Sequence[Any]) -> list[Order]:
    """Orders from rows that have COLUMNS, each with its lines and papers."""
    lines: dict[str, list[Line]] = {row.id: [] for row in rows}
    for order_id, *values in conn.execute(SELECT_LINES, {"order_ids": list(lines)}):
        lines[order_id].append(Line(*values))
    papers = read_papers(conn, [row.id for row in rows if row.has_papers])
    return [_order(row, tuple(lines[row.id]), papers.get(row.id, {})) for row in rows]


def _order(row: Any, lines: tuple[Line, ...], papers: dict[str, Any]) -> Order:
    values = dict(zip(COLUMNS, row, strict=True))
    for name, states in _STATES.items():
        values[name] = states(values[name])
    return Order(**values, **papers, lines=lines)


@cache
def _saga_update(columns: tuple[str, ...]) -> Update:
    return (
        update(orders)
        .where(orders.c.id == bindparam("b_id"), orders.c.fence == bindparam("b_fence"))
        .values({name: bindparam(name) for name in columns})
    )


def save(conn: Connection, order: Order, /, *path: Step, **changes: Any) -> Order:
    """The one way in which an order is written: moves its step along `path`, sets `changes`, and
    what follows from both: the statuses, and whether anybody still owes it.

    Raises FenceLost when somebody else has taken the order over (checkout.md, rule 1), and
    InvalidMove.
    """
    changes |= _states(order, path, changes) | {"version": order.version + 1}
    keys = {"b_id": order.id, "b_fence": order.fence}
    if conn.execute(_saga_update(tuple(changes)), keys | changes).rowcount != 1:
        raise FenceLost(order.id)
    return replace(order, **changes)


def _states(order: Order, path: Sequence[Step], changes: dict[str, Any]) -> dict[str, Any]:
    step = move(MOVES, order.step, *path)
    paid = changes.get("payment_status", order.payment_status)
    sent = changes.get("fulfillment_status", order.fulfillment_status)
    move(PAYMENT_MOVES, order.payment_status, paid)
    move(FULFILLMENT_MOVES, order.fulfillment_status, sent)
    status = move(STATUS_MOVES, order.status, status_of(step, paid, sent))
    debtor = order.debtor if is_owed(status, paid, sent) else None
    changed = {} if debtor == order.debtor else {"debtor": debtor}
    return {"step": step, "status": status, **changed}


def count_lines(conn: Connection, order: Order, counter: str, items: Mapping[str, int]) -> None:
    """Add to `fulfilled`, `returned` or `refunded` of the lines of these products.

    The table's checks have the last word on how many there can be.
    """
    for position, line in enumerate(order.lines):
        if added := items.get(line.product_id):
            here = (order_lines.c.order_id == order.id) & (order_lines.c.position == position)
            count = order_lines.c[counter] + added
            conn.execute(update(order_lines).where(here).values({counter: count}))


def take_over(conn: Connection, order: Order, until: datetime) -> Order | None:
    """The order, unfinished, under a new fence, ours; None when it is not as it was read."""
    read = {"b_id": order.id, "b_fence": order.fence, "b_version": order.version}
    if conn.execute(TAKE_OVER, read | {"until": until}).rowcount != 1:
        return None
    return replace(order, fence=order.fence + 1, lease_until=until)


def postpone(conn: Connection, order: Order, until: datetime) -> None:
    """Let go of an order until `until`; does nothing when the fence is not ours any more."""
    conn.execute(POSTPONE, {"b_id": order.id, "b_fence": order.fence, "until": until})


def list_unpaid(conn: Connection, order: Order, limit: int) -> Sequence[Any]:
    """Up to `limit` orders that stand in the way of this new one, as id, owner and status: those
    that its debtor owes, or has in the making if it is paid at once. Until the transaction ends
    nobody else adds to them."""
    one_at_a_time(conn, f"{order.debtor}")
    sought = SELECT_UNPAID if order.is_paid_later else SELECT_PENDING
    return conn.execute(sought, {"b_debtor": order.debtor, "at_most": limit}).all()
