"""The saga of a cancelled order: stock and money go back, whatever it takes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from orders.clients.provider import Intent
from orders.domain import SYSTEM, Actor, Order, payment_status_of
from orders.parties import Parties
from orders.paying import observe, voided
from orders.records import PaymentState
from orders.refunding import Wanted, start_refund
from orders.repository.orders import lock_order, save
from orders.states import Step


async def undo(it: Parties, order: Order) -> Order:
    """From CANCELLING: put the stock back, unless staff said otherwise; catalog's release of what
    is committed does that. Void what is authorized; what is captured is being refunded already."""
    if order.restock:
        async with it.at("x2"):
            await it.catalog.release(order.id)
    async with it.at("x3"):
        held = [p for p in order.payments if p.intent_id and p.state != PaymentState.CAPTURED]
        intents = [await voided(it, payment) for payment in held]
    async with it.at("x4"):
        return await it.database.run(store_cancelled, order, intents, now=it.clock.now())


def store_cancelled(
    conn: Connection, order: Order, intents: Sequence[Intent], now: datetime
) -> Order:
    order = lock_order(conn, order.id, order.fence)
    seen = {intent.id: intent for intent in intents}
    payments = tuple(
        observe(conn, payment, seen[payment.intent_id]) if payment.intent_id in seen else payment
        for payment in order.payments
    )
    cancelled = save(
        conn,
        order,
        Step.CANCELLED,
        lease_until=None,
        payment_status=payment_status_of(payments) if payments else order.payment_status,
    )
    return refund_rest(conn, replace(cancelled, payments=payments), now)


def refund_rest(conn: Connection, order: Order, now: datetime, actor: Actor = SYSTEM) -> Order:
    """What is paid and not on its way back yet is refunded; the order is locked."""
    payment = order.captured
    if payment is None or payment.refundable == 0:
        return order
    wanted = Wanted(amount=payment.refundable, actor=actor, reason="cancelled")
    return start_refund(conn, order, wanted, now)
