"""Parcels: what goes out, with which carrier, and that it arrived."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from orders.auditing import record_change
from orders.capturing import was_refused
from orders.domain import Actor, Line, Order, event, fulfillment_status_of
from orders.errors import CaptureRefused, InvalidState, NotPaid
from orders.lines import chosen, listed
from orders.mails import tell_shipped
from orders.parties import Parties
from orders.records import Fulfillment
from orders.repository.orders import count_lines, lock_order, save
from orders.repository.papers import insert_paper, update_paper
from orders.requests import Request, once
from orders.running import Sagas
from orders.schemas.staff import FulfillmentInput
from orders.states import PaymentStatus, Step
from shopkit.errors import NotFound, RequestInProgress
from shopkit.idempotency import Answer
from shopkit.ids import new_id

ANSWER_SECONDS = 10.0
_PAID = {PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED}


async def fulfill_order(
    it: Parties,
    sagas: Sagas,
    order: Order,
    payload: FulfillmentInput,
    request: Request,
    *,
    ship_unpaid: bool,
) -> Answer:
    """Send some or all of an order; what is only authorized is captured first.

    Raises InvalidState, NotPaid, Invalid, CaptureRefused (the order is cancelled then), and
    RequestInProgress when the provider takes longer than 10 s.
    """
    if order.payment_status == PaymentStatus.AUTHORIZED:
        await _collect(it, sagas, order, payload, request.actor)
    return await it.database.run(
        store_fulfillment,
        order.id,
        payload,
        request=request,
        now=it.clock.now(),
        ship_unpaid=ship_unpaid,
    )


async def _collect(
    it: Parties, sagas: Sagas, order: Order, payload: FulfillmentInput, actor: Actor
) -> None:
    now, until = it.clock.now(), it.lease_end()
    async with it.at("t6"):
        begun = await it.database.run(
            store_capturing, order.id, payload, actor=actor, now=now, until=until
        )
    if begun:
        sagas.start(begun)
    if await sagas.wait(order.id, ANSWER_SECONDS) is None:
        raise RequestInProgress("The payment is still being collected; repeat this in a moment.")


def store_capturing(
    conn: Connection,
    order_id: str,
    payload: FulfillmentInput,
    *,
    actor: Actor,
    now: datetime,
    until: datetime,
) -> Order | None:
    """The order under a fence of ours; None when somebody is at it, or was."""
    order = lock_order(conn, order_id)
    if order.step == Step.CONFIRMED and order.payment_status == PaymentStatus.AUTHORIZED:
        chosen(order, payload.items, unfulfilled)
        fence = order.fence + 1
        taken = save(conn, order, Step.CAPTURING, fence=fence, lease_until=until, attempts=0)
        record_change(conn, "capture", order, taken, actor=actor, now=now)
        return taken
    return None


def unfulfilled(line: Line) -> int:
    return line.quantity - line.fulfilled


def due(line: Line) -> int:
    """What is sent unless told otherwise: not what its customer got the money back for."""
    return max(0, line.quantity - line.refunded - line.fulfilled)


def store_fulfillment(
    conn: Connection,
    order_id: str,
    payload: FulfillmentInput,
    *,
    request: Request,
    now: datetime,
    ship_unpaid: bool,
) -> Answer:
    def effect(order: Order) -> Order:
        check_may_ship(order, ship_unpaid)
        items = chosen(order, payload.items, unfulfilled, unless_named=due)
        if not items:
            raise InvalidState("Everything of this order was sent already, or refunded.")
        return _fulfilled(conn, order, payload, items, request.actor, now)

    return once(conn, request, order_id, payload, effect, now=now)


def check_may_ship(order: Order, ship_unpaid: bool) -> None:
    if was_refused(order):
        raise CaptureRefused("The payment could not be collected: the order is cancelled.")
    if order.step != Step.CONFIRMED:
        detail = f"The order is {order.status}; only what is confirmed can be sent."
        raise InvalidState(detail, order_status=order.status)
    by_invoice = ship_unpaid and order.is_paid_later
    if order.payment_status not in _PAID and not (
        by_invoice and order.payment_status == PaymentStatus.UNPAID
    ):
        raise NotPaid(order.payment_status)
    if order.captured is not None and order.captured.refundable == 0:
        raise InvalidState("All that was paid is on its way back; do not send it.")


def _fulfilled(
    conn: Connection,
    order: Order,
    payload: FulfillmentInput,
    items: dict[str, int],
    actor: Actor,
    now: datetime,
) -> Order:
    paper = Fulfillment(
        id=new_id(),
        order_id=order.id,
        status="shipped",
        items=listed(items),
        carrier=payload.carrier,
        tracking_number=payload.tracking_number,
        tracking_url=payload.tracking_url,
        created_at=now,
    )
    count_lines(conn, order, "fulfilled", items)
    lines = tuple(
        replace(line, fulfilled=line.fulfilled + items.get(line.product_id, 0))
        for line in order.lines
    )
    fulfillments = (*order.fulfillments, paper)
    saved = save(
        conn,
        order,
        has_papers=True,
        fulfillment_status=fulfillment_status_of(lines, fulfillments),
        timeline=[*order.timeline, event(now, "fulfilled", actor=actor)],
    )
    insert_paper(conn, paper)
    tell_shipped(conn, order, paper, now)
    return replace(saved, lines=lines, fulfillments=fulfillments)


def store_delivered(
    conn: Connection, order_id: str, fulfillment_id: str, *, actor: Actor, now: datetime
) -> Order:
    """A parcel has arrived; again: the order as it is. Raises NotFound."""
    order = lock_order(conn, order_id)
    paper = next((one for one in order.fulfillments if one.id == fulfillment_id), None)
    if paper is None:
        raise NotFound
    if paper.status == "delivered":
        return order
    delivered = update_paper(conn, paper, status="delivered", delivered_at=now)
    fulfillments = tuple(delivered if one.id == paper.id else one for one in order.fulfillments)
    status = fulfillment_status_of(order.lines, fulfillments)
    timeline = [*order.timeline, event(now, "delivered", actor=actor)]
    saved = save(conn, order, fulfillment_status=status, timeline=timeline)
    arrived = replace(saved, fulfillments=fulfillments)
    record_change(conn, "deliver", order, arrived, actor=actor, now=now)
    return arrived
