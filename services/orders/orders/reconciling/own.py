"""What orders itself does not get done."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select, text

from orders.discrepancies import Finding, closed_by_staff
from orders.domain import Order
from orders.models import NOT_REFUNDED, orders, outbox, refunds
from orders.reconciling.rounds import Round
from orders.records import Refund
from orders.refunding import REFUND
from orders.repository.orders import COLUMNS, find_orders, with_parts
from orders.states import Step
from shopkit.postman import MAIL

KINDS = frozenset({"stuck_order", "refund_failed", "stuck_event"})
STUCK_AFTER, LATE_AFTER = timedelta(minutes=10), timedelta(hours=1)
MANY_ATTEMPTS = 20
"""With pauses of up to 5 s: a minute and a half of trying."""
AT_MOST = 1000

_UNFINISHED = (
    select(*(orders.c[name] for name in COLUMNS))
    .where(
        orders.c.lease_until.is_not(None),
        orders.c.placed_at < bindparam("before"),
    )
    .limit(AT_MOST)
)
_NOT_REFUNDED = (
    select(refunds.c.id, refunds.c.order_id)
    .where(text(NOT_REFUNDED))
    .order_by(refunds.c.id.desc())
    .limit(AT_MOST)
)
_UNDELIVERED = (
    select(outbox)
    .where(outbox.c.created_at < bindparam("before"), outbox.c.topic.not_in((REFUND, MAIL)))
    .limit(AT_MOST)
)


async def compare_own(round: Round) -> None:
    now = round.it.clock.now()
    for look in (stuck_orders, late_refunds, stuck_events):
        for finding in await round.it.database.read(look, now):
            await round.report(finding)
    await round.close_unseen(KINDS)


def stuck_orders(conn: Connection, now: datetime) -> list[Finding]:
    rows = conn.execute(_UNFINISHED, {"before": now - STUCK_AFTER}).all()
    found = with_parts(conn, rows) if rows else []
    return [
        Finding("stuck_order", one.id, f"{one.step} after {one.attempts} attempts.", one.id)
        for one in found
        if _is_stuck(one, now)
    ]


def _is_stuck(order: Order, now: datetime) -> bool:
    """An old order that was cancelled just now, or is being captured, is none; `attempts` count
    from there. One that nobody drives at all has a lease that is long over. One that waits for its
    customer is none while that may pay."""
    if order.step == Step.AWAITING_ACTION:
        return order.pay_until is not None and order.pay_until < now - STUCK_AFTER
    assert order.lease_until is not None  # noqa: S101 - it is unfinished
    return order.attempts >= MANY_ATTEMPTS or order.lease_until < now - STUCK_AFTER


def late_refunds(conn: Connection, now: datetime) -> list[Finding]:
    rows = conn.execute(_NOT_REFUNDED).all()
    found = find_orders(conn, {row.order_id for row in rows})
    seen_to = closed_by_staff(conn, "refund_failed", [row.id for row in rows])
    each = ((order, refund) for order in found.values() for refund in order.refunds)
    return [
        Finding("refund_failed", one.id, f"{one.amount} {order.currency}: {one.status}.", order.id)
        for order, one in each
        if _is_late(order, one, now) and not (one.status == "failed" and one.id in seen_to)
    ]


def _is_late(order: Order, refund: Refund, now: datetime) -> bool:
    """A refund that failed stays so; it is done with when another took its place."""
    if refund.status == "failed":
        return not any(one.id > refund.id for one in order.refunds)
    return refund.status == "pending" and refund.created_at < now - LATE_AFTER


def stuck_events(conn: Connection, now: datetime) -> list[Finding]:
    rows = conn.execute(_UNDELIVERED, {"before": now - LATE_AFTER}).all()
    return [
        Finding(
            "stuck_event",
            row.id,
            f"{row.topic} is not delivered after {row.attempts} attempts.",
            row.payload.get("order_id"),
        )
        for row in rows
    ]
