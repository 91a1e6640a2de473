"""/api/payments: which methods there are, and what their providers tell us."""

from typing import Any

from fastapi import Request, Response

from orders.deps import OrdersContext
from orders.errors import InvalidSignature
from orders.schemas.payments import PaymentMethods
from orders.webhooks import store_event
from shopkit.auth import Public
from shopkit.errors import NotFound
from shopkit.openapi import problems
from shopkit.routing import new_router, read_body

router = new_router()
TAGS: list[Any] = ["Payments"]
MAX_WEBHOOK = 256 * 1024


@router.get(
    "/api/payments/methods",
    summary="List the payment methods",
    response_model=PaymentMethods,
    tags=TAGS,
)
async def get_payment_methods(context: OrdersContext, _: Public) -> Any:
    """What `payment.method` of an order may be."""
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
    event = provider.event(await read_body(request, MAX_WEBHOOK), request.headers)
    await context.it.database.run(
        store_event, method, event, live=provider.live, now=context.it.clock.now()
    )
    context.worker.wake()
    return Response(status_code=204)
