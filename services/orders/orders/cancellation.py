"""The request side of a cancellation: a saga of its own, that only goes forward (rule 3)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from orders.auditing import record_change
from orders.domain import Actor, Order, event
from orders.errors import CheckoutCancelled, InvalidState
from orders.parties import Parties
from orders.repository.orders import lock_order, save
from orders.running import Sagas
from orders.states import FulfillmentStatus, Step
from orders.undoing import refund_rest

ANSWER_SECONDS = 10.0
CANCELLED = (Step.CANCELLING, Step.CANCELLED)


@dataclass(frozen=True)
class Cancellation:
    """Who cancels, why, and whether the goods go back into stock."""

    actor: Actor
    reason: str | None
    restock: bool = True
    unless_paid: bool = False
    """For whom only an unpaid order is to be cancelled: it may be paid meanwhile."""


async def cancel_order(it: Parties, sagas: Sagas, order: Order, wanted: Cancellation) -> Order:
    """Cancel for good; again: the order as it is. Stock and money go back after that, if need be
    later than the answer.

    Raises InvalidState for an order that is not confirmed, nor waits for its customer to pay, or
    of which something is shipped.
    """
    now, until = it.clock.now(), it.lease_end()
    async with it.at("x1"):
        cancelled, begun = await it.database.run(
            store_cancelling, order.id, wanted, now=now, until=until
        )
    if begun:
        sagas.start(cancelled)
        return await sagas.wait(cancelled.id, ANSWER_SECONDS) or cancelled
    return cancelled


def store_cancelling(
    conn: Connection, order_id: str, wanted: Cancellation, *, now: datetime, until: datetime
) -> tuple[Order, bool]:
    """The cancelled order, and whether it was this that cancelled it."""
    order = lock_order(conn, order_id)
    if (
        order.step in CANCELLED
        or given_up(order)
        or (wanted.unless_paid and order.captured is not None)
    ):
        return order, False
    changes = {"fence": order.fence + 1, "lease_until": until, "attempts": 0}
    entry = event(now, "cancelled", actor=wanted.actor, reason=wanted.reason)
    changes["timeline"] = [*order.timeline, entry]
    if order.step == Step.AWAITING_ACTION:  # nothing is sold yet: it is given up as a checkout
        failure = CheckoutCancelled("The order was cancelled before it was paid.").stored()
        cancelled = save(conn, order, Step.COMPENSATING, failure=failure, **changes)
        record_change(conn, "cancel", order, cancelled, actor=wanted.actor, now=now)
        return cancelled, True
    unfulfilled = order.fulfillment_status == FulfillmentStatus.UNFULFILLED
    if order.step != Step.CONFIRMED or not unfulfilled:
        raise InvalidState(
            f"The order is {order.status} and {order.fulfillment_status}; only a confirmed one of "
            "which nothing was sent can be cancelled. What was sent can be returned.",
            order_status=order.status,
        )
    cancelling = save(conn, order, Step.CANCELLING, restock=wanted.restock, **changes)
    cancelled = refund_rest(conn, cancelling, now, wanted.actor)
    record_change(conn, "cancel", order, cancelled, actor=wanted.actor, now=now)
    return cancelled, True


def given_up(order: Order) -> bool:
    """Whether it was cancelled while it waited for its customer."""
    return (order.failure or {}).get("code") == CheckoutCancelled.code
