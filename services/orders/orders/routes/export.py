"""What orders keeps of its caller."""

from typing import Any

from fastapi import Response

from orders.deps import OrdersContext
from orders.export import address_pages, order_pages
from orders.schemas.export import OrdersExport
from shopkit.auth import CurrentUser
from shopkit.downloads import download
from shopkit.guests import user_owner
from shopkit.routing import new_router

router = new_router()
TAGS: list[Any] = ["Your data"]


@router.get(
    "/api/orders/export",
    summary="Take your orders along",
    response_model=OrdersExport,
    tags=TAGS,
)
async def export_orders(context: OrdersContext, user: CurrentUser) -> Response:
    """All your orders, also those that failed, and your address book, as one file. An answer that
    breaks off is not whole: ask again."""
    it, owner = context.it, user_owner(user.id)
    lists = {"addresses": address_pages(it, owner=owner), "orders": order_pages(it, owner=owner)}
    return await download("orders.json", {"exported_at": it.clock.now()}, lists)
