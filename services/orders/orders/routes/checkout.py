"""Placing an order, paying it, and giving it up."""

from typing import Any

from fastapi import Response

from orders import errors
from orders.addressing import address_choice
from orders.cancellation import Cancellation
from orders.cancellation import cancel_order as cancel
from orders.checkout import Key
from orders.checkout import place_order as place
from orders.deps import MaybeGuest, OrdersContext
from orders.drafting import checked_payment, draft_order
from orders.history import get_visible, visitor_of
from orders.pay_again import pay_again
from orders.routes.parts import CHANGED, ETAG, REPLAYED, TEXT
from orders.schemas.checkout import CancelInput, CheckoutInput, OtherPaymentInput
from orders.schemas.orders import OrderOut
from orders.views import render
from shopkit.app import PathId
from shopkit.auth import MaybePerson, MaybeUser, Verifier
from shopkit.conditional import etag
from shopkit.errors import InsufficientScope, RequestInProgress
from shopkit.idempotency import IdempotencyKey, fingerprint
from shopkit.openapi import problems
from shopkit.responses import json_response
from shopkit.routing import new_router

router = new_router()
TAGS: list[Any] = ["Orders"]
PLACED = {**ETAG, "Location": {"description": "The order.", "schema": TEXT}}


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
    user: MaybePerson,
    guest: MaybeGuest,
    key: IdempotencyKey,
    payload: CheckoutInput | None = None,
) -> Response:
    """Checks out the cart of the user, or of the guest whose `X-Cart-Token` is sent; a guest must
    give `email`. A user who sends no address gets the defaults of the address book.

    Send an `Idempotency-Key`: whatever gets lost on the way, repeating the request with the same
    key gives the same answer and never a second order. Keys are kept for 30 days. Without a key,
    one cart still becomes one order only.

    Either everything is ordered at the prices shown, or nothing: `insufficient_stock` and
    `price_changed` list the lines in `items`, and the cart can be used again. With
    `expected_total`, another total is refused as well. Who has too many unpaid orders is refused
    before that: pay or cancel one of `orders` (`too_many_pending_orders`), or pay at once.

    A payment method with a provider needs the `token` of a means of payment. Declined: 402
    `payment_declined` with `decline_code` (`card_declined`, `insufficient_funds`, `expired_card`,
    `authentication_failed`, `invalid_token` or `other`); order again with a new key. Where the
    customer must act first (3-D Secure): 202 with `next_action`, and the stock is held for nearly
    15 minutes; look at the order until it is not pending, or pay by another means.
    """
    asked = payload or CheckoutInput()
    order = draft_order(
        asked,
        user=user,
        guest=guest,
        debtors=context.debtors,
        now=context.it.clock.now(),
        until=context.it.lease_end(),
        has_key=key is not None,
        methods=context.methods,
    )
    used = Key(order.owner, key, fingerprint(payload)) if key else None
    choice = address_choice(asked)
    answer = await place(context.it, context.sagas, order, used, choice, context.debtors.most)
    return answer.response()


@router.post(
    "/api/orders/{order_id}/payment",
    summary="Pay a waiting order by another means",
    response_model=OrderOut,
    responses={
        200: {"description": "The order is paid.", "headers": {**ETAG, **REPLAYED}},
        202: {
            "model": OrderOut,
            "description": "It waits for what `next_action` says; without one it is still being "
            "paid, look at the order until it is not pending.",
            "headers": {**ETAG, **REPLAYED},
        },
        **problems(InsufficientScope, errors.InvalidState, *errors.REFUSALS.values()),
    },
    tags=TAGS,
)
async def pay_order(
    order_id: PathId,
    context: OrdersContext,
    user: MaybeUser,
    guest: MaybeGuest,
    key: IdempotencyKey,
    verifier: Verifier,
    payload: OtherPaymentInput,
) -> Response:
    """While an order waits for its customer (`next_action`) and its stock is held; by a method
    with a provider. What the attempt before holds is voided first, so that nothing is charged
    twice; an attempt that is declined changes nothing else."""
    visitor = visitor_of(user, guest.owner if guest else None)
    order = await get_visible(context.it, order_id, visitor, "orders:write")
    if user and not visitor.owns(order):
        await verifier.confirm(user)
    means = checked_payment(payload, context.it.providers, at="")
    answer = await pay_again(context.it, context.sagas, order, means, key, visitor.acts_as(order))
    return answer.response()


@router.post(
    "/api/orders/{order_id}/cancel",
    summary="Cancel an order",
    response_model=OrderOut,
    responses=CHANGED | problems(InsufficientScope, errors.InvalidState),
    tags=TAGS,
)
async def cancel_order(
    order_id: PathId,
    context: OrdersContext,
    user: MaybeUser,
    guest: MaybeGuest,
    verifier: Verifier,
    payload: CancelInput | None = None,
) -> Response:
    """For its customer, and for staff with `orders:write`, while nothing is shipped. What was
    ordered goes back into stock, what was paid is refunded, what was authorized is voided.
    Cancelling again changes nothing and answers the same.

    An order that waits for its customer (`next_action`) is given up: it becomes `failed`, and its
    cart can be used again. One that is still `pending` otherwise cannot be cancelled yet, and one
    that failed by itself never: 409 `invalid_state`, with its state in `order_status`."""
    visitor = visitor_of(user, guest.owner if guest else None)
    order = await get_visible(context.it, order_id, visitor, "orders:write")
    asked = payload or CancelInput()
    if not asked.restock and "orders:write" not in visitor.scopes:
        raise InsufficientScope("orders:write")
    if user and not (visitor.owns(order) and asked.restock):
        await verifier.confirm(user)  # as for everything that only staff may do
    wanted = Cancellation(visitor.acts_as(order), asked.reason, asked.restock)
    cancelled = await cancel(context.it, context.sagas, order, wanted)
    context.relay.wake()
    shown = render(cancelled, for_staff=wanted.actor.kind == "staff")
    return json_response(shown, headers={"ETag": etag(cancelled.version)})
