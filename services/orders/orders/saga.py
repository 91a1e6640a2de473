"""The saga of checkout.md: one driver for requests and the worker, one function per step.

Every function takes an order that is where its row says, does what comes next, and returns the
order as it then is on disk. Every call is repeatable under the order's id, so that after a crash,
a lost answer or a takeover the same function simply runs again.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from orders.clients.cart import Claim
from orders.compensation import begin_compensation, compensate
from orders.domain import Order, Step, event, move
from orders.errors import PriceChanged, Refusal
from orders.models import outbox
from orders.parties import Parties
from orders.repository import insert_lines, save, store_answer
from orders.restocking import restock
from orders.views import render
from shopkit.money import money
from shopkit.outbox import emit

CONSUME = "cart.consume"


async def drive(it: Parties, order: Order) -> Order:
    """Take the order to its end.

    Raises FenceLost when another driver has it, and Unavailable when an outcome is unknown: that
    is no failure (rule 2), somebody repeats it later.
    """
    while action := ACTIONS.get(order.step):
        try:
            order = await action(it, order)
        except Refusal as refusal:  # definite; `move` lets it abort only before the pivot
            order = await begin_compensation(it, order, refusal)
    return order


async def claim_and_reserve(it: Parties, order: Order) -> Order:
    """From CREATED: R1 cart.claim, R2 catalog.reserve, T2."""
    async with it.at("r1"):
        claim = await it.cart.claim(order.id, user_id=order.user_id, cart_token=order.cart_token)
    async with it.at("r2"):
        await it.catalog.reserve(order.id, claim.lines, claim.currency)
    async with it.at("t2"):
        return await it.database.run(store_reserved, order, claim, until=it.lease_end())


def store_reserved(conn: Connection, order: Order, claim: Claim, until: datetime) -> Order:
    """T2: lines, prices and totals, once they are known to be what the customer was shown."""
    check_expected_total(order, claim)
    reserved = save(
        conn,
        order,
        Step.RESERVED,
        lease_until=until,
        cart_token=None,
        cart_id=claim.cart_id,
        cart_version=claim.version,
        currency=claim.currency,
        subtotal=claim.subtotal,
        discount=claim.discount,
        shipping=claim.shipping,
        tax=claim.tax,
        total=claim.total,
    )
    insert_lines(conn, order.id, claim.lines)
    return replace(reserved, lines=claim.lines)


def check_expected_total(order: Order, claim: Claim) -> None:
    total = money(claim.total, claim.currency)
    if order.expected_total is not None and order.expected_total != total:
        raise PriceChanged(
            "The total is not the one that was shown; nothing was ordered.",
            expected_total=order.expected_total,
            total=total,
        )


async def commit_stock(it: Parties, order: Order) -> Order:
    """From RESERVED: (R3, T3 are for methods that authorize;) R4, the pivot; then T4 to T5.

    With `manual` there is no R5 between T4 and T5, so that T4 goes to disk together with T5
    (docs/decisions/0004). A crash in between is found as RESERVED, and commits again.
    """
    async with it.at("r4"):
        await it.catalog.commit(order.id)
    return await confirm(it, replace(order, step=move(order.step, Step.STOCK_COMMITTED)))


async def confirm(it: Parties, order: Order) -> Order:
    """From STOCK_COMMITTED: (R5 is for methods that capture;) T5."""
    async with it.at("t5"):
        return await it.database.run(store_confirmed, order, now=it.clock.now())


def store_confirmed(conn: Connection, order: Order, now: datetime) -> Order:
    """T5: the order, the answer for its key, and what others must hear, in one transaction."""
    timeline = [*order.timeline, event(now, "confirmed")]
    confirmed = save(conn, order, Step.CONFIRMED, lease_until=None, timeline=timeline)
    store_answer(conn, confirmed, 201, render(confirmed))
    emit(conn, outbox, topic=CONSUME, payload={"order_id": order.id}, now=now)
    return confirmed


Action = Callable[[Parties, Order], Awaitable[Order]]
ACTIONS: Mapping[Step, Action] = {
    Step.CREATED: claim_and_reserve,
    Step.RESERVED: commit_stock,
    Step.STOCK_COMMITTED: confirm,
    Step.COMPENSATING: compensate,
    Step.CANCELLING: restock,
}
"""Steps that are not here are ends."""
