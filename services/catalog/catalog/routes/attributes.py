"""Attributes that products may be asked for, and what values they have."""

from enum import Enum
from typing import Annotated, Any

from fastapi import Response

from catalog import attributes
from catalog.categories import find_category
from catalog.deps import MOVED, NOT_MODIFIED, CatalogContext, CategoryRef, caching, moved_to
from catalog.errors import AttributeTaken, TooManyAttributes
from catalog.schemas.attributes import Attribute, AttributeCreate, AttributePatch, Attributes
from shopkit.app import PathId
from shopkit.audit import by_staff
from shopkit.auth import MaybeUser, Principal, Staff
from shopkit.conditional import IfMatch, IfNoneMatch, conditional_response, etag
from shopkit.idempotency import IdempotencyKey
from shopkit.openapi import problems
from shopkit.responses import json_response
from shopkit.routing import new_router

router = new_router()
_TAGS: list[str | Enum] = ["Attributes"]
Editor = Annotated[Principal, Staff("products:write")]


@router.get(
    "/api/attributes",
    tags=_TAGS,
    summary="List attributes",
    response_model=Attributes,
    responses=problems(),
)
async def list_attributes(user: MaybeUser, context: CatalogContext) -> Response:
    """All of them in one answer, by code."""
    items = await context.database.read(attributes.list_attributes)
    return json_response({"items": items, "next_cursor": None}, headers=caching(user))


@router.get(
    "/api/categories/{ref}/attributes",
    tags=_TAGS,
    summary="List the attributes of a category",
    response_model=Attributes,
    responses=MOVED,
)
async def list_category_attributes(
    ref: CategoryRef, user: MaybeUser, context: CatalogContext
) -> Response:
    """Those that are for its products: defined for it, for a category above it, or for all."""
    category = await context.database.read(find_category, ref=ref)
    if ref not in (category["id"], category["slug"]):
        return moved_to(f"/api/categories/{category['slug']}/attributes", user)
    items = await context.database.read(
        attributes.attributes_of_category, category_id=category["id"]
    )
    return json_response({"items": items, "next_cursor": None}, headers=caching(user))


@router.get(
    "/api/attributes/{id}",
    tags=_TAGS,
    summary="Get an attribute",
    response_model=Attribute,
    responses=NOT_MODIFIED,
)
async def get_attribute(
    id: PathId, user: MaybeUser, context: CatalogContext, if_none_match: IfNoneMatch
) -> Response:
    found = await context.database.read(attributes.get_attribute, id=id)
    return conditional_response(found, etag(found["version"]), if_none_match, caching(user))


@router.post(
    "/api/attributes",
    tags=_TAGS,
    summary="Define an attribute",
    status_code=201,
    response_model=Attribute,
    responses=problems(AttributeTaken, TooManyAttributes),
)
async def create_attribute(
    payload: AttributeCreate, editor: Editor, context: CatalogContext, key: IdempotencyKey
) -> Response:
    """What products have already is checked when they are changed next. A filterable one can be
    filtered by as soon as all products are indexed: `indexed` tells."""
    answer = await context.database.run(
        attributes.create_attribute,
        payload=payload,
        key=key,
        by=by_staff(editor),
        now=context.clock.now(),
    )
    return answer.response()


@router.patch(
    "/api/attributes/{id}",
    tags=_TAGS,
    summary="Change an attribute",
    response_model=Attribute,
    responses=problems(),
)
async def patch_attribute(
    id: PathId,
    payload: AttributePatch,
    editor: Editor,
    context: CatalogContext,
    response: Response,
    if_match: IfMatch,
) -> Any:
    """A merge patch (RFC 7396). Code and type stay."""
    changed = await context.database.run(
        attributes.patch_attribute,
        id=id,
        payload=payload,
        if_match=if_match,
        by=by_staff(editor),
        now=context.clock.now(),
    )
    response.headers["ETag"] = etag(changed["version"])
    return changed


@router.delete(
    "/api/attributes/{id}",
    tags=_TAGS,
    summary="Delete an attribute",
    status_code=204,
    responses=problems(),
)
async def delete_attribute(
    id: PathId, editor: Editor, context: CatalogContext, if_match: IfMatch
) -> None:
    """Products keep their values, which are free from then on."""
    await context.database.run(
        attributes.delete_attribute,
        id=id,
        if_match=if_match,
        by=by_staff(editor),
        now=context.clock.now(),
    )
