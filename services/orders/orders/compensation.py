"""C of checkout.md: a definite failure before the pivot is undone, whatever it takes."""

from datetime import datetime

from sqlalchemy import Connection

from orders.domain import Order, Step, event
from orders.errors import Refusal
from orders.metrics import COMPENSATIONS
from orders.parties import Parties
from orders.repository import save, store_answer


async def begin_compensation(it: Parties, order: Order, refusal: Refusal) -> Order:
    """Store COMPENSATING and the reason first: only what is stored there aborts (rule 3)."""
    async with it.at("c1"):
        aborted = await it.database.run(store_compensating, order, refusal, until=it.lease_end())
    COMPENSATIONS.labels(refusal.code).inc()
    return aborted


def store_compensating(conn: Connection, order: Order, refusal: Refusal, until: datetime) -> Order:
    return save(
        conn,
        order,
        Step.COMPENSATING,
        failure=refusal.stored(),
        cart_token=None,
        lease_until=until,
    )


async def compensate(it: Parties, order: Order) -> Order:
    """From COMPENSATING: cancel everywhere until each has answered, then failed.

    The cancels are absorbing: they work in every state, and a late try or confirm meets a
    tombstone. So it does not matter how far the checkout had come.
    """
    async with it.at("c2"):
        await it.catalog.release(order.id)
    async with it.at("c3"):
        await it.cart.release(order.id)
    async with it.at("c4"):
        return await it.database.run(store_failed, order, now=it.clock.now())


def store_failed(conn: Connection, order: Order, now: datetime) -> Order:
    """The order has failed, and the key's final 4xx, in one transaction."""
    failure = order.failure or {}
    entry = event(now, "failed", reason=failure["code"])
    failed = save(conn, order, Step.FAILED, lease_until=None, timeline=[*order.timeline, entry])
    store_answer(conn, failed, Refusal.status, failure)
    return failed
