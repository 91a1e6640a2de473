"""Many products at once."""

from enum import Enum
from typing import Annotated, Any

from fastapi import Response
from fastapi.responses import StreamingResponse

from catalog import bulk, exports
from catalog.deps import CatalogContext, require_category_editor
from catalog.schemas.upserts import BulkInput, BulkResults, ExportQuery
from shopkit.audit import by_staff
from shopkit.auth import Principal, Staff
from shopkit.downloads import download_text
from shopkit.idempotency import IdempotencyKey
from shopkit.openapi import problems
from shopkit.query import FromQuery
from shopkit.routing import new_router

MOST_BYTES = 4 * 1024 * 1024
MOST_VALUES = 200_000
router = new_router(max_body=MOST_BYTES, max_values=MOST_VALUES)
_TAGS: list[str | Enum] = ["Products"]
Editor = Annotated[Principal, Staff("products:write")]
Reader = Annotated[Principal, Staff("products:read")]
NDJSON, CSV = "application/x-ndjson", "text/csv"
_FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "All products.",
        "content": {one: {"schema": {"type": "string"}} for one in (NDJSON, CSV)},
    }
}


@router.post(
    "/api/products/bulk",
    tags=_TAGS,
    summary="Create or change many products",
    response_model=BulkResults,
    responses=problems(),
)
async def upsert_products(
    payload: BulkInput, editor: Editor, context: CatalogContext, key: IdempotencyKey
) -> Response:
    """Up to 1,000 products by SKU: made where there is none with it, else changed like by PATCH.

    Each row has a result; a bad one stops no other. `stock` is the opening stock of products that
    are made; for others a warning says that it was left alone. The body may have 4 MiB. A request
    that was cut short can be repeated: with its key what was done is answered as it was.
    """
    if payload.create_categories:
        require_category_editor(editor)
    answer = await bulk.upsert_products(
        context.database,
        payload.items,
        known=context.ways,
        create_categories=payload.create_categories,
        key=key,
        by=by_staff(editor),
        now=context.clock.now(),
    )
    return answer.response()


@router.get(
    "/api/products/export",
    tags=_TAGS,
    summary="Export all products",
    response_class=StreamingResponse,
    responses=problems() | _FILES,
)
async def export_products(
    query: Annotated[ExportQuery, FromQuery(ExportQuery)], _: Reader, context: CatalogContext
) -> Response:
    """Whatever their status, oldest first. `ndjson` is what `POST /api/imports` takes and has all
    that staff wrote; `csv` has Shopify's columns, and a `'` before cells that a spreadsheet would
    run. It is read page by page: what changes meanwhile is as it was or as it is."""
    if query.format == "csv":
        return await download_text("products.csv", CSV, exports.shopify_csv(context.database))
    return await download_text("products.ndjson", NDJSON, exports.ndjson(context.database))
