"""Orders as they are."""

from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import BeforeValidator

from orders.deps import MaybeGuest, OrdersContext
from orders.history import OrderQuery, get_visible, list_orders, visitor_of
from orders.numbers import PATTERN, as_printed
from orders.routes.parts import ETAG, Count, Cursor, PageLimit
from orders.schemas.orders import OrderOut, OrderStatus, PlacedStatus
from orders.views import render
from shopkit.app import PathId
from shopkit.auth import CurrentUser, MaybeUser, Principal, Staff
from shopkit.conditional import IfNoneMatch, conditional_response, etag
from shopkit.guests import user_owner
from shopkit.responses import json_response
from shopkit.routing import new_router
from shopkit.schemas import CountedPage

router = new_router()
TAGS: list[Any] = ["Orders"]
OrderNumber = Annotated[
    str,
    Query(pattern=PATTERN, description="Only the order with this number, in any case."),
    BeforeValidator(as_printed),
]


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
    number: OrderNumber | None = None,
    limit: PageLimit = 20,
    cursor: Cursor = None,
    count: Count = False,
) -> Response:
    """Newest first. Failed checkouts only show up with `status=failed`, or by their `number`."""
    query = OrderQuery(owner=None, status=status, number=number)
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
) -> Response:
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
) -> Response:
    """For its customer, for the guest with the `X-Cart-Token` it was placed with, and for staff
    with `orders:read`. A failed checkout's last `timeline` entry has the reason."""
    visitor = visitor_of(user, guest.owner if guest else None)
    order = await get_visible(context.it, order_id, visitor, "orders:read")
    return conditional_response(
        render(order, for_staff=visitor.is_staff), etag(order.version), if_none_match
    )
