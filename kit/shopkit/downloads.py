"""JSON to keep as a file, however long: written page by page while it is read."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from fastapi import Response
from fastapi.responses import StreamingResponse
from pydantic_core import to_json

Pages = AsyncIterator[Sequence[Any]]


async def download(
    filename: str, members: Mapping[str, Any], lists: Mapping[str, Pages] | None = None
) -> Response:
    """An object with `members` (at least one), then `lists`. Raises what reading the first page
    raises; after that, an error breaks the answer off, so that nobody takes a part for all."""
    chunks = _chunks(members, lists or {})
    first = await anext(chunks)
    return StreamingResponse(
        _all(first, chunks),
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )


async def _all(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


async def _chunks(members: Mapping[str, Any], lists: Mapping[str, Pages]) -> AsyncIterator[bytes]:
    pending = to_json(members)[:-1]
    for name, pages in lists.items():
        pending += b"," + to_json(name) + b":["
        between = b""
        async for page in pages:
            for entry in page:
                pending += between + to_json(entry)
                between = b","
            yield pending
            pending = b""
        pending += b"]"
    yield pending + b"}"
