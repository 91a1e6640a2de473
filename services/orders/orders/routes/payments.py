"""Payments: the methods, what providers tell, refunds, what came in by hand."""

from typing import Annotated, Any

from fastapi import Request, Response

from orders import errors
from orders.deps import OrdersContext
from orders.errors import InvalidSignature
from orders.history import get_order
from orders.refund_order import store_paid, store_refund
from orders.routes.parts import (
    MADE,
    request_of,
)
from orders.schemas.orders import OrderOut
from orders.schemas.payments import PaymentMethods
from orders.schemas.staff import (
    MarkPaidInput,
    RefundInput,
)
from orders.webhooks import store_event
from shopkit.app import PathId
from shopkit.auth import Principal, Public, Staff
from shopkit.errors import NotFound
from shopkit.idempotency import IdempotencyKey
from shopkit.openapi import problems
from shopkit.routing import new_router, read_body

router = new_router()
TAGS: list[Any] = ["Payments"]
RefundWriter = Annotated[Principal, Staff("refunds:write")]
PaymentWriter = Annotated[Principal, Staff("payments:write")]


@router.get(
    "/api/payments/methods",
    summary="List the payment methods",
    response_model=PaymentMethods,
    tags=["Orders"],
)
async def get_payment_methods(context: OrdersContext, _: Public) -> Any:
    """What `payment.method` of an order may be, and whether it needs a `token` of its provider."""
    providers = context.it.providers
    found = [{"name": name, "needs_token": name in providers} for name in sorted(context.methods)]
    return {"items": found}


@router.post(
    "/api/payments/webhooks/{method}",
    summary="Hear what a payment provider tells",
    status_code=204,
    responses=problems(InvalidSignature),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    },
    tags=TAGS,
)
async def receive_webhook(
    method: str, request: Request, context: OrdersContext, _: Public
) -> Response:
    """For providers only: the signature over the raw body decides. An event that is known
    already changes nothing."""
    provider = context.it.providers.get(method)
    if provider is None:
        raise NotFound
    event = provider.event(await read_body(request), request.headers)
    await context.it.database.run(
        store_event, method, event, live=provider.live, now=context.it.clock.now()
    )
    context.worker.wake()
    return Response(status_code=204)


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
) -> Response:
    """For confirmed orders that are paid later (`manual`): by bank transfer, on delivery."""
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
) -> Response:
    """By line (with its share of discounts and tax), the shipping, or any amount, and what is
    named comes together; never more than was paid: 409 `refund_exceeds_payment` tells in
    `refundable` what is left. The refund is `pending` until the provider has answered, which
    follows by itself; what was paid by hand is to be given back by hand, and counts as done."""
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
