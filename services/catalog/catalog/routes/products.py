"""Products."""

from enum import Enum
from typing import Annotated, Any

from fastapi import Response

from catalog import products
from catalog.deps import (
    MOVED,
    NOT_MODIFIED,
    CatalogContext,
    ProductRef,
    caching,
    moved_to,
    require_sees_all,
    sees_all,
)
from catalog.errors import AttributeNotReady, GroupFull, SkuTaken, SlugTaken, VariantTaken
from catalog.listing import wanted_of
from catalog.schemas.product_query import ProductQuery
from catalog.schemas.products import ProductCreate, ProductInput, ProductPatch
from catalog.schemas.shown import Product, ProductPage
from catalog.slugs import run_with_slug
from catalog.versions import product_etag
from shopkit.app import PathId
from shopkit.audit import by_staff
from shopkit.auth import MaybeUser, Principal, Staff
from shopkit.conditional import IfMatch, IfNoneMatch, conditional_response
from shopkit.errors import InsufficientScope
from shopkit.idempotency import IdempotencyKey
from shopkit.openapi import problems
from shopkit.query import FromQuery
from shopkit.responses import as_it_is
from shopkit.routing import new_router

router = new_router()
_TAGS: list[str | Enum] = ["Products"]
_CONFLICTS = problems(SkuTaken, SlugTaken, VariantTaken, GroupFull)
Editor = Annotated[Principal, Staff("products:write")]


@router.get(
    "/api/products",
    tags=_TAGS,
    summary="List and search products",
    response_model=ProductPage,
    responses=problems(InsufficientScope, AttributeNotReady),
)
async def list_products(
    query: Annotated[ProductQuery, FromQuery(ProductQuery, gathers="attr")],
    user: MaybeUser,
    context: CatalogContext,
) -> Response:
    """Active products, newest first, or best match first with `q`.

    Follow `next_cursor` with the same parameters: nothing is shown twice or left out because
    products come or go in between. Prices are compared in minor units, whatever the currency.
    """
    if query.status not in (None, "active"):
        require_sees_all(user)
    wanted = wanted_of(query, context.database.dialect)
    page = await context.list_products(wanted, query.cursor)
    return as_it_is(page, headers=caching(user))


@router.get(
    "/api/products/{ref}",
    tags=_TAGS,
    summary="Get a product",
    response_model=Product,
    responses=NOT_MODIFIED | MOVED,
)
async def get_product(
    ref: ProductRef,
    user: MaybeUser,
    context: CatalogContext,
    if_none_match: IfNoneMatch,
) -> Response:
    """By id or by slug; a slug of before leads to the one of today. Products that are not active
    exist for staff with `products:read` only."""
    product = await context.database.read(
        products.get_product, ref=ref, sees_all=sees_all(user), low_stock=context.low_stock
    )
    if ref not in (product["id"], product["slug"]):
        return moved_to(f"/api/products/{product['slug']}", user)
    return conditional_response(product, product_etag(product), if_none_match, caching(user))


@router.post(
    "/api/products",
    tags=_TAGS,
    summary="Create a product",
    status_code=201,
    response_model=Product,
    responses=_CONFLICTS,
)
async def create_product(
    payload: ProductCreate,
    editor: Editor,
    context: CatalogContext,
    key: IdempotencyKey,
) -> Response:
    """Only `sku`, `name` and `price` are required. `stock` is the opening stock."""
    answer = await run_with_slug(
        context.database,
        products.create_product,
        given=payload.slug,
        payload=payload,
        key=key,
        by=by_staff(editor),
        now=context.clock.now(),
        low_stock=context.low_stock,
    )
    return answer.response()


@router.put(
    "/api/products/{id}",
    tags=_TAGS,
    summary="Replace a product",
    response_model=Product,
    responses=_CONFLICTS,
)
async def replace_product(
    id: PathId,
    payload: ProductInput,
    editor: Editor,
    context: CatalogContext,
    response: Response,
    if_match: IfMatch,
) -> Any:
    """What you leave out gets its default; only the slug stays. Stock has calls of its own."""
    product = await context.database.run(
        products.replace_product,
        id=id,
        payload=payload,
        if_match=if_match,
        by=by_staff(editor),
        now=context.clock.now(),
        low_stock=context.low_stock,
    )
    response.headers["ETag"] = product_etag(product)
    return product


@router.patch(
    "/api/products/{id}",
    tags=_TAGS,
    summary="Change a product",
    response_model=Product,
    responses=_CONFLICTS,
)
async def patch_product(
    id: PathId,
    payload: ProductPatch,
    editor: Editor,
    context: CatalogContext,
    response: Response,
    if_match: IfMatch,
) -> Any:
    """A merge patch (RFC 7396): absent members stay, null removes, lists are replaced."""
    product = await context.database.run(
        products.patch_product,
        id=id,
        payload=payload,
        if_match=if_match,
        by=by_staff(editor),
        now=context.clock.now(),
        low_stock=context.low_stock,
    )
    response.headers["ETag"] = product_etag(product)
    return product


@router.delete(
    "/api/products/{id}",
    tags=_TAGS,
    summary="Delete a product",
    status_code=204,
    responses=problems(),
)
async def delete_product(
    id: PathId, editor: Editor, context: CatalogContext, if_match: IfMatch
) -> None:
    """It is gone from listings, groups and carts; past orders keep their snapshot. Its SKU and
    slug can be used again."""
    await context.database.run(
        products.delete_product,
        id=id,
        if_match=if_match,
        by=by_staff(editor),
        now=context.clock.now(),
    )
