"""The request side of a cancellation: a saga of its own, that only goes forward (rule 3)."""

from datetime import datetime

from sqlalchemy import Connection

from orders.domain import Order, Step, event
from orders.errors import FenceLost, InvalidState
from orders.parties import Parties
from orders.repository import find_order, save
from orders.running import Sagas

ANSWER_SECONDS = 10.0
CANCELLED = (Step.CANCELLING, Step.CANCELLED)


async def cancel_order(
    it: Parties, sagas: Sagas, order: Order, *, actor: str, reason: str | None
) -> Order:
    """Cancel for good; again: the order as it is. The stock goes back after that, if need be
    later than the answer.

    Raises InvalidState for an order that is not confirmed, or is shipped.
    """
    async with it.at("x1"):
        cancelled, begun = await _begin(it, order.id, actor, reason)
    if begun:
        sagas.start(cancelled)
        return await sagas.wait(cancelled.id, ANSWER_SECONDS) or cancelled
    return cancelled


async def _begin(it: Parties, order_id: str, actor: str, reason: str | None) -> tuple[Order, bool]:
    try:
        return await _store(it, order_id, actor, reason)
    except FenceLost:  # somebody else cancelled between our read and our write
        return await _store(it, order_id, actor, reason)


async def _store(it: Parties, order_id: str, actor: str, reason: str | None) -> tuple[Order, bool]:
    now, until = it.clock.now(), it.lease_end()
    return await it.database.run(store_cancelling, order_id, actor, reason, now=now, until=until)


def store_cancelling(
    conn: Connection,
    order_id: str,
    actor: str,
    reason: str | None,
    *,
    now: datetime,
    until: datetime,
) -> tuple[Order, bool]:
    """The cancelled order, and whether it was this that cancelled it."""
    order = find_order(conn, order_id)
    assert order is not None  # noqa: S101 - orders are never deleted
    if order.step in CANCELLED:
        return order, False
    if order.step != Step.CONFIRMED or order.fulfillment_status != "unfulfilled":
        raise InvalidState(
            f"The order is {order.status} and {order.fulfillment_status}; it cannot be cancelled.",
            order_status=order.status,
        )
    entry = event(now, "cancelled", actor=actor, reason=reason)
    cancelling = save(
        conn,
        order,
        Step.CANCELLING,
        fence=order.fence + 1,
        lease_until=until,
        attempts=0,
        timeline=[*order.timeline, entry],
    )
    return cancelling, True
