"""The saga of checkout.md: one driver for requests and the worker, one function per step.

Every function takes an order that is where its row says, does what comes next, and returns the
order as it then is on disk. Every call is repeatable under the order's id, so that after a crash,
a lost answer or a takeover the same function simply runs again.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from orders.capturing import capture_to_ship
from orders.clients.cart import Claim
from orders.clients.provider import Intent
from orders.compensation import begin_compensation, compensate
from orders.domain import RESERVATION_SECONDS, Order, event, payment_status_of
from orders.errors import PriceChanged, Refusal
from orders.mails import tell_confirmed
from orders.models import outbox
from orders.parties import Parties
from orders.paying import authorize, capture, look_again, observe
from orders.records import Payment, PaymentState
from orders.repository.keys import store_answer
from orders.repository.orders import insert_lines, save
from orders.repository.papers import insert_paper
from orders.states import MOVES, PaymentStatus, Step, move
from orders.undoing import undo
from orders.views import render
from shopkit.ids import new_id
from shopkit.money import money
from shopkit.outbox import emit

CONSUME = "cart.consume"
EXPIRY_MARGIN = timedelta(seconds=30)
"""By which a payment has to be authorized before catalog gives the stock back."""


async def drive(it: Parties, order: Order) -> Order:
    """Take the order to its end, or to where it waits for its customer.

    Raises FenceLost when another driver has it, and Unavailable when an outcome is unknown: that
    is no failure (rule 2), somebody repeats it later.
    """
    while action := ACTIONS.get(order.step):
        try:
            order = await action(it, order)
        except Refusal as refusal:  # definite; `move` lets it abort only where that is allowed
            order = await begin_compensation(it, order, refusal)
        if order.step == Step.AWAITING_ACTION:
            break
    return order


async def claim_and_reserve(it: Parties, order: Order) -> Order:
    """From CREATED: R1 cart.claim, R2 catalog.reserve, T2."""
    async with it.at("r1"):
        claim = await it.cart.claim(order.id, user_id=order.user_id, cart_token=order.cart_token)
    reserved_until = it.clock.now() + timedelta(seconds=RESERVATION_SECONDS)
    async with it.at("r2"):
        await it.catalog.reserve(order.id, claim.lines, claim.currency)
    async with it.at("t2"):
        return await it.database.run(
            store_reserved,
            order,
            claim,
            now=it.clock.now(),
            until=it.lease_end(),
            pay_until=reserved_until - EXPIRY_MARGIN,
        )


def store_reserved(
    conn: Connection,
    order: Order,
    claim: Claim,
    *,
    now: datetime,
    until: datetime,
    pay_until: datetime,
) -> Order:
    """T2: lines, prices and totals, once they are known to be what the customer was shown; and
    the first attempt to pay, where there is something to pay at once."""
    check_expected_total(order, claim)
    payment = first_payment(order, claim, now)
    changes: dict[str, Any] = {
        name: getattr(claim, name)
        for name in ("cart_id", "currency", "subtotal", "discount", "shipping", "tax", "total")
    }
    if payment is not None:
        changes |= {"has_papers": True, "pay_until": pay_until}
    reserved = save(
        conn,
        order,
        Step.RESERVED,
        lease_until=until,
        cart_token=None,
        payment_token=None,
        cart_version=claim.version,
        **changes,
    )
    insert_lines(conn, order.id, claim.lines)
    if payment is not None:
        insert_paper(conn, payment)
    return replace(reserved, lines=claim.lines, payments=(payment,) if payment else ())


def first_payment(order: Order, claim: Claim, now: datetime) -> Payment | None:
    if order.is_paid_later or claim.total == 0:
        return None
    return Payment(
        id=new_id(),
        order_id=order.id,
        attempt=1,
        method=order.payment_method,
        token=order.payment_token,
        state=PaymentState.PENDING,
        amount=claim.total,
        currency=claim.currency,
        created_at=now,
    )


def check_expected_total(order: Order, claim: Claim) -> None:
    total = money(claim.total, claim.currency)
    if order.expected_total is not None and order.expected_total != total:
        raise PriceChanged(
            "The total is not the one that was shown; nothing was ordered.",
            expected_total=order.expected_total,
            total=total,
        )


async def pay_or_commit(it: Parties, order: Order) -> Order:
    """From RESERVED: R3 and T3 where there is something to pay; otherwise R4."""
    return await (authorize if order.payments else commit_stock)(it, order)


async def commit_stock(it: Parties, order: Order) -> Order:
    """From AUTHORIZED, or from RESERVED when it is paid later: R4, the pivot; T4.

    Without R5 between T4 and T5, both go to disk together (docs/decisions/0004). A crash in
    between is found where it was, and commits again.
    """
    async with it.at("r4"):
        await it.catalog.commit(order.id)
    if not captures_now(it, order):
        committed = replace(order, step=move(MOVES, order.step, Step.STOCK_COMMITTED))
        return await confirm(it, committed)
    async with it.at("t4"):
        until = it.lease_end()
        return await it.database.run(save, order, Step.STOCK_COMMITTED, lease_until=until)


def captures_now(it: Parties, order: Order) -> bool:
    return bool(order.payments) and it.capture_at == "order"


async def confirm(it: Parties, order: Order) -> Order:
    """From STOCK_COMMITTED: R5 unless it is left to the shipment; T5. Raises CaptureRefused, which
    alone compensates from here (rule 3)."""
    intent = None
    if captures_now(it, order):
        async with it.at("r5"):
            intent = await capture(it, order)
    async with it.at("t5"):
        return await it.database.run(store_confirmed, order, intent, now=it.clock.now())


def store_confirmed(conn: Connection, order: Order, intent: Intent | None, now: datetime) -> Order:
    """T5: the order, the answer for its key, and what others must hear, in one transaction."""
    payments, timeline = order.payments, [*order.timeline, event(now, "confirmed")]
    if intent is not None:
        payments = (*payments[:-1], observe(conn, order.payment, intent))
        timeline.append(event(now, "paid"))
    status = PaymentStatus.PAID if order.total == 0 else payment_status_of(payments)
    confirmed = save(
        conn,
        order,
        Step.CONFIRMED,
        lease_until=None,
        pay_until=None,
        payment_status=status,
        timeline=timeline,
    )
    confirmed = replace(confirmed, payments=payments)
    if confirmed.has_key:  # without one nobody asks for this answer again
        store_answer(conn, confirmed, 201, render(confirmed))
    emit(conn, outbox, topic=CONSUME, payload={"order_id": order.id}, now=now)
    tell_confirmed(conn, confirmed, now)
    return confirmed


Action = Callable[[Parties, Order], Awaitable[Order]]
ACTIONS: Mapping[Step, Action] = {
    Step.CREATED: claim_and_reserve,
    Step.RESERVED: pay_or_commit,
    Step.AWAITING_ACTION: look_again,
    Step.AUTHORIZED: commit_stock,
    Step.STOCK_COMMITTED: confirm,
    Step.CAPTURING: capture_to_ship,
    Step.COMPENSATING: compensate,
    Step.CANCELLING: undo,
}
"""Steps that are not here are ends."""
