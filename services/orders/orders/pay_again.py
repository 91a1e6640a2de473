"""Another means of payment for an order that waits for one."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from orders.auditing import record_change
from orders.domain import Actor, Order
from orders.errors import InvalidState, PaymentDeclined, Refusal, refusal_from
from orders.parties import Parties
from orders.records import Payment, PaymentState
from orders.repository.orders import lock_order, save
from orders.repository.papers import insert_paper
from orders.running import Sagas
from orders.schemas.checkout import PaymentInput
from orders.states import Status, Step
from orders.views import render
from shopkit.conditional import etag
from shopkit.errors import IdempotencyKeyReused
from shopkit.idempotency import Answer, fingerprint
from shopkit.ids import new_id

ANSWER_SECONDS = 10.0
MAX_ATTEMPTS = 10


async def pay_again(
    it: Parties,
    sagas: Sagas,
    order: Order,
    payload: PaymentInput,
    key: str | None,
    actor: Actor,
) -> Answer:
    """The order as it then is: paid, or still waiting for its customer. The same key never begins
    a second attempt; it answers what has become of the first.

    Raises InvalidState unless the order waits, PaymentDeclined when this means is declined too
    (then it goes on waiting), IdempotencyKeyReused, and what ended the checkout where that has
    failed meanwhile.
    """
    now, until = it.clock.now(), it.lease_end()
    async with it.at("t2"):
        taken, payment, is_new = await it.database.run(
            store_attempt, order.id, payload, key=key, actor=actor, now=now, until=until
        )
    if is_new:
        sagas.start(taken)
    found = await sagas.wait(taken.id, ANSWER_SECONDS) or taken
    try:
        return _answer(found, payment.attempt, replayed=not is_new)
    except Refusal as refusal:
        if not is_new:
            refusal.headers["Idempotent-Replayed"] = "true"
        raise


def _answer(order: Order, attempt: int, *, replayed: bool) -> Answer:
    if order.status == Status.FAILED:
        raise refusal_from(order.failure or {})
    payment = next(one for one in order.payments if one.attempt == attempt)
    if payment.decline_code and payment.state != PaymentState.CAPTURED:
        detail = "Try another means of payment while the order waits."
        raise PaymentDeclined(detail, decline_code=payment.decline_code)
    status = 202 if order.unfinished else 200
    return Answer(status, render(order), {"ETag": etag(order.version)}, replayed)


def store_attempt(
    conn: Connection,
    order_id: str,
    payload: PaymentInput,
    *,
    key: str | None,
    actor: Actor,
    now: datetime,
    until: datetime,
) -> tuple[Order, Payment, bool]:
    """The order under a fence of ours, and its one more attempt to pay; or as it is, with the
    attempt that this key has begun before."""
    order, sent = lock_order(conn, order_id), fingerprint(payload)
    if key and (known := [one for one in order.payments if one.request_key == key]):
        if known[0].request_fingerprint != sent:
            raise IdempotencyKeyReused
        return order, known[0], False
    if order.step != Step.AWAITING_ACTION or order.pay_until is None or order.pay_until <= now:
        detail = f"The order is {order.status} and does not wait for its customer to pay."
        raise InvalidState(detail, order_status=order.status)
    if len(order.payments) >= MAX_ATTEMPTS:
        raise InvalidState("There were enough attempts; cancel the order and check out again.")
    payment = replace(
        _next_attempt(order.payment, payload, now),
        request_key=key,
        request_fingerprint=sent if key else None,
    )
    insert_paper(conn, payment)
    changes = {"payment_method": payload.method, "lease_until": until, "attempts": 0}
    taken = save(conn, order, fence=order.fence + 1, **changes)
    taken = replace(taken, payments=(*order.payments, payment))
    record_change(conn, "pay", order, taken, actor=actor, now=now)
    return taken, payment, True


def _next_attempt(before: Payment, payload: PaymentInput, now: datetime) -> Payment:
    return Payment(
        id=new_id(),
        order_id=before.order_id,
        attempt=before.attempt + 1,
        method=payload.method,
        token=payload.token,
        state=PaymentState.PENDING,
        amount=before.amount,
        currency=before.currency,
        created_at=now,
    )
