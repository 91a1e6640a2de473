"""Capture at shipment: what was authorized is taken before anything goes out."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from orders.clients.provider import Intent
from orders.domain import SYSTEM, Order, event, payment_status_of
from orders.errors import CaptureRefused
from orders.parties import Parties
from orders.paying import capture, observe
from orders.repository.orders import lock_order, save
from orders.states import Step


async def capture_to_ship(it: Parties, order: Order) -> Order:
    """From CAPTURING: R5. When the provider definitely refuses, the order is cancelled: nothing
    was sent yet, and the stock goes back."""
    try:
        async with it.at("r5"):
            intent = await capture(it, order)
    except CaptureRefused as refused:
        until = it.lease_end()
        return await it.database.run(
            store_refused, order, refused.code, now=it.clock.now(), until=until
        )
    async with it.at("t6"):
        return await it.database.run(store_captured, order, intent, now=it.clock.now())


def store_captured(conn: Connection, order: Order, intent: Intent, now: datetime) -> Order:
    """Paid, and back where it was."""
    order = lock_order(conn, order.id, order.fence)
    payments = (*order.payments[:-1], observe(conn, order.payment, intent))
    captured = save(
        conn,
        order,
        Step.CONFIRMED,
        lease_until=None,
        payment_status=payment_status_of(payments),
        timeline=[*order.timeline, event(now, "paid")],
    )
    return replace(captured, payments=payments)


def store_refused(
    conn: Connection, order: Order, reason: str, now: datetime, until: datetime
) -> Order:
    order = lock_order(conn, order.id, order.fence)
    timeline = [*order.timeline, event(now, "cancelled", reason=reason)]
    return save(conn, order, Step.CANCELLING, lease_until=until, timeline=timeline)


def was_refused(order: Order) -> bool:
    """Whether it was cancelled because of that; however often that is asked."""
    return any(
        (entry["event"], entry["reason"]) == ("cancelled", CaptureRefused.code)
        and entry["actor"] == SYSTEM.kind
        for entry in order.timeline
    )
