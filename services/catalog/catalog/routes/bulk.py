"""Many products at once."""

from enum import Enum
from typing import Annotated, Any

from catalog import bulk
from catalog.deps import CatalogContext, require_category_editor
from catalog.schemas.upserts import BulkInput, BulkResults
from shopkit.audit import by_staff
from shopkit.auth import Principal, Staff
from shopkit.idempotency import IdempotencyKey
from shopkit.openapi import problems
from shopkit.routing import new_router

MOST_BYTES = 4 * 1024 * 1024
MOST_VALUES = 200_000
router = new_router(max_body=MOST_BYTES, max_values=MOST_VALUES)
_TAGS: list[str | Enum] = ["Products"]
Editor = Annotated[Principal, Staff("products:write")]


@router.post(
    "/api/products/bulk",
    tags=_TAGS,
    summary="Create or change many products",
    response_model=BulkResults,
    responses=problems(),
)
async def upsert_products(
    payload: BulkInput, editor: Editor, context: CatalogContext, key: IdempotencyKey
) -> Any:
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
        create_categories=payload.create_categories,
        key=key,
        by=by_staff(editor),
        now=context.clock.now(),
    )
    return answer.response()
