"""Images: uploaded by staff, shown to everybody."""

from enum import Enum
from functools import partial
from typing import Annotated

from fastapi import Path, Request, Response
from fastapi.responses import StreamingResponse

from catalog.deps import CatalogContext
from catalog.errors import UnusableImage, UploadTooSlow
from catalog.image_names import CONTENT_TYPES, MEDIA_FILE, storage_key
from catalog.schemas.media import Media
from catalog.uploads import MAX_BYTES
from shopkit.audit import by_staff
from shopkit.auth import Principal, Public, Staff
from shopkit.errors import NotFound, PayloadTooLarge, UnsupportedMediaType
from shopkit.idempotency import IdempotencyKey
from shopkit.openapi import problems
from shopkit.routing import new_router, read_body

router = new_router()
_TAGS: list[str | Enum] = ["Media"]
ACCEPTED = ("image/jpeg", "image/png", "image/webp", "image/avif")
FOR_EVER = "public, max-age=31536000, immutable"
_BODY = {
    "required": True,
    "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in ACCEPTED},
}


@router.post(
    "/api/media",
    tags=_TAGS,
    summary="Upload an image",
    status_code=201,
    response_model=Media,
    responses=problems(UploadTooSlow, PayloadTooLarge, UnsupportedMediaType, UnusableImage),
    openapi_extra={"requestBody": _BODY},
)
async def upload_image(
    request: Request,
    editor: Annotated[Principal, Staff("products:write")],
    context: CatalogContext,
    key: IdempotencyKey,
) -> Response:
    """The image itself is the body: JPEG, PNG, WebP or AVIF, up to 10 MiB and 25 million pixels.

    It is drawn anew, upright and in sRGB, without whatever else was in the file (where it was
    taken, for one); AVIF becomes WebP. Name its `url` in the `images` of a product: one that no
    product shows for a day is removed. 503: others are being taken in; wait for `Retry-After`.
    """
    _require_image(request)
    answer = await context.uploads.receive(
        partial(read_body, request, MAX_BYTES), key=key, by=by_staff(editor)
    )
    return answer.response()


def _require_image(request: Request) -> None:
    """Says only what it is called: what it is, is found out when it is drawn."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ACCEPTED or "content-encoding" in request.headers:
        raise UnsupportedMediaType(
            f"Send the image itself, as one of {', '.join(ACCEPTED)}.",
            headers={"Accept-Post": ", ".join(ACCEPTED)},
        )


@router.get("/media/{file}", include_in_schema=False)
async def get_media(
    file: Annotated[str, Path(pattern=f"^{MEDIA_FILE}$")], _: Public, context: CatalogContext
) -> Response:
    """What the gateway does not have on its own disk."""
    content = await context.storage.read(storage_key(file))
    if content is None:
        raise NotFound("There is no such image.")
    kind = CONTENT_TYPES[file.rpartition(".")[2]]
    return StreamingResponse(content, media_type=kind, headers={"Cache-Control": FOR_EVER})
