"""What products cost before, and what they are to cost at a time; for staff."""

from enum import Enum
from typing import Annotated, Any

from fastapi import Response

from catalog import price_changes, prices
from catalog.deps import CatalogContext
from catalog.errors import PriceChangeOver, PriceChangeOverlaps, TooManyPriceChanges
from catalog.schemas.prices import (
    PastPricePage,
    PriceChange,
    PriceChangeCreate,
    PriceChangePage,
    PriceQuery,
)
from shopkit.app import PathId
from shopkit.audit import by_staff
from shopkit.auth import Principal, Staff
from shopkit.conditional import etag
from shopkit.idempotency import IdempotencyKey
from shopkit.openapi import problems
from shopkit.query import FromQuery
from shopkit.routing import new_router

router = new_router()
_TAGS: list[str | Enum] = ["Prices"]
Reader = Annotated[Principal, Staff("products:read")]
Editor = Annotated[Principal, Staff("products:write")]
Paging = Annotated[PriceQuery, FromQuery(PriceQuery)]


@router.get(
    "/api/products/{id}/prices",
    tags=_TAGS,
    summary="List what a product has cost",
    response_model=PastPricePage,
    responses=problems(),
)
async def list_prices(id: PathId, query: Paging, _: Reader, context: CatalogContext) -> Any:
    """Every change of its price or compare-at price, newest first, with the price of now."""
    return await context.database.read(
        prices.list_prices,
        product_id=id,
        limit=query.limit,
        cursor=query.cursor,
        cursors=context.cursors,
    )


@router.post(
    "/api/products/{id}/price-changes",
    tags=_TAGS,
    summary="Schedule a price",
    status_code=201,
    response_model=PriceChange,
    responses=problems(PriceChangeOverlaps, TooManyPriceChanges),
)
async def create_price_change(
    id: PathId,
    payload: PriceChangeCreate,
    editor: Editor,
    context: CatalogContext,
    key: IdempotencyKey,
) -> Response:
    """From `starts_at` on the product has this price, until `ends_at` or for good. At the end the
    prices from before come back; what staff have set meanwhile stays. Two at a time are refused."""
    answer = await context.database.run(
        price_changes.create_change,
        product_id=id,
        payload=payload,
        key=key,
        by=by_staff(editor),
        now=context.clock.now(),
    )
    return answer.response()


@router.get(
    "/api/products/{id}/price-changes",
    tags=_TAGS,
    summary="List a product's scheduled prices",
    response_model=PriceChangePage,
    responses=problems(),
)
async def list_price_changes(id: PathId, query: Paging, _: Reader, context: CatalogContext) -> Any:
    """Those to come, under way and over, newest first."""
    return await context.database.read(
        price_changes.list_changes,
        product_id=id,
        limit=query.limit,
        cursor=query.cursor,
        cursors=context.cursors,
    )


@router.get(
    "/api/products/{id}/price-changes/{change_id}",
    tags=_TAGS,
    summary="Get a scheduled price",
    response_model=PriceChange,
    responses=problems(),
)
async def get_price_change(
    id: PathId, change_id: PathId, _: Reader, context: CatalogContext, response: Response
) -> Any:
    found = await context.database.read(
        price_changes.get_change, product_id=id, change_id=change_id
    )
    response.headers["ETag"] = etag(found["status"])
    return found


@router.delete(
    "/api/products/{id}/price-changes/{change_id}",
    tags=_TAGS,
    summary="Cancel a scheduled price",
    status_code=204,
    responses=problems(PriceChangeOver),
)
async def cancel_price_change(
    id: PathId, change_id: PathId, editor: Editor, context: CatalogContext
) -> None:
    """It will not begin; one that is under way ends now."""
    await context.database.run(
        price_changes.cancel_change,
        product_id=id,
        change_id=change_id,
        by=by_staff(editor),
        now=context.clock.now(),
    )
