"""What staff refund: by line, the shipping, or any amount; and what was paid by hand."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from orders.domain import PAY_LATER, Actor, Line, Order, event, payment_status_of
from orders.errors import InvalidState
from orders.lines import chosen
from orders.records import Payment, PaymentState
from orders.refunding import Wanted, start_refund
from orders.repository.orders import save
from orders.repository.papers import insert_paper
from orders.requests import Request, once
from orders.schemas.staff import MarkPaidInput, RefundInput
from orders.shares import pieces, shipping_left, worth
from orders.states import PaymentStatus, Step
from shopkit.errors import FieldError, Invalid
from shopkit.idempotency import Answer
from shopkit.ids import new_id


def store_refund(
    conn: Connection, order_id: str, payload: RefundInput, *, request: Request, now: datetime
) -> Answer:
    """Raises Invalid, NothingToRefund, RefundExceedsPayment."""

    def effect(order: Order) -> Order:
        if order.captured and order.unfinished:
            raise InvalidState("Something is under way with this order; repeat it in a moment.")
        items = pieces(order, chosen(order, payload.items or [], unrefunded))
        shipping = shipping_left(order) if payload.shipping else 0
        amount = worth(items) + shipping + _free(order, payload)
        if amount == 0:
            raise _nothing_named()
        wanted = Wanted(
            amount=amount,
            shipping=shipping,
            items=items,
            actor=request.actor,
            reason=payload.reason,
        )
        return start_refund(conn, order, wanted, now)

    return once(conn, request, order_id, payload, effect, now=now)


def unrefunded(line: Line) -> int:
    return line.quantity - line.refunded


def _free(order: Order, payload: RefundInput) -> int:
    if payload.amount is None:
        return 0
    if payload.amount.currency != order.currency:
        detail = f"The order is in {order.currency}."
        error = FieldError("/amount/currency", "wrong_currency", detail)
        raise Invalid("This is not the order's currency.", errors=[error])
    return payload.amount.amount


def _nothing_named() -> Invalid:
    detail = "Name `items`, `shipping`, an `amount`, or several of them; they come to nothing."
    return Invalid(detail, errors=[FieldError("", "nothing_to_refund", detail)])


def store_paid(
    conn: Connection, order_id: str, payload: MarkPaidInput, *, request: Request, now: datetime
) -> Answer:
    """The money has come in by another way. Raises InvalidState."""

    def effect(order: Order) -> Order:
        if order.step != Step.CONFIRMED or order.payment_status != PaymentStatus.UNPAID:
            raise InvalidState(
                f"The order is {order.status} and {order.payment_status}; only a confirmed and "
                "unpaid one can be marked as paid.",
                order_status=order.status,
            )
        return _paid(conn, order, payload, request.actor, now)

    return once(conn, request, order_id, payload, effect, now=now)


def _paid(
    conn: Connection, order: Order, payload: MarkPaidInput, actor: Actor, now: datetime
) -> Order:
    assert order.total is not None and order.currency is not None  # noqa: S101 - confirmed
    payment = Payment(
        id=new_id(),
        order_id=order.id,
        attempt=1,
        method=PAY_LATER,
        token=None,
        state=PaymentState.CAPTURED,
        amount=order.total,
        currency=order.currency,
        captured=order.total,
        created_at=now,
    )
    saved = save(
        conn,
        order,
        has_papers=True,
        payment_status=payment_status_of([payment]),
        timeline=[*order.timeline, event(now, "paid", actor=actor, reason=payload.reference)],
    )
    insert_paper(conn, payment)
    return replace(saved, payments=(payment,))
