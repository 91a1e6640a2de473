"""Imports in the background."""

from collections.abc import AsyncIterator
from enum import Enum
from typing import Annotated, Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from pydantic_core import to_json

from catalog import imports
from catalog.context import Context
from catalog.deps import CatalogContext, require_category_editor
from catalog.errors import ImportFinished, ImportNotUndoable, TooManyImports
from catalog.schemas.imports import Import, ImportOptions, ImportPage, ImportQuery
from shopkit.app import PathId
from shopkit.audit import by_staff
from shopkit.auth import Principal, Staff
from shopkit.downloads import download_text
from shopkit.errors import InvalidCursor, PayloadTooLarge, StorageFull, UnsupportedMediaType
from shopkit.idempotency import IdempotencyKey
from shopkit.openapi import problems
from shopkit.query import FromQuery
from shopkit.routing import new_router, require_media_type

router = new_router()
NDJSON = "application/x-ndjson"
PAGE = 500
_TAGS: list[str | Enum] = ["Imports"]
_LINES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A JSON object in each line.",
        "content": {NDJSON: {"schema": {"type": "string"}}},
    }
}
_FILE = {
    "requestBody": {
        "required": True,
        "description": "A ProductUpsert in each line, as `POST /api/products/bulk` takes them.",
        "content": {NDJSON: {"schema": {"type": "string"}}},
    }
}
Editor = Annotated[Principal, Staff("products:write")]
Reader = Annotated[Principal, Staff("products:read")]


@router.post(
    "/api/imports",
    tags=_TAGS,
    summary="Begin an import",
    status_code=202,
    response_model=Import,
    responses=problems(TooManyImports, PayloadTooLarge, UnsupportedMediaType, StorageFull),
    openapi_extra=_FILE,
)
async def create_import(
    request: Request,
    options: Annotated[ImportOptions, FromQuery(ImportOptions)],
    editor: Editor,
    context: CatalogContext,
    key: IdempotencyKey,
) -> Response:
    """Of a file of up to 200 MiB, done in the background: `Location` says how far it is. It goes on
    after a restart, shows which rows failed and why, and can be undone."""
    if options.create_categories:
        require_category_editor(editor)
    require_media_type(request, NDJSON)
    answer = await imports.receive_import(
        context.database,
        context.files,
        request.stream(),
        create_categories=options.create_categories,
        key=key,
        by=by_staff(editor),
        now=context.clock.now(),
    )
    return answer.response()


@router.get(
    "/api/imports",
    tags=_TAGS,
    summary="List imports",
    response_model=ImportPage,
    responses=problems(InvalidCursor),
)
async def list_imports(
    query: Annotated[ImportQuery, FromQuery(ImportQuery)], _: Reader, context: CatalogContext
) -> Any:
    """Newest first."""
    return await context.database.read(imports.list_imports, query=query, cursors=context.cursors)


@router.get(
    "/api/imports/{id}",
    tags=_TAGS,
    summary="Get an import",
    response_model=Import,
    responses=problems(),
)
async def get_import(id: PathId, _: Reader, context: CatalogContext) -> Any:
    """How far it is."""
    context.pace.watched()
    return await context.database.read(imports.get_import, id=id)


@router.get(
    "/api/imports/{id}/errors",
    tags=_TAGS,
    summary="Get the rows that failed",
    response_class=StreamingResponse,
    responses=problems() | _LINES,
)
async def list_import_errors(id: PathId, _: Reader, context: CatalogContext) -> Response:
    """`{row, sku, errors}` in each line, in the order of the file; those so far while it runs, and
    those of the first 5,000 rows that failed: `counts.failed` of the import says how many did.

    `row` is the number of the line in the file, from 1; of an undo that of the line which had made
    or changed what was left alone, told once for all of a line."""
    return await download_text("errors.ndjson", NDJSON, _error_lines(context, id))


async def _error_lines(context: Context, id: str) -> AsyncIterator[bytes]:
    after = 0
    while True:
        page = await context.database.read(imports.list_errors, id=id, after=after, limit=PAGE)
        yield b"".join(to_json(one) + b"\n" for one in page)
        if len(page) < PAGE:
            return
        after = page[-1]["row"]


@router.post(
    "/api/imports/{id}/cancel",
    tags=_TAGS,
    summary="Cancel an import",
    response_model=Import,
    responses=problems(ImportFinished),
)
async def cancel_import(id: PathId, editor: Editor, context: CatalogContext) -> Any:
    """What is done stays, and can be undone."""
    return await context.database.run(
        imports.cancel_import, id=id, by=by_staff(editor), now=context.clock.now()
    )


@router.post(
    "/api/imports/{id}/undo",
    tags=_TAGS,
    summary="Undo an import",
    status_code=202,
    response_model=Import,
    responses=problems(ImportNotUndoable),
)
async def undo_import(
    id: PathId, editor: Editor, context: CatalogContext, key: IdempotencyKey
) -> Response:
    """Begins an import of the kind `undo`: what this one made is deleted, what it changed gets its
    former values back. What somebody has changed since is left alone and among its errors. Stock
    is not touched, nor are orders. Of an import with `create_categories` it needs
    `categories:write` too."""
    found = await context.database.read(imports.get_import, id=id)
    if found["create_categories"]:
        require_category_editor(editor)
    answer = await context.database.run(
        imports.undo_import, id=id, key=key, by=by_staff(editor), now=context.clock.now()
    )
    return answer.response()
