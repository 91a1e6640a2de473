"""What does not fit together: the list of the staff."""

from typing import Annotated, Any

from fastapi import Query

from orders.deps import OrdersContext
from orders.discrepancies import close, list_discrepancies
from orders.routes.parts import (
    Cursor,
    PageLimit,
)
from orders.schemas.staff import (
    CloseInput,
    DiscrepancyOut,
    DiscrepancyState,
)
from orders.views import render_discrepancy
from shopkit.app import PathId
from shopkit.audit import by_staff
from shopkit.auth import Principal, Staff
from shopkit.routing import new_router
from shopkit.schemas import Page

router = new_router()
TAGS: list[Any] = ["Discrepancies"]
PaymentReader = Annotated[Principal, Staff("payments:read")]
PaymentWriter = Annotated[Principal, Staff("payments:write")]


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
        by=by_staff(staff),
        note=payload.note if payload else None,
        now=context.it.clock.now(),
    )
    return render_discrepancy(found)
