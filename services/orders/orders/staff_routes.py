"""What staff do with orders: send, refund, take back, and see to what does not fit together."""

from typing import Annotated, Any

from fastapi import Query

from orders import errors
from orders.deps import OrdersContext
from orders.discrepancies import close, list_discrepancies
from orders.domain import Actor
from orders.fulfilling import fulfill_order, store_delivered
from orders.history import get_order
from orders.refund_order import store_paid, store_refund
from orders.requests import Request
from orders.returning import store_received, store_rejected
from orders.routes import ETAG, REPLAYED, Cursor, PageLimit
from orders.schemas.orders import OrderOut
from orders.schemas.staff import (
    CloseInput,
    DiscrepancyOut,
    DiscrepancyState,
    FulfillmentInput,
    MarkPaidInput,
    ReceiveInput,
    RefundInput,
    RejectInput,
)
from orders.views import render, render_discrepancy
from shopkit.app import PathId
from shopkit.auth import Principal, Staff
from shopkit.conditional import etag
from shopkit.errors import RequestInProgress
from shopkit.guests import user_owner
from shopkit.idempotency import IdempotencyKey
from shopkit.openapi import problems
from shopkit.responses import json_response
from shopkit.routing import new_router
from shopkit.schemas import Page

router = new_router()
TAGS: list[Any] = ["Orders: staff"]
CHANGED: dict[int | str, Any] = {200: {"headers": ETAG}}
MADE: dict[int | str, Any] = {201: {"headers": {**ETAG, **REPLAYED}}}
OrderWriter = Annotated[Principal, Staff("orders:write")]
RefundWriter = Annotated[Principal, Staff("refunds:write")]
PaymentReader = Annotated[Principal, Staff("payments:read")]
PaymentWriter = Annotated[Principal, Staff("payments:write")]


def request_of(staff: Principal, route: str, key: str | None) -> Request:
    return Request(user_owner(staff.id), acting(staff), route, key)


def acting(staff: Principal) -> Actor:
    return Actor("staff", staff.id)


@router.post(
    "/api/orders/{order_id}/fulfillments",
    summary="Send some or all of an order",
    status_code=201,
    response_model=OrderOut,
    responses=MADE
    | problems(RequestInProgress, errors.InvalidState, errors.NotPaid, errors.CaptureRefused),
    tags=TAGS,
)
async def fulfill(
    order_id: PathId,
    context: OrdersContext,
    staff: OrderWriter,
    key: IdempotencyKey,
    payload: FulfillmentInput | None = None,
) -> Any:
    """What is only authorized is captured first (`ORDERS_CAPTURE_AT=shipment`); where that is
    refused for good, the order is cancelled, 402 `capture_refused`: do not send it."""
    answer = await fulfill_order(
        context.it,
        context.sagas,
        await get_order(context.it, order_id),
        payload or FulfillmentInput(),
        request_of(staff, "fulfill", key),
        ship_unpaid=context.ship_unpaid,
    )
    return answer.response()


@router.post(
    "/api/orders/{order_id}/fulfillments/{fulfillment_id}/deliver",
    summary="Say that a parcel has arrived",
    response_model=OrderOut,
    responses=CHANGED,
    tags=TAGS,
)
async def deliver(
    order_id: PathId, fulfillment_id: PathId, context: OrdersContext, staff: OrderWriter
) -> Any:
    """Again: the order as it is."""
    await get_order(context.it, order_id)
    now = context.it.clock.now()
    order = await context.it.database.run(
        store_delivered, order_id, fulfillment_id, actor=acting(staff), now=now
    )
    return json_response(render(order, for_staff=True), headers={"ETag": etag(order.version)})


@router.post(
    "/api/orders/{order_id}/refunds",
    summary="Give money back",
    status_code=201,
    response_model=OrderOut,
    responses=MADE | problems(errors.NothingToRefund, errors.RefundExceedsPayment),
    tags=TAGS,
)
async def refund(
    order_id: PathId,
    payload: RefundInput,
    context: OrdersContext,
    staff: RefundWriter,
    key: IdempotencyKey,
) -> Any:
    """By line (with its share of discounts and tax), the shipping, or any amount; never more than
    was paid. The refund is `pending` until the provider has answered, which follows by itself;
    what was paid by hand is to be given back by hand, and counts as done."""
    await get_order(context.it, order_id)
    answer = await context.it.database.run(
        store_refund,
        order_id,
        payload,
        request=request_of(staff, "refund", key),
        now=context.it.clock.now(),
    )
    context.relay.wake()
    return answer.response()


@router.post(
    "/api/orders/{order_id}/mark-paid",
    summary="Say that the money has come in",
    status_code=201,
    response_model=OrderOut,
    responses=MADE | problems(errors.InvalidState),
    tags=TAGS,
)
async def mark_paid(
    order_id: PathId,
    context: OrdersContext,
    staff: PaymentWriter,
    key: IdempotencyKey,
    payload: MarkPaidInput | None = None,
) -> Any:
    """For orders that are paid later (`manual`): by bank transfer, on delivery."""
    await get_order(context.it, order_id)
    answer = await context.it.database.run(
        store_paid,
        order_id,
        payload or MarkPaidInput(),
        request=request_of(staff, "mark_paid", key),
        now=context.it.clock.now(),
    )
    return answer.response()


@router.post(
    "/api/orders/{order_id}/returns/{return_id}/receive",
    summary="Take returned goods in",
    status_code=201,
    response_model=OrderOut,
    responses=MADE | problems(errors.InvalidState),
    tags=TAGS,
)
async def receive_return(
    order_id: PathId,
    return_id: PathId,
    context: OrdersContext,
    staff: OrderWriter,
    key: IdempotencyKey,
    payload: ReceiveInput | None = None,
) -> Any:
    """With `restock` they can be sold again; with `refund` what they cost goes back."""
    await get_order(context.it, order_id)
    answer = await context.it.database.run(
        store_received,
        order_id,
        return_id,
        payload or ReceiveInput(),
        request=request_of(staff, f"receive:{return_id}", key),
        now=context.it.clock.now(),
    )
    context.relay.wake()
    return answer.response()


@router.post(
    "/api/orders/{order_id}/returns/{return_id}/reject",
    summary="Refuse a return",
    response_model=OrderOut,
    responses=CHANGED | problems(errors.InvalidState),
    tags=TAGS,
)
async def reject_return(
    order_id: PathId,
    return_id: PathId,
    context: OrdersContext,
    staff: OrderWriter,
    payload: RejectInput | None = None,
) -> Any:
    await get_order(context.it, order_id)
    order = await context.it.database.run(
        store_rejected,
        order_id,
        return_id,
        actor=acting(staff),
        reason=payload.reason if payload else None,
        now=context.it.clock.now(),
    )
    return json_response(render(order, for_staff=True), headers={"ETag": etag(order.version)})


@router.get(
    "/api/orders/discrepancies",
    summary="List what does not fit together",
    response_model=Page[DiscrepancyOut],
    tags=TAGS,
)
async def get_discrepancies(
    context: OrdersContext,
    _: PaymentReader,
    state: Annotated[DiscrepancyState, Query(description="`open`, or all of them.")] = "open",
    limit: PageLimit = 20,
    cursor: Cursor = None,
) -> Any:
    """Between the payment providers, catalog, cart and orders; what could be mended by itself is
    not here. Newest first."""
    name = f"discrepancies:{state}"
    before = context.cursors.decode(name, cursor)[0] if cursor else None
    found = await context.it.database.read(
        list_discrepancies, open_only=state == "open", before=before, limit=limit
    )
    more = len(found) > limit
    return {
        "items": [render_discrepancy(row) for row in found[:limit]],
        "next_cursor": context.cursors.encode(name, [found[limit - 1]["id"]]) if more else None,
    }


@router.post(
    "/api/orders/discrepancies/{discrepancy_id}/close",
    summary="Say that a discrepancy is seen to",
    response_model=DiscrepancyOut,
    tags=TAGS,
)
async def close_discrepancy(
    discrepancy_id: PathId,
    context: OrdersContext,
    staff: PaymentWriter,
    payload: CloseInput | None = None,
) -> Any:
    """Should it still be there at the next round of the reconciler, it comes back."""
    found = await context.it.database.run(
        close,
        discrepancy_id,
        by=staff.id,
        note=payload.note if payload else None,
        now=context.it.clock.now(),
    )
    return render_discrepancy(found)
