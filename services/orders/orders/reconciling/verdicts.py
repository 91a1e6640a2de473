"""What a payment at its provider means for its order; no database, no HTTP."""

from enum import StrEnum

from orders.clients.provider import Intent, IntentStatus
from orders.discrepancies import Finding
from orders.domain import Order
from orders.paying import fits
from orders.records import Payment, PaymentState
from orders.states import FulfillmentStatus, Step

OVER = (Step.FAILED, Step.CANCELLED)
KINDS = frozenset(
    {
        *("payment_without_order", "unknown_payment", "payment_amount", "payment_missing"),
        *("paid_twice", "refund_differs", "authorization_lapsed"),
    }
)


class Mend(StrEnum):
    OBSERVE = "payment_observed"
    """The provider is further than we know."""
    VOID = "payment_voided"
    GIVE_BACK = "payment_given_back"
    """Of an attempt that the order does not know any more."""
    REFUND = "refund_started"
    CANCEL = "order_cancelled"
    """It cannot be paid any more: the stock goes back."""


Verdict = Mend | Finding | None


def judge(order: Order | None, order_id: str, intent: Intent, method: str) -> Verdict:
    """The order is not in the making, or not there."""
    subject = f"{method}:{intent.id}"
    shown = f"{intent.reference}: {intent.status}, {intent.amount} {intent.currency}"
    if order is None:
        if not holds_money(intent):
            return None
        return Finding("payment_without_order", subject, f"{shown}; no such order.", order_id)
    payment = payment_of(order, intent)
    if payment is None:
        return _without_payment(order, intent, subject, shown)
    if not fits(payment, intent):
        detail = (
            f"{shown}, {intent.captured} captured, there; {payment.amount} {payment.currency} here."
        )
        return Finding("payment_amount", subject, detail, order_id)
    judged = _captured_here if payment.state == PaymentState.CAPTURED else _not_captured_here
    return judged(order, payment, intent, subject)


def payment_of(order: Order, intent: Intent) -> Payment | None:
    return next((p for p in order.payments if p.reference == intent.reference), None)


def holds_money(intent: Intent) -> bool:
    return intent.status == IntentStatus.AUTHORIZED or intent.captured > intent.refunded


def _without_payment(order: Order, intent: Intent, subject: str, shown: str) -> Verdict:
    if not holds_money(intent):
        return None
    if order.step in OVER:
        return Mend.GIVE_BACK
    return Finding("unknown_payment", subject, f"{shown}; the order has no such payment.", order.id)


def _captured_here(order: Order, payment: Payment, intent: Intent, subject: str) -> Verdict:
    if intent.status != IntentStatus.CAPTURED:
        return missing(order, payment, subject, intent.status)
    if intent.captured != payment.captured:
        detail = f"{intent.captured} captured there, {payment.captured} here."
        return Finding("payment_amount", subject, detail, order.id)
    if not 0 <= intent.refunded - payment.refunded <= payment.refund_pending:
        detail = (
            f"{intent.refunded} refunded there; here {payment.refunded}, "
            f"and {payment.refund_pending} under way."
        )
        return Finding("refund_differs", subject, detail, order.id)
    return Mend.REFUND if order.step in OVER and may_refund(order, payment) else None


def may_refund(order: Order, payment: Payment) -> bool:
    """What the provider has refused once is for a person."""
    return payment.refundable > 0 and all(one.status != "failed" for one in order.refunds)


def missing(order: Order, payment: Payment, subject: str, there: str) -> Finding:
    detail = f"{payment.reference} is {payment.state} here, {there} there."
    return Finding("payment_missing", subject, detail, order.id)


def _not_captured_here(order: Order, payment: Payment, intent: Intent, subject: str) -> Verdict:
    if intent.status == IntentStatus.CAPTURED:
        return _captured_there(order, payment, intent, subject)
    if intent.status == IntentStatus.CANCELLED:
        if payment.state == PaymentState.AUTHORIZED and order.step == Step.CONFIRMED:
            return _lapsed(order, payment, subject)
        return None if payment.state == PaymentState.VOIDED else Mend.OBSERVE
    if order.step in OVER or payment != order.payment:  # what another attempt replaced
        return Mend.VOID
    return _held(order, payment, intent, subject)


def _captured_there(order: Order, payment: Payment, intent: Intent, subject: str) -> Verdict:
    if order.captured is None:
        return Mend.OBSERVE
    if intent.captured == intent.refunded:
        return None
    detail = f"{payment.reference} is captured beside {order.captured.reference}."
    return Finding("paid_twice", subject, detail, order.id)


def _held(order: Order, payment: Payment, intent: Intent, subject: str) -> Verdict:
    if payment.state == PaymentState.AUTHORIZED and intent.status != IntentStatus.AUTHORIZED:
        return missing(order, payment, subject, intent.status)
    behind = payment.state == PaymentState.PENDING and intent.status == IntentStatus.AUTHORIZED
    return Mend.OBSERVE if behind else None


def _lapsed(order: Order, payment: Payment, subject: str) -> Verdict:
    """G5: what can never be paid is not kept for its customer."""
    if order.fulfillment_status == FulfillmentStatus.UNFULFILLED:
        return Mend.CANCEL
    detail = f"{payment.reference} cannot be captured any more, and goods are on their way."
    return Finding("authorization_lapsed", subject, detail, order.id)
