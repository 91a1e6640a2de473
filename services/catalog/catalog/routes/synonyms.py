"""Synonyms that searches know."""

from enum import Enum
from typing import Annotated, Any

from fastapi import Response

from catalog import synonyms
from catalog.deps import NOT_MODIFIED, PERSONAL, CatalogContext
from catalog.errors import TooManySynonyms
from catalog.schemas.synonyms import Synonyms, SynonymsInput, SynonymsPage, SynonymsQuery
from shopkit.app import PathId
from shopkit.audit import by_staff
from shopkit.auth import Principal, Staff
from shopkit.conditional import IfMatch, IfNoneMatch, conditional_response, etag
from shopkit.idempotency import IdempotencyKey
from shopkit.openapi import problems
from shopkit.query import FromQuery
from shopkit.routing import new_router

router = new_router()
_TAGS: list[str | Enum] = ["Search"]
_HEADERS = {"Cache-Control": PERSONAL}
Reader = Annotated[Principal, Staff("products:read")]
Editor = Annotated[Principal, Staff("products:write")]


@router.get(
    "/api/search/synonyms",
    tags=_TAGS,
    summary="List synonyms",
    response_model=SynonymsPage,
    responses=problems(),
)
async def list_synonyms(
    query: Annotated[SynonymsQuery, FromQuery(SynonymsQuery)],
    _: Reader,
    context: CatalogContext,
) -> Any:
    """Groups of terms that mean the same, newest first."""
    return await context.database.read(synonyms.list_synonyms, query=query, cursors=context.cursors)


@router.get(
    "/api/search/synonyms/{id}",
    tags=_TAGS,
    summary="Get a group of synonyms",
    response_model=Synonyms,
    responses=NOT_MODIFIED,
)
async def get_synonyms(
    id: PathId, _: Reader, context: CatalogContext, if_none_match: IfNoneMatch
) -> Response:
    found = await context.database.read(synonyms.get_synonyms, id=id)
    return conditional_response(found, etag(found["version"]), if_none_match, _HEADERS)


@router.post(
    "/api/search/synonyms",
    tags=_TAGS,
    summary="Create a group of synonyms",
    status_code=201,
    response_model=Synonyms,
    responses=problems(TooManySynonyms),
)
async def create_synonyms(
    payload: SynonymsInput, editor: Editor, context: CatalogContext, key: IdempotencyKey
) -> Response:
    """Who searches for one term finds what has any of them, within seconds. A term is one to three
    words; plural and singular forms need not be listed."""
    answer = await context.database.run(
        synonyms.create_synonyms,
        payload=payload,
        key=key,
        by=by_staff(editor),
        now=context.clock.now(),
    )
    return answer.response()


@router.put(
    "/api/search/synonyms/{id}",
    tags=_TAGS,
    summary="Replace a group of synonyms",
    response_model=Synonyms,
    responses=problems(),
)
async def replace_synonyms(
    id: PathId,
    payload: SynonymsInput,
    editor: Editor,
    context: CatalogContext,
    response: Response,
    if_match: IfMatch,
) -> Any:
    """All its terms anew."""
    group = await context.database.run(
        synonyms.replace_synonyms,
        id=id,
        payload=payload,
        if_match=if_match,
        by=by_staff(editor),
        now=context.clock.now(),
    )
    response.headers["ETag"] = etag(group["version"])
    return group


@router.delete(
    "/api/search/synonyms/{id}",
    tags=_TAGS,
    summary="Delete a group of synonyms",
    status_code=204,
    responses=problems(),
)
async def delete_synonyms(
    id: PathId, editor: Editor, context: CatalogContext, if_match: IfMatch
) -> None:
    await context.database.run(
        synonyms.delete_synonyms,
        id=id,
        if_match=if_match,
        by=by_staff(editor),
        now=context.clock.now(),
    )
