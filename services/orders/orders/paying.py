"""The payment side of the saga: R3 and T3, the wait for the customer, R5, and giving back.

Keys and references at the provider are made of the order's id and the attempt, so that every call
may be repeated by whoever drives the order (checkout.md, Participants).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from orders.clients.provider import Intent, IntentStatus, Provider, RefundStatus
from orders.domain import Order, event, payment_status_of
from orders.errors import PaymentDeclined, PaymentExpired
from orders.parties import Parties
from orders.records import FORWARD, Payment, PaymentState
from orders.repository.orders import save
from orders.repository.papers import update_paper
from orders.states import Step

LOOK_AGAIN = timedelta(seconds=10)
"""How often a waiting payment is looked at, should its webhook have got lost."""
HELD = (PaymentState.AUTHORIZED, PaymentState.CAPTURED)
_STATE_OF = {
    IntentStatus.CREATED: PaymentState.PENDING,
    IntentStatus.REQUIRES_ACTION: PaymentState.PENDING,
    IntentStatus.AUTHORIZED: PaymentState.AUTHORIZED,
    IntentStatus.CAPTURED: PaymentState.CAPTURED,
    IntentStatus.CANCELLED: PaymentState.VOIDED,
}


async def authorize(it: Parties, order: Order) -> Order:
    """From RESERVED: R3 payment authorize, T3. Raises PaymentDeclined, which compensates."""
    async with it.at("r3"):
        intent = await authorized(it, order.payment, await opened(it, order.payment))
    if intent.status == IntentStatus.CANCELLED:  # it lapsed while its answer was lost
        raise PaymentDeclined("The payment has lapsed; pay again.", decline_code="other")
    return await _stored(it, order, [intent])


async def opened(it: Parties, payment: Payment) -> Intent:
    """The attempt at its provider, which makes it when it is new there."""
    provider = it.providers[payment.method]
    return await provider.intent(
        payment.reference, amount=payment.amount, currency=payment.currency
    )


async def authorized(it: Parties, payment: Payment, intent: Intent) -> Intent:
    """The same answer however often it is asked. Raises PaymentDeclined."""
    if intent.status != IntentStatus.CREATED:
        return intent  # an earlier try, whose answer we did not keep
    key = f"o:{payment.order_id}:auth:{payment.attempt}"
    provider = it.providers[payment.method]
    return await provider.authorize(intent.id, token=payment.token or "", key=key)


async def _stored(it: Parties, order: Order, intents: Sequence[Intent]) -> Order:
    now, until = it.clock.now(), it.lease_end()
    async with it.at("t3"):
        return await it.database.run(store_payment, order, intents, now=now, until=until)


def store_payment(
    conn: Connection, order: Order, intents: Sequence[Intent], *, now: datetime, until: datetime
) -> Order:
    """T3: AUTHORIZED, or AWAITING_ACTION until the customer has done what the provider asks.
    `intents` are those of the newest attempts, in their order."""
    before = len(order.payments) - len(intents)
    seen = zip(order.payments[before:], intents, strict=True)
    payments = (*order.payments[:before], *(observe(conn, *one) for one in seen))
    payment = payments[-1]
    if payment.state in HELD:
        saved = save(
            conn,
            order,
            Step.AUTHORIZED,
            payment_status=payment_status_of(payments),
            lease_until=until,
            timeline=[*order.timeline, event(now, "payment_authorized")],
        )
    else:
        saved = save(conn, order, Step.AWAITING_ACTION, lease_until=next_look(order, now))
    return replace(saved, payments=payments)


def observe(conn: Connection, payment: Payment, intent: Intent) -> Payment:
    """Write down what the provider says. It only ever moves a payment forward (rule 6), so that
    answers and webhooks may come in any order, and again."""
    said = _STATE_OF[intent.status]
    state = said if FORWARD[said] > FORWARD[payment.state] else payment.state
    waits, is_held = state == PaymentState.PENDING, state in HELD
    return update_paper(
        conn,
        payment,
        intent_id=intent.id,
        state=state,
        captured=max(payment.captured, intent.captured),
        next_action=intent.next_action if waits else None,
        decline_code=intent.decline if waits else None if is_held else payment.decline_code,
        token=None,
    )


def fits(payment: Payment, intent: Intent) -> bool:
    """Whether the provider speaks of the money that we asked for, and took no more than that."""
    same = (payment.amount, payment.currency) == (intent.amount, intent.currency)
    return same and intent.captured <= intent.amount


def next_look(order: Order, now: datetime) -> datetime:
    assert order.pay_until is not None  # noqa: S101 - T2 stores it with the payment
    return min(now + LOOK_AGAIN, max(order.pay_until, now))


async def look_again(it: Parties, order: Order) -> Order:
    """From AWAITING_ACTION: has the customer acted, or given another means of payment?

    Raises PaymentExpired when the time to pay is over, which compensates.
    """
    async with it.at("r3"):
        intents = await _progress(it, order)
    is_paid = intents[-1].status in (IntentStatus.AUTHORIZED, IntentStatus.CAPTURED)
    if not is_paid and order.pay_until is not None and order.pay_until <= it.clock.now():
        raise PaymentExpired("The order was not paid in time; the cart can be ordered again.")
    return await _stored(it, order, intents)


async def _progress(it: Parties, order: Order) -> list[Intent]:
    """The newest attempt as it is now, after those before it that changed for it: one that is new
    is begun when they have been voided, so that never two hold money."""
    payment = order.payment
    if payment.token is None and payment.intent_id is not None:
        return [await it.providers[payment.method].find(payment.intent_id)]
    earlier = [await voided(it, one) for one in order.payments[:-1]]
    intent = await opened(it, payment)
    try:
        return [*earlier, await authorized(it, payment, intent)]
    except PaymentDeclined as declined:
        return [*earlier, replace(intent, decline=declined.extra["decline_code"])]


async def capture(it: Parties, order: Order) -> Intent:
    """R5. Raises CaptureRefused, which is definite: nothing was or will be taken."""
    payment = order.payment
    assert payment.intent_id is not None  # noqa: S101 - it is authorized
    provider = it.providers[payment.method]
    key = f"o:{order.id}:cap"
    return await provider.capture(payment.intent_id, amount=payment.amount, key=key)


async def give_back(it: Parties, payments: Sequence[Payment]) -> list[Intent | None]:
    """Cancel every attempt for good, however far it had come; what was taken is refunded.

    An attempt that the provider does not know is made there and cancelled, so that a late
    authorize meets it: the tombstone of this participant. None for one that it refuses to make:
    nothing can be authorized then.
    """
    return [await _given_back(it, payment) for payment in payments]


async def _given_back(it: Parties, payment: Payment) -> Intent | None:
    """A refund that is refused is not counted: the reconciler begins another, or asks a person."""
    try:
        intent_id = payment.intent_id or (await opened(it, payment)).id
    except PaymentDeclined:  # it charges no such amount
        return None
    key = f"o:{payment.order_id}:back:{payment.attempt}"
    intent, status = await returned(it.providers[payment.method], intent_id, key)
    return intent if status == RefundStatus.FAILED else replace(intent, refunded=intent.captured)


async def returned(provider: Provider, intent_id: str, key: str) -> tuple[Intent, RefundStatus]:
    """Void an intent, and refund under `key` what was taken."""
    intent = await provider.void(intent_id)
    left = intent.captured - intent.refunded
    if left <= 0:
        return intent, RefundStatus.SUCCEEDED
    return intent, await provider.refund(intent.id, amount=left, key=key)


async def voided(it: Parties, payment: Payment) -> Intent:
    provider = it.providers[payment.method]
    intent_id = payment.intent_id or (await opened(it, payment)).id
    return await provider.void(intent_id)


def store_given_back(conn: Connection, order: Order, intents: Sequence[Intent | None]) -> Order:
    """The payments of an order that failed, as they are after `give_back`."""
    payments = []
    for payment, intent in zip(order.payments, intents, strict=True):
        if intent is None:
            seen = update_paper(conn, payment, state=PaymentState.VOIDED, token=None)
        else:
            seen = observe(conn, payment, intent)
            seen = update_paper(conn, seen, refunded=intent.refunded)
        payments.append(seen)
    return replace(order, payments=tuple(payments))
