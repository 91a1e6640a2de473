"""The public calls: /api/orders."""

from typing import Annotated, Any

from fastapi import Query

from orders import errors
from orders.cancellation import Cancellation
from orders.cancellation import cancel_order as cancel
from orders.checkout import Key
from orders.checkout import place_order as place
from orders.deps import MaybeGuest, OrdersContext
from orders.drafting import checked_payment, draft_order
from orders.history import OrderQuery, get_visible, list_orders, visitor_of
from orders.pay_again import pay_again
from orders.requests import Request
from orders.returning import store_return
from orders.schemas.checkout import CancelInput, CheckoutInput, PaymentInput, ReturnInput
from orders.schemas.orders import OrderOut, OrderStatus, PlacedStatus
from orders.views import render
from shopkit.app import PathId
from shopkit.auth import CurrentUser, MaybeUser, Principal, Staff
from shopkit.conditional import IfNoneMatch, conditional_response, etag
from shopkit.errors import InsufficientScope, RequestInProgress
from shopkit.guests import user_owner
from shopkit.idempotency import IdempotencyKey, fingerprint
from shopkit.openapi import problems
from shopkit.responses import json_response
from shopkit.routing import new_router
from shopkit.schemas import CountedPage, Limit, QueryBool

router = new_router()

TAGS: list[Any] = ["Orders"]
TEXT = {"type": "string"}
ETAG = {"ETag": {"description": "The order's version.", "schema": TEXT}}
PLACED = {**ETAG, "Location": {"description": "The order.", "schema": TEXT}}
REPLAYED = {
    "Idempotent-Replayed": {
        "description": "`true` when this is the stored answer to an earlier request.",
        "schema": TEXT,
    }
}
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before.")]
Count = Annotated[QueryBool, Query(description="Also answer `total`.")]
PageLimit = Annotated[Limit, Query(description="Orders a page.")]


@router.post(
    "/api/orders",
    summary="Place an order for what is in the cart",
    status_code=201,
    response_model=OrderOut,
    responses={
        **problems(RequestInProgress, *errors.REFUSALS.values(), errors.TooManyPendingOrders),
        201: {"description": "The order is confirmed.", "headers": {**PLACED, **REPLAYED}},
        202: {
            "model": OrderOut,
            "description": "It is still being placed, or waits for what `next_action` says; look "
            "at `Location` until it is not pending.",
            "headers": PLACED,
        },
    },
    tags=TAGS,
)
async def place_order(
    context: OrdersContext,
    user: MaybeUser,
    guest: MaybeGuest,
    key: IdempotencyKey,
    payload: CheckoutInput | None = None,
) -> Any:
    """Checks out the cart of the user, or of the guest whose `X-Cart-Token` is sent; a guest must
    give `email`.

    Send an `Idempotency-Key`: whatever gets lost on the way, repeating the request with the same
    key gives the same answer and never a second order. Keys are kept for 30 days. Without a key,
    one cart still becomes one order only.

    Either everything is ordered at the prices shown, or nothing: `insufficient_stock` and
    `price_changed` list the lines in `items`, and the cart can be used again. With
    `expected_total`, another total is refused as well.

    A payment method with a provider needs the `token` of a means of payment. Declined: 402, and
    the cart can be used again. Where the customer must do something first (3-D Secure), the answer
    is 202 with `next_action`, and the stock is held for 15 minutes.
    """
    wanted = payload or CheckoutInput()
    order = draft_order(
        wanted,
        user=user,
        guest_owner=guest.owner if guest else None,
        cart_token=guest.token if guest else None,
        now=context.it.clock.now(),
        until=context.it.lease_end(),
        has_key=key is not None,
        methods=context.methods,
    )
    used = Key(order.owner, key, fingerprint(payload)) if key else None
    answer = await place(
        context.it, context.sagas, order=order, key=used, max_pending=context.max_pending
    )
    return answer.response()


@router.get(
    "/api/orders",
    summary="List everybody's orders",
    response_model=CountedPage[OrderOut],
    tags=TAGS,
)
async def list_all_orders(
    context: OrdersContext,
    _: Annotated[Principal, Staff("orders:read")],
    status: OrderStatus | None = None,
    limit: PageLimit = 20,
    cursor: Cursor = None,
    count: Count = False,
) -> Any:
    """Newest first. Failed checkouts only show up with `status=failed`."""
    query = OrderQuery(owner=None, status=status)
    page = await list_orders(
        context.it, context.cursors, query, limit=limit, cursor=cursor, count=count
    )
    return json_response(page)


@router.get(
    "/api/orders/history",
    summary="List your own orders",
    response_model=CountedPage[OrderOut],
    tags=TAGS,
)
async def list_order_history(
    context: OrdersContext,
    user: CurrentUser,
    status: PlacedStatus | None = None,
    limit: PageLimit = 20,
    cursor: Cursor = None,
    count: Count = False,
) -> Any:
    """Newest first, those that are still being placed included. A failed checkout is no order,
    and not listed; its id still answers."""
    query = OrderQuery(owner=user_owner(user.id), status=status)
    page = await list_orders(
        context.it, context.cursors, query, limit=limit, cursor=cursor, count=count
    )
    return json_response(page)


@router.get(
    "/api/orders/{order_id}",
    summary="Show an order",
    response_model=OrderOut,
    responses={200: {"headers": ETAG}, 304: {"description": "It is as you have it."}},
    tags=TAGS,
)
async def get_order(
    order_id: PathId,
    context: OrdersContext,
    user: MaybeUser,
    guest: MaybeGuest,
    if_none_match: IfNoneMatch,
) -> Any:
    """For its customer, for the guest with the `X-Cart-Token` it was placed with, and for staff
    with `orders:read`. A failed checkout's last `timeline` entry has the reason."""
    visitor = visitor_of(user, guest.owner if guest else None)
    order = await get_visible(context.it, order_id, visitor, "orders:read")
    return conditional_response(
        render(order, for_staff=visitor.is_staff), etag(order.version), if_none_match
    )


@router.post(
    "/api/orders/{order_id}/cancel",
    summary="Cancel an order",
    response_model=OrderOut,
    responses={200: {"headers": ETAG}, **problems(errors.InvalidState)},
    tags=TAGS,
)
async def cancel_order(
    order_id: PathId,
    context: OrdersContext,
    user: MaybeUser,
    guest: MaybeGuest,
    payload: CancelInput | None = None,
) -> Any:
    """For its customer while nothing is shipped, and for staff with `orders:write`. What was
    ordered goes back into stock, what was paid is refunded, what was authorized is voided.
    Cancelling again changes nothing and answers the same.

    An order that waits for its customer (`next_action`) is given up: it becomes `failed`, and its
    cart can be used again. One that is still `pending` otherwise cannot be cancelled yet, and a
    failed one never: 409 `invalid_state`, with its state in `order_status`."""
    visitor = visitor_of(user, guest.owner if guest else None)
    order = await get_visible(context.it, order_id, visitor, "orders:write")
    asked = payload or CancelInput()
    if not asked.restock and "orders:write" not in visitor.scopes:
        raise InsufficientScope("orders:write")
    wanted = Cancellation(visitor.acts_as(order), asked.reason, asked.restock)
    cancelled = await cancel(context.it, context.sagas, order, wanted)
    context.relay.wake()
    return json_response(render(cancelled), headers={"ETag": etag(cancelled.version)})


@router.post(
    "/api/orders/{order_id}/payment",
    summary="Pay a waiting order by another means",
    response_model=OrderOut,
    responses={
        200: {"headers": ETAG},
        202: {"model": OrderOut, "description": "It waits for what `next_action` says."},
        **problems(errors.InvalidState, errors.PaymentDeclined, *errors.REFUSALS.values()),
    },
    tags=TAGS,
)
async def pay_order(
    order_id: PathId,
    context: OrdersContext,
    user: MaybeUser,
    guest: MaybeGuest,
    payload: PaymentInput,
) -> Any:
    """While an order waits for its customer (`next_action`) and its stock is held. What the
    attempt before holds is voided first, so that nothing is charged twice; an attempt that is
    declined changes nothing else."""
    visitor = visitor_of(user, guest.owner if guest else None)
    order = await get_visible(context.it, order_id, visitor, "orders:write")
    means = checked_payment(payload, context.it.providers)
    paid = await pay_again(context.it, context.sagas, order, means)
    headers = {"ETag": etag(paid.version)}
    return json_response(render(paid), status=202 if paid.unfinished else 200, headers=headers)


@router.post(
    "/api/orders/{order_id}/returns",
    summary="Ask to send goods back",
    status_code=201,
    response_model=OrderOut,
    responses={201: {"headers": {**ETAG, **REPLAYED}}, **problems(errors.InvalidState)},
    tags=TAGS,
)
async def request_return(
    order_id: PathId,
    context: OrdersContext,
    user: MaybeUser,
    guest: MaybeGuest,
    key: IdempotencyKey,
    payload: ReturnInput | None = None,
) -> Any:
    """For its customer, and for staff with `orders:write`, once something was sent. The order's
    `returns` tell what becomes of it."""
    visitor = visitor_of(user, guest.owner if guest else None)
    order = await get_visible(context.it, order_id, visitor, "orders:write")
    caller = visitor.named(order)
    request = Request(caller, visitor.acts_as(order), "request_return", key)
    answer = await context.it.database.run(
        store_return,
        order.id,
        payload or ReturnInput(),
        request=request,
        now=context.it.clock.now(),
    )
    return answer.response()
