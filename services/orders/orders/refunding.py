"""Refunds: set aside first, then asked of the provider under the refund's id (rule 8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from orders.clients.provider import RefundStatus
from orders.discrepancies import Finding, report
from orders.domain import PAY_LATER, Actor, Order, event, payment_status_of
from orders.errors import NothingToRefund, RefundExceedsPayment
from orders.mails import tell_refunded
from orders.metrics import REFUNDS
from orders.models import outbox
from orders.parties import Parties
from orders.records import Payment, Refund
from orders.repository.orders import count_lines, find_order, lock_order, save
from orders.repository.papers import insert_paper, reserve_refund, update_paper
from shopkit.errors import Unavailable
from shopkit.ids import new_id
from shopkit.money import money
from shopkit.outbox import emit

REFUND = "payment.refund"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to go back: `amount` in minor units, of it `shipping` for the shipping; `items` are
    the pieces that it is for (see shares)."""

    amount: int
    shipping: int = 0
    items: Sequence[dict[str, Any]] = ()
    actor: Actor
    reason: str | None


def start_refund(conn: Connection, order: Order, wanted: Wanted, now: datetime) -> Order:
    """Set the amount aside, and have the provider asked; what was paid by hand goes back by hand,
    and counts as done. The order is locked. Raises NothingToRefund and RefundExceedsPayment."""
    payment = order.captured
    if payment is None or payment.refundable == 0:
        raise NothingToRefund("Nothing of this order is paid, or all of it went back already.")
    if not reserve_refund(conn, payment, wanted.amount):
        left = money(payment.refundable, payment.currency)
        raise RefundExceedsPayment("No more than `refundable` can be refunded.", refundable=left)
    refund = _new_refund(payment, wanted, now)
    insert_paper(conn, refund)
    count_lines(conn, order, "refunded", _counts(refund))
    entry = event(now, "refund_requested", actor=wanted.actor, reason=wanted.reason)
    saved = save(conn, order, timeline=[*order.timeline, entry])
    payment = replace(payment, refund_pending=payment.refund_pending + wanted.amount)
    started = replace(saved, refunds=(*order.refunds, refund)).with_payment(payment)
    if payment.method == PAY_LATER:
        return _settle(conn, started, refund, succeeded=True, now=now)
    named = {"order_id": order.id, "refund_id": refund.id}
    emit(conn, outbox, topic=REFUND, payload=named, now=now)
    return started


def _new_refund(payment: Payment, wanted: Wanted, now: datetime) -> Refund:
    return Refund(
        id=new_id(),
        order_id=payment.order_id,
        payment_id=payment.id,
        status="pending",
        amount=wanted.amount,
        shipping=wanted.shipping,
        items=list(wanted.items),
        reason=wanted.reason,
        created_at=now,
    )


def _counts(refund: Refund) -> dict[str, int]:
    return {item["product_id"]: item["quantity"] for item in refund.items}


def _failed(refund: Refund) -> Finding:
    """Nothing repeats it by itself: to whom the money belongs may have to be asked."""
    detail = "The provider has refused this refund; make it again, or pay it back by hand."
    return Finding("refund_failed", refund.id, detail, refund.order_id)


def settle_refund(
    conn: Connection, order_id: str, refund_id: str, *, succeeded: bool, now: datetime
) -> None:
    """What the provider said; does nothing when it is known already."""
    order = lock_order(conn, order_id)
    refund = next(one for one in order.refunds if one.id == refund_id)
    if refund.status == "pending":
        _settle(conn, order, refund, succeeded=succeeded, now=now)


def _settle(
    conn: Connection, order: Order, refund: Refund, *, succeeded: bool, now: datetime
) -> Order:
    payment = next(one for one in order.payments if one.id == refund.payment_id)
    payment = update_paper(
        conn,
        payment,
        refund_pending=payment.refund_pending - refund.amount,
        refunded=payment.refunded + (refund.amount if succeeded else 0),
    )
    settled = update_paper(conn, refund, status="succeeded" if succeeded else "failed")
    if succeeded:
        tell_refunded(conn, order, refund, now)
    else:
        counts = {product_id: -count for product_id, count in _counts(refund).items()}
        count_lines(conn, order, "refunded", counts)
        report(conn, _failed(refund), now=now)
    refunds = tuple(settled if one.id == refund.id else one for one in order.refunds)
    changed = replace(order, refunds=refunds).with_payment(payment)
    return save(
        conn,
        changed,
        payment_status=payment_status_of(changed.payments),
        timeline=[*order.timeline, event(now, "refunded" if succeeded else "refund_failed")],
    )


class RefundDelivery:
    """Hands `payment.refund` events to the provider until it has said yes or no."""

    def __init__(self, it: Parties) -> None:
        self._it = it

    async def deliver(self, payload: Mapping[str, Any]) -> None:
        order_id, refund_id = payload["order_id"], payload["refund_id"]
        async with self._it.at("f1"):
            status = await self._refund(order_id, refund_id)
        REFUNDS.labels(status).inc()
        if status == RefundStatus.PENDING:
            raise Unavailable("The provider has not decided about the refund yet.")
        async with self._it.at("f2"):
            await self._it.database.run(
                settle_refund,
                order_id,
                refund_id,
                succeeded=status == RefundStatus.SUCCEEDED,
                now=self._it.clock.now(),
            )

    async def _refund(self, order_id: str, refund_id: str) -> RefundStatus:
        refund, payment = await self._it.database.read(find_refund, order_id, refund_id)
        provider = self._it.providers[payment.method]
        assert payment.intent_id is not None  # noqa: S101 - it was captured there
        return await provider.refund(payment.intent_id, amount=refund.amount, key=refund.id)


def find_refund(conn: Connection, order_id: str, refund_id: str) -> tuple[Refund, Payment]:
    order = find_order(conn, order_id)
    assert order is not None  # noqa: S101 - the event was written with its refund
    refund = next(one for one in order.refunds if one.id == refund_id)
    return refund, next(one for one in order.payments if one.id == refund.payment_id)
