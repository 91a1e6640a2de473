"""Returns: a customer asks, staff receive the goods (or not), stock and money follow."""

from collections import Counter
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from orders.auditing import record_change
from orders.domain import Actor, Line, Order, event, fulfillment_status_of
from orders.errors import InvalidState
from orders.lines import chosen, listed
from orders.models import outbox
from orders.records import Return
from orders.refunding import Wanted, start_refund
from orders.repository.orders import count_lines, lock_order, save
from orders.repository.papers import insert_paper, update_paper
from orders.requests import Request, once
from orders.schemas.checkout import ReturnInput
from orders.schemas.staff import ReceiveInput
from orders.shares import capped, pieces, worth
from shopkit.errors import NotFound
from shopkit.idempotency import Answer
from shopkit.ids import new_id
from shopkit.outbox import emit

RESTOCK = "catalog.restock"


def store_return(
    conn: Connection, order_id: str, payload: ReturnInput, *, request: Request, now: datetime
) -> Answer:
    """Ask to send goods back. Raises InvalidState and Invalid."""

    def effect(order: Order) -> Order:
        asked = Counter[str]()
        for one in order.returns:
            if one.status == "requested":
                asked.update({item["product_id"]: item["quantity"] for item in one.items})

        def returnable(line: Line) -> int:
            return line.fulfilled - line.returned - asked[line.product_id]

        items = chosen(order, payload.items, returnable)
        if not items:
            raise InvalidState(
                "Only what was sent, and is not on its way back already, can be returned."
            )
        return _requested(conn, order, items, payload.reason, request.actor, now)

    return once(conn, request, order_id, payload, effect, now=now)


def _requested(
    conn: Connection,
    order: Order,
    items: dict[str, int],
    reason: str | None,
    actor: Actor,
    now: datetime,
) -> Order:
    paper = Return(
        id=new_id(),
        order_id=order.id,
        status="requested",
        items=listed(items),
        reason=reason,
        created_at=now,
    )
    entry = event(now, "return_requested", actor=actor, reason=reason)
    saved = save(conn, order, timeline=[*order.timeline, entry])
    insert_paper(conn, paper)
    return replace(saved, returns=(*order.returns, paper))


def store_received(
    conn: Connection,
    order_id: str,
    return_id: str,
    payload: ReceiveInput,
    *,
    request: Request,
    now: datetime,
) -> Answer:
    """The goods are here. Raises NotFound and InvalidState."""

    def effect(order: Order) -> Order:
        paper = _open_return(order, return_id)
        items = {item["product_id"]: item["quantity"] for item in paper.items}
        received = _received(conn, order, items, request.actor, now)
        if payload.refund:
            received = _refunded(conn, received, items, request.actor, now)
        refund_id = received.refunds[-1].id if len(received.refunds) > len(order.refunds) else None
        if payload.restock:
            named = {"order_id": order.id, "return_id": paper.id, "items": paper.items}
            emit(conn, outbox, topic=RESTOCK, payload=named, now=now)
        closed = update_paper(
            conn,
            paper,
            status="received",
            restocked=payload.restock,
            refund_id=refund_id,
            closed_at=now,
        )
        return _with_return(received, closed)

    return once(conn, request, order_id, payload, effect, now=now)


def _received(
    conn: Connection, order: Order, items: dict[str, int], actor: Actor, now: datetime
) -> Order:
    count_lines(conn, order, "returned", items)
    lines = tuple(
        replace(line, returned=line.returned + items.get(line.product_id, 0))
        for line in order.lines
    )
    saved = save(
        conn,
        order,
        fulfillment_status=fulfillment_status_of(lines, order.fulfillments),
        timeline=[*order.timeline, event(now, "return_received", actor=actor)],
    )
    return replace(saved, lines=lines)


def _refunded(
    conn: Connection, order: Order, items: dict[str, int], actor: Actor, now: datetime
) -> Order:
    """What of the returned goods was not refunded before, as far as it was paid."""
    left = {line.product_id: line.quantity - line.refunded for line in order.lines}
    items = {id_: min(count, left[id_]) for id_, count in items.items() if left[id_]}
    most = order.captured.refundable if order.captured else 0
    found = capped(pieces(order, items), most)
    amount = worth(found)
    if amount == 0:
        return order
    wanted = Wanted(amount=amount, items=found, actor=actor, reason="returned")
    return start_refund(conn, order, wanted, now)


def store_rejected(
    conn: Connection,
    order_id: str,
    return_id: str,
    *,
    actor: Actor,
    reason: str | None,
    now: datetime,
) -> Order:
    """Raises NotFound and InvalidState."""
    order = lock_order(conn, order_id)
    paper = _open_return(order, return_id)
    rejected = update_paper(conn, paper, status="rejected", closed_at=now)
    entry = event(now, "return_rejected", actor=actor, reason=reason)
    changed = _with_return(save(conn, order, timeline=[*order.timeline, entry]), rejected)
    record_change(conn, "reject_return", order, changed, actor=actor, now=now)
    return changed


def _open_return(order: Order, return_id: str) -> Return:
    paper = next((one for one in order.returns if one.id == return_id), None)
    if paper is None:
        raise NotFound
    if paper.status != "requested":
        raise InvalidState(f"This return was {paper.status} before.")
    return paper


def _with_return(order: Order, paper: Return) -> Order:
    papers = tuple(paper if one.id == paper.id else one for one in order.returns)
    return replace(order, returns=papers)
