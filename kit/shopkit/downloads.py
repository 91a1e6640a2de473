"""Files to keep, however long: written page by page while they are read."""

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
    return await download_text(filename, "application/json", _chunks(members, lists or {}))


async def download_text(filename: str, media_type: str, chunks: AsyncIterator[bytes]) -> Response:
    """What `chunks` gives. Raises what its first piece raises, as `download` does."""
    first = await anext(chunks, b"")
    return StreamingResponse(
        _all(first, chunks),
        media_type=media_type,
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
