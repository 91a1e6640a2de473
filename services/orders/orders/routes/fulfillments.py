"""Parcels: what goes out, and what comes back."""

from typing import Any

from fastapi import Response

from orders import errors
from orders.deps import MaybeGuest, OrdersContext
from orders.fulfilling import fulfill_order, store_delivered
from orders.history import acting, get_order, get_visible, visitor_of
from orders.requests import Request as Change
from orders.returning import store_received, store_rejected, store_return
from orders.routes.parts import CHANGED, MADE, OrderWriter, request_of
from orders.schemas.checkout import ReturnInput
from orders.schemas.orders import OrderOut
from orders.schemas.staff import (
    FulfillmentInput,
    ReceiveInput,
    RejectInput,
)
from orders.views import render
from shopkit.app import PathId
from shopkit.auth import MaybeUser
from shopkit.conditional import etag
from shopkit.errors import InsufficientScope, RequestInProgress
from shopkit.idempotency import IdempotencyKey
from shopkit.openapi import problems
from shopkit.responses import json_response
from shopkit.routing import new_router

router = new_router()
TAGS: list[Any] = ["Orders: parcels"]


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
) -> Response:
    """One parcel a call: of some `items`, or of all that is left. What is only authorized is
    captured first (`ORDERS_CAPTURE_AT=shipment`); where that is refused for good, the order is
    cancelled, 402 `capture_refused`: do not send it."""
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
) -> Response:
    """When all of its parcels have, `fulfillment_status` becomes `delivered`. Again: the order as
    it is."""
    await get_order(context.it, order_id)
    now = context.it.clock.now()
    order = await context.it.database.run(
        store_delivered, order_id, fulfillment_id, actor=acting(staff.id), now=now
    )
    return json_response(render(order, for_staff=True), headers={"ETag": etag(order.version)})


@router.post(
    "/api/orders/{order_id}/returns",
    summary="Ask to send goods back",
    status_code=201,
    response_model=OrderOut,
    responses=MADE | problems(InsufficientScope, errors.InvalidState),
    tags=TAGS,
)
async def request_return(
    order_id: PathId,
    context: OrdersContext,
    user: MaybeUser,
    guest: MaybeGuest,
    key: IdempotencyKey,
    payload: ReturnInput | None = None,
) -> Response:
    """For its customer, and for staff with `orders:write`, once something was sent. The order's
    `returns` tell what becomes of it."""
    visitor = visitor_of(user, guest.owner if guest else None)
    order = await get_visible(context.it, order_id, visitor, "orders:write")
    caller = visitor.named(order)
    request = Change(caller, visitor.acts_as(order), "request_return", key)
    answer = await context.it.database.run(
        store_return,
        order.id,
        payload or ReturnInput(),
        request=request,
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
) -> Response:
    """With `restock` they can be sold again; with `refund` what they cost goes back."""
    await get_order(context.it, order_id)
    answer = await context.it.database.run(
        store_received,
        order_id,
        return_id,
        payload or ReceiveInput(),
        request=request_of(staff, f"receive_return:{return_id}", key),
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
) -> Response:
    await get_order(context.it, order_id)
    order = await context.it.database.run(
        store_rejected,
        order_id,
        return_id,
        actor=acting(staff.id),
        reason=payload.reason if payload else None,
        now=context.it.clock.now(),
    )
    return json_response(render(order, for_staff=True), headers={"ETag": etag(order.version)})
