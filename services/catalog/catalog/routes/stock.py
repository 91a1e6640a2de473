"""Stock, for staff."""

from enum import Enum
from typing import Annotated, Any

from fastapi import Response

from catalog import stock
from catalog.deps import CatalogContext
from catalog.errors import BackorderInUse, StockBelowReserved, StockChanged
from catalog.schemas.stock import (
    MovementQuery,
    Stock,
    StockAdjust,
    StockMovementPage,
    StockPage,
    StockPatch,
    StockQuery,
    StockSet,
)
from shopkit.app import PathId
from shopkit.audit import by_staff
from shopkit.auth import Principal, Staff
from shopkit.conditional import IfMatch, etag
from shopkit.idempotency import IdempotencyKey
from shopkit.openapi import problems
from shopkit.query import FromQuery
from shopkit.routing import new_router

router = new_router()
_TAGS: list[str | Enum] = ["Stock"]
Reader = Annotated[Principal, Staff("inventory:read")]
Keeper = Annotated[Principal, Staff("inventory:write")]


@router.get(
    "/api/stock",
    tags=_TAGS,
    summary="List what is low or out of stock",
    response_model=StockPage,
    responses=problems(),
)
async def list_stock(
    _: Reader, query: Annotated[StockQuery, FromQuery(StockQuery)], context: CatalogContext
) -> Any:
    """Active products that are `low_stock` or `out_of_stock`, by product id."""
    return await context.database.read_slow(
        stock.list_short, query=query, low_stock=context.low_stock, cursors=context.cursors
    )


@router.get(
    "/api/products/{id}/stock",
    tags=_TAGS,
    summary="Get a product's stock",
    response_model=Stock,
    responses=problems(),
)
async def get_stock(id: PathId, _: Reader, context: CatalogContext, response: Response) -> Any:
    """What is on hand, what of it is reserved for orders, and what is left: `available`."""
    found = await context.database.read(stock.get_stock, product_id=id, low_stock=context.low_stock)
    response.headers["ETag"] = etag(found["version"])
    return found


@router.put(
    "/api/products/{id}/stock",
    tags=_TAGS,
    summary="Set a product's stock",
    response_model=Stock,
    responses=problems(StockBelowReserved, StockChanged),
)
async def set_stock(
    id: PathId,
    payload: StockSet,
    keeper: Keeper,
    context: CatalogContext,
    if_match: IfMatch,
    key: IdempotencyKey,
) -> Response:
    """Set what is on hand, never below what is reserved unless it may be backordered. `expected`
    or `If-Match` makes sure that nothing has changed since you counted."""
    answer = await context.database.run(
        stock.set_stock,
        product_id=id,
        payload=payload,
        if_match=if_match,
        key=key,
        by=by_staff(keeper),
        now=context.clock.now(),
        low_stock=context.low_stock,
    )
    return answer.response()


@router.patch(
    "/api/products/{id}/stock",
    tags=_TAGS,
    summary="Change when a product is low, and whether it may be backordered",
    response_model=Stock,
    responses=problems(BackorderInUse),
)
async def patch_stock(
    id: PathId,
    payload: StockPatch,
    keeper: Keeper,
    context: CatalogContext,
    response: Response,
    if_match: IfMatch,
) -> Any:
    """With `backorder` more may be ordered than there is. It can be turned off again when nothing
    is owed."""
    changed = await context.database.run(
        stock.patch_stock,
        product_id=id,
        payload=payload,
        if_match=if_match,
        by=by_staff(keeper),
        now=context.clock.now(),
        low_stock=context.low_stock,
    )
    response.headers["ETag"] = etag(changed["version"])
    return changed


@router.post(
    "/api/products/{id}/stock/adjust",
    tags=_TAGS,
    summary="Adjust a product's stock",
    response_model=Stock,
    responses=problems(StockBelowReserved),
)
async def adjust_stock(
    id: PathId,
    payload: StockAdjust,
    keeper: Keeper,
    context: CatalogContext,
    key: IdempotencyKey,
) -> Response:
    """Add to what is on hand, or take away with a negative `delta`; the reason is kept."""
    answer = await context.database.run(
        stock.adjust_stock,
        product_id=id,
        payload=payload,
        key=key,
        by=by_staff(keeper),
        now=context.clock.now(),
        low_stock=context.low_stock,
    )
    return answer.response()


@router.get(
    "/api/products/{id}/stock/movements",
    tags=_TAGS,
    summary="List a product's stock movements",
    response_model=StockMovementPage,
    responses=problems(),
)
async def list_stock_movements(
    id: PathId,
    query: Annotated[MovementQuery, FromQuery(MovementQuery)],
    _: Reader,
    context: CatalogContext,
) -> Any:
    """Every change of what is on hand, newest first. Their sum is what is on hand."""
    name = f"movements {id}"
    after = context.cursors.decode(name, query.cursor)[0] if query.cursor else None
    found = await context.database.read(
        stock.list_movements, product_id=id, after=after, limit=query.limit
    )
    items, more = found[: query.limit], len(found) > query.limit
    last = context.cursors.encode(name, [items[-1]["seq"]]) if more else None
    return {"items": items, "next_cursor": last}
