"""What becomes of a deleted user's orders: what was sold, paid and sent stays; whose it was goes.

An order that is not over keeps what it needs: to be paid, sent, and answered for.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, exists, select, text, update

from orders.domain import Order
from orders.models import (
    NOT_AT_ITS_END,
    addresses,
    fulfillments,
    idempotency_keys,
    orders,
    payments,
    refunds,
    returns,
)
from orders.records import PaymentState
from orders.repository.addresses import lock_book
from orders.repository.keys import delete_key
from orders.repository.orders import lock_order, save
from orders.states import Status
from shopkit.erasure import BATCH, Left

OVER = (Status.COMPLETED, Status.CANCELLED, Status.FAILED)
SETTLED = (PaymentState.CAPTURED, PaymentState.VOIDED)
QUIET = timedelta(minutes=1)
"""After an order was placed: longer than its request can still want the key's answer."""
_GONE = {"email": "", "note": None, "cart_token": None, "payment_token": None}
_GONE_ADDRESSES = {"shipping_address": None, "billing_address": None}
_GONE_OF = {
    payments: ("token", "next_action", "request_key", "request_fingerprint"),
    fulfillments: ("tracking_number", "tracking_url"),
    returns: ("reason",),
}


def erase(conn: Connection, owner: str, now: datetime) -> Left:
    """The address book, stored answers, and the person of some orders that are over."""
    lock_book(conn, owner)
    conn.execute(delete(addresses).where(addresses.c.owner == owner))
    conn.execute(delete(idempotency_keys).where(idempotency_keys.c.caller == owner))
    found = _find_over(conn, owner, before=now - QUIET)
    for order_id in found:
        order = lock_order(conn, order_id)
        if is_over(order):  # as it is under the lock
            _forget_person(conn, order)
    if len(found) == BATCH:
        return Left.MORE
    others = exists().where(orders.c.owner == owner)
    return Left.NEEDED if conn.execute(select(others)).scalar_one() else Left.NOTHING


def _find_over(conn: Connection, owner: str, *, before: datetime) -> list[str]:
    """Not the others, so that they cannot stand in the way however many they are."""
    of_order = {table: table.c.order_id == orders.c.id for table in (payments, refunds, returns)}
    over = select(orders.c.id).where(
        orders.c.owner == owner,
        orders.c.status.in_([status.value for status in OVER]),
        orders.c.lease_until.is_(None),
        orders.c.placed_at < before,
        ~exists().where(of_order[payments], text(NOT_AT_ITS_END)),
        ~exists().where(of_order[refunds], refunds.c.status == "pending"),
        ~exists().where(of_order[returns], returns.c.status == "requested"),
    )
    chosen = over.order_by(orders.c.id).limit(BATCH).with_for_update(skip_locked=True)
    return list(conn.execute(chosen).scalars())


def is_over(order: Order) -> bool:
    """Whether nobody has to pay, send, take back or give back anything of it."""
    return (
        order.status in OVER
        and not order.unfinished
        and all(one.state in SETTLED and not one.refund_pending for one in order.payments)
        and all(one.status != "pending" for one in order.refunds)
        and all(one.status != "requested" for one in order.returns)
    )


def _forget_person(conn: Connection, order: Order) -> None:
    """Each order gets an owner of its own, so that nobody sees which were one person's."""
    timeline = [_without_words(entry) for entry in order.timeline]
    gone = _GONE | _GONE_ADDRESSES
    save(conn, order, owner=f"erased:{order.id}", timeline=timeline, **gone)
    for table, columns in _GONE_OF.items():
        forgotten: dict[str, Any] = dict.fromkeys(columns)
        conn.execute(update(table).where(table.c.order_id == order.id).values(forgotten))
    delete_key(conn, order.id)


def _without_words(entry: dict[str, Any]) -> dict[str, Any]:
    """What the customer wrote, and nobody else."""
    return entry | {"reason": None} if entry["actor"] == "customer" else entry
