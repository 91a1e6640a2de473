"""What providers tell us: written down, and the saga woken; never acted upon (rule 6)."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, update

from orders.clients.provider import Event, Intent, IntentStatus
from orders.discrepancies import Finding, report
from orders.domain import Order, payment_status_of
from orders.models import orders, provider_events
from orders.paying import fits, observe
from orders.repository.orders import find_and_lock, save
from orders.repository.papers import find_order_of_intent
from orders.states import Step
from shopkit.ids import is_id
from shopkit.tables import insert_or_ignore

WAKE = (
    update(orders)
    .where(orders.c.id == bindparam("b_id"), orders.c.step == Step.AWAITING_ACTION.value)
    .values(lease_until=bindparam("now"))
)


def store_event(conn: Connection, method: str, event: Event, *, live: bool, now: datetime) -> None:
    """Take note of an event, once. What does not fit goes on the staff's list."""
    intent = event.intent
    row = {"method": method, "id": event.id, "type": event.type, "received_at": now}
    row["intent_id"] = intent.id if intent else None
    if not insert_or_ignore(conn, provider_events, row) or intent is None:
        return
    if event.live != live:
        detail = f"{event.type} came from {'live' if event.live else 'test'} mode."
        report(conn, Finding("payment_mode", f"{method}:{intent.id}", detail), now=now)
        return
    order_id = find_order_of_intent(conn, method, intent.id) or order_of_reference(intent)
    order = find_and_lock(conn, order_id) if order_id else None
    if order is None:
        detail = f"{event.type}, and no order of ours has this payment."
        report(conn, Finding("unknown_payment", f"{method}:{intent.id}", detail), now=now)
        return
    _take_note(conn, order, method, intent, now)


def order_of_reference(intent: Intent) -> str | None:
    """The order in `o:<id>:<attempt>`: an event may come before our own answer (G3)."""
    kind, _, rest = intent.reference.partition(":")
    order_id = rest.partition(":")[0]
    return order_id if kind == "o" and is_id(order_id) else None


def _take_note(conn: Connection, order: Order, method: str, intent: Intent, now: datetime) -> None:
    """While an order is in the making its saga asks the provider itself; it only has to hurry."""
    subject = f"{method}:{intent.id}"
    payment = next((p for p in order.payments if p.reference == intent.reference), None)
    if payment is None:
        detail = f"The provider has {intent.reference}, the order has no such payment."
        report(conn, Finding("unknown_payment", subject, detail, order.id), now=now)
    elif not fits(payment, intent):
        there = f"{intent.amount} {intent.currency}, {intent.captured} captured, there"
        detail = f"{there}; {payment.amount} {payment.currency} here."
        report(conn, Finding("payment_amount", subject, detail, order.id), now=now)
    elif intent.captured and (other := order.captured) and other != payment:
        if intent.captured > intent.refunded:
            detail = f"{intent.reference} is captured beside {other.reference}."
            report(conn, Finding("paid_twice", subject, detail, order.id), now=now)
    elif order.waits:  # an attempt on its way is left to who drives it
        conn.execute(WAKE, {"b_id": order.id, "now": now})
    elif order.step == Step.CONFIRMED and intent.status == IntentStatus.CANCELLED:
        return  # lapsed: as long as that is not written down, the reconciler cancels the order
    elif order.step in (Step.CONFIRMED, Step.CANCELLED):
        seen = observe(conn, payment, intent)
        if seen.state != payment.state:
            status = payment_status_of(order.with_payment(seen).payments)
            save(conn, order, payment_status=status)
