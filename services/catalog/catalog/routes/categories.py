"""Categories."""

from enum import Enum
from typing import Annotated, Any

from fastapi import Response

from catalog import categories
from catalog.deps import MOVED, NOT_MODIFIED, CatalogContext, CategoryRef, caching, moved_to
from catalog.errors import (
    CategoryCycle,
    CategoryNotEmpty,
    CategoryTooDeep,
    SlugTaken,
    TooManyCategories,
)
from catalog.schemas.categories import Category, CategoryInput, CategoryPatch, CategoryTree
from catalog.slugs import run_with_slug
from shopkit.app import PathId
from shopkit.audit import by_staff
from shopkit.auth import MaybeUser, Principal, Staff
from shopkit.conditional import IfMatch, IfNoneMatch, conditional_response, etag
from shopkit.idempotency import IdempotencyKey
from shopkit.openapi import problems
from shopkit.responses import json_response
from shopkit.routing import new_router

router = new_router()
_TAGS: list[str | Enum] = ["Categories"]
_PLACE = (SlugTaken, CategoryCycle, CategoryTooDeep)
Editor = Annotated[Principal, Staff("categories:write")]


@router.get(
    "/api/categories",
    tags=_TAGS,
    summary="Get the category tree",
    response_model=CategoryTree,
    responses=problems(),
)
async def list_categories(user: MaybeUser, context: CatalogContext) -> Response:
    """All categories in one answer, siblings sorted by position, then name."""
    items = await context.database.read(categories.category_tree)
    return json_response({"items": items, "next_cursor": None}, headers=caching(user))


@router.get(
    "/api/categories/{ref}",
    tags=_TAGS,
    summary="Get a category",
    response_model=Category,
    responses=NOT_MODIFIED | MOVED,
)
async def get_category(
    ref: CategoryRef,
    user: MaybeUser,
    context: CatalogContext,
    if_none_match: IfNoneMatch,
) -> Response:
    """By id or by slug; a slug of before leads to the one of today."""
    found = await context.database.read(categories.find_category, ref=ref)
    if ref not in (found["id"], found["slug"]):
        return moved_to(f"/api/categories/{found['slug']}", user)
    return conditional_response(found, etag(found["version"]), if_none_match, caching(user))


@router.post(
    "/api/categories",
    tags=_TAGS,
    summary="Create a category",
    status_code=201,
    response_model=Category,
    responses=problems(SlugTaken, CategoryTooDeep, TooManyCategories),
)
async def create_category(
    payload: CategoryInput,
    editor: Editor,
    context: CatalogContext,
    key: IdempotencyKey,
) -> Response:
    """Only `name` is required. Without `parent_id` it is one of the first level."""
    answer = await run_with_slug(
        context.database,
        categories.create_category,
        given=payload.slug,
        payload=payload,
        key=key,
        by=by_staff(editor),
        now=context.clock.now(),
    )
    return answer.response()


@router.put(
    "/api/categories/{id}",
    tags=_TAGS,
    summary="Replace a category",
    response_model=Category,
    responses=problems(*_PLACE),
)
async def replace_category(
    id: PathId,
    payload: CategoryInput,
    editor: Editor,
    context: CatalogContext,
    response: Response,
    if_match: IfMatch,
) -> Any:
    """What you leave out gets its default (so it moves to the first level); only the slug stays."""
    changed = await context.database.run(
        categories.replace_category,
        id=id,
        payload=payload,
        if_match=if_match,
        by=by_staff(editor),
        now=context.clock.now(),
    )
    response.headers["ETag"] = etag(changed["version"])
    return changed


@router.patch(
    "/api/categories/{id}",
    tags=_TAGS,
    summary="Change a category",
    response_model=Category,
    responses=problems(*_PLACE),
)
async def patch_category(
    id: PathId,
    payload: CategoryPatch,
    editor: Editor,
    context: CatalogContext,
    response: Response,
    if_match: IfMatch,
) -> Any:
    """A merge patch (RFC 7396). Everything below it moves along."""
    changed = await context.database.run(
        categories.patch_category,
        id=id,
        payload=payload,
        if_match=if_match,
        by=by_staff(editor),
        now=context.clock.now(),
    )
    response.headers["ETag"] = etag(changed["version"])
    return changed


@router.delete(
    "/api/categories/{id}",
    tags=_TAGS,
    summary="Delete a category",
    status_code=204,
    responses=problems(CategoryNotEmpty),
)
async def delete_category(
    id: PathId, editor: Editor, context: CatalogContext, if_match: IfMatch
) -> None:
    """Only an empty one: without products and without categories below it."""
    await context.database.run(
        categories.delete_category,
        id=id,
        if_match=if_match,
        by=by_staff(editor),
        now=context.clock.now(),
    )
