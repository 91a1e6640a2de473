"""C of checkout.md: a definite failure before the pivot is undone, whatever it takes."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from orders.clients.provider import Intent
from orders.domain import Order, event, payment_status_of
from orders.errors import CaptureRefused, Refusal, refusal_from
from orders.metrics import COMPENSATIONS
from orders.parties import Parties
from orders.paying import give_back, store_given_back
from orders.repository.keys import store_answer
from orders.repository.orders import save
from orders.states import InvalidMove, Step


async def begin_compensation(it: Parties, order: Order, refusal: Refusal) -> Order:
    """Store COMPENSATING and the reason first: only what is stored there aborts (rule 3)."""
    async with it.at("c1"):
        aborted = await it.database.run(store_compensating, order, refusal, until=it.lease_end())
    COMPENSATIONS.labels(refusal.code).inc()
    return aborted


def store_compensating(conn: Connection, order: Order, refusal: Refusal, until: datetime) -> Order:
    if order.step == Step.STOCK_COMMITTED and not isinstance(refusal, CaptureRefused):
        raise InvalidMove(f"{refusal.code} after the pivot")
    if order.step == Step.COMPENSATING:  # a cancel is never refused; `drive` would go in circles
        raise InvalidMove(f"{refusal.code} while it is undone")
    return save(
        conn,
        order,
        Step.COMPENSATING,
        failure=refusal.stored(),
        cart_token=None,
        payment_token=None,
        lease_until=until,
    )


async def compensate(it: Parties, order: Order) -> Order:
    """From COMPENSATING: cancel everywhere until each has answered, then failed.

    The cancels are absorbing: they work in every state, and a late try or confirm meets a
    tombstone. So it does not matter how far the checkout had come.
    """
    async with it.at("c2"):
        intents = await give_back(it, order.payments)
    async with it.at("c3"):
        await it.catalog.release(order.id)
    async with it.at("c4"):
        await it.cart.release(order.id)
    async with it.at("c5"):
        return await it.database.run(store_failed, order, intents, now=it.clock.now())


def store_failed(
    conn: Connection, order: Order, intents: Sequence[Intent | None], now: datetime
) -> Order:
    """The order has failed, and the key's final 4xx, in one transaction."""
    failure = order.failure or {}
    order = store_given_back(conn, order, intents)
    failed = save(
        conn,
        order,
        Step.FAILED,
        lease_until=None,
        pay_until=None,
        payment_status=payment_status_of(order.payments),
        timeline=[*order.timeline, event(now, "failed", reason=failure["code"])],
    )
    store_answer(conn, failed, refusal_from(failure).status, failure)
    return failed
