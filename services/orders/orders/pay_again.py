"""Another means of payment for an order that waits for one."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from orders.domain import Order
from orders.errors import InvalidState, PaymentDeclined, refusal_from
from orders.parties import Parties
from orders.records import Payment, PaymentState
from orders.repository.orders import lock_order, save
from orders.repository.papers import insert_paper
from orders.running import Sagas
from orders.schemas.checkout import PaymentInput
from orders.states import Status, Step
from shopkit.ids import new_id

ANSWER_SECONDS = 10.0
MAX_ATTEMPTS = 10


async def pay_again(it: Parties, sagas: Sagas, order: Order, payload: PaymentInput) -> Order:
    """The order as it then is: paid, or still waiting for its customer.

    Raises InvalidState unless the order waits, PaymentDeclined when this means is declined too
    (then it goes on waiting), and what ended the checkout where that has failed meanwhile.
    """
    now, until = it.clock.now(), it.lease_end()
    async with it.at("t2"):
        taken = await it.database.run(store_attempt, order.id, payload, now=now, until=until)
    sagas.start(taken)
    found = await sagas.wait(taken.id, ANSWER_SECONDS) or taken
    if found.status == Status.FAILED:
        raise refusal_from(found.failure or {})
    if found.step == Step.AWAITING_ACTION and found.payment.decline_code:
        detail = "Try another means of payment while the order waits."
        raise PaymentDeclined(detail, decline_code=found.payment.decline_code)
    return found


def store_attempt(
    conn: Connection, order_id: str, payload: PaymentInput, *, now: datetime, until: datetime
) -> Order:
    """The order with one more attempt to pay, under a fence of ours."""
    order = lock_order(conn, order_id)
    if order.step != Step.AWAITING_ACTION or order.pay_until is None or order.pay_until <= now:
        raise InvalidState(f"The order is {order.status}.", order_status=order.status)
    if len(order.payments) >= MAX_ATTEMPTS:
        raise InvalidState("That were attempts enough; cancel the order and begin again.")
    before = order.payment
    payment = Payment(
        id=new_id(),
        order_id=order.id,
        attempt=before.attempt + 1,
        method=payload.method,
        token=payload.token,
        state=PaymentState.PENDING,
        amount=before.amount,
        currency=before.currency,
        created_at=now,
    )
    insert_paper(conn, payment)
    changes = {"payment_method": payload.method, "lease_until": until, "attempts": 0}
    taken = save(conn, order, fence=order.fence + 1, **changes)
    return replace(taken, payments=(*order.payments, payment))
