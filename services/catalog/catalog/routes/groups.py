"""Product groups."""

from enum import Enum
from typing import Annotated, Any

from fastapi import Response

from catalog import groups
from catalog.deps import MOVED, NOT_MODIFIED, CatalogContext, GroupRef, caching, moved_to, sees_all
from catalog.errors import SkuTaken, SlugTaken, VariantTaken, VariesByInUse
from catalog.schemas.groups import (
    GroupCreate,
    GroupPatch,
    GroupQuery,
    ProductGroupPage,
    ProductGroupWithVariants,
)
from catalog.slugs import run_with_slug
from catalog.versions import group_etag
from shopkit.app import PathId
from shopkit.audit import by_staff
from shopkit.auth import MaybeUser, Principal, Staff
from shopkit.conditional import IfMatch, IfNoneMatch, conditional_response
from shopkit.idempotency import IdempotencyKey
from shopkit.openapi import problems
from shopkit.query import FromQuery
from shopkit.responses import json_response
from shopkit.routing import new_router

router = new_router()
_TAGS: list[str | Enum] = ["Product groups"]
Editor = Annotated[Principal, Staff("products:write")]


@router.get(
    "/api/product-groups",
    tags=_TAGS,
    summary="List product groups",
    response_model=ProductGroupPage,
    responses=problems(),
)
async def list_product_groups(
    query: Annotated[GroupQuery, FromQuery(GroupQuery)],
    user: MaybeUser,
    context: CatalogContext,
) -> Response:
    """Newest first, without their variants: `GET /api/products?group=` lists those. Groups of which
    no variant is active exist for staff with `products:read` only."""
    page = await context.database.read(
        groups.list_groups, query=query, sees_all=sees_all(user), cursors=context.cursors
    )
    return json_response(page, headers=caching(user))


@router.get(
    "/api/product-groups/{ref}",
    tags=_TAGS,
    summary="Get a product group with its variants",
    response_model=ProductGroupWithVariants,
    responses=NOT_MODIFIED | MOVED,
)
async def get_product_group(
    ref: GroupRef,
    user: MaybeUser,
    context: CatalogContext,
    if_none_match: IfNoneMatch,
) -> Response:
    """By id or by slug; a slug of before leads to the one of today. Variants are products; staff
    with `products:read` see inactive ones too, and groups that have no other."""
    group = await context.database.read(
        groups.get_group,
        ref=ref,
        sees_all=sees_all(user),
        low_stock=context.low_stock,
    )
    if ref not in (group["id"], group["slug"]):
        return moved_to(f"/api/product-groups/{group['slug']}", user)
    return conditional_response(group, group_etag(group), if_none_match, caching(user))


@router.post(
    "/api/product-groups",
    tags=_TAGS,
    summary="Create a product group",
    status_code=201,
    response_model=ProductGroupWithVariants,
    responses=problems(SlugTaken, SkuTaken, VariantTaken),
)
async def create_product_group(
    payload: GroupCreate,
    editor: Editor,
    context: CatalogContext,
    key: IdempotencyKey,
) -> Response:
    """With its `variants`, all or nothing. More can be created as products with `group_id` and
    `options`."""
    answer = await run_with_slug(
        context.database,
        groups.create_group,
        given=payload.slug,
        payload=payload,
        key=key,
        by=by_staff(editor),
        now=context.clock.now(),
        low_stock=context.low_stock,
    )
    return answer.response()


@router.patch(
    "/api/product-groups/{id}",
    tags=_TAGS,
    summary="Change a product group",
    response_model=ProductGroupWithVariants,
    responses=problems(SlugTaken, VariesByInUse),
)
async def patch_product_group(
    id: PathId,
    payload: GroupPatch,
    editor: Editor,
    context: CatalogContext,
    response: Response,
    if_match: IfMatch,
) -> Any:
    """A merge patch (RFC 7396)."""
    group = await context.database.run(
        groups.patch_group,
        id=id,
        payload=payload,
        if_match=if_match,
        by=by_staff(editor),
        now=context.clock.now(),
        low_stock=context.low_stock,
    )
    response.headers["ETag"] = group_etag(group)
    return group


@router.delete(
    "/api/product-groups/{id}",
    tags=_TAGS,
    summary="Delete a product group",
    status_code=204,
    responses=problems(),
)
async def delete_product_group(
    id: PathId, editor: Editor, context: CatalogContext, if_match: IfMatch
) -> None:
    """Its variants stay, as products without a group."""
    await context.database.run(
        groups.delete_group, id=id, if_match=if_match, by=by_staff(editor), now=context.clock.now()
    )
