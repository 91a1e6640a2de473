"""What an uploaded image is called. Its address, those of its thumbnails and the keys under which
they are stored all follow from a name that nobody can guess."""

import re
import secrets
from collections.abc import Iterator
from typing import Literal

Suffix = Literal["jpg", "png", "webp"]
Size = Literal["small", "medium", "large"]
SIDES: dict[Size, int] = {"small": 200, "medium": 600, "large": 1200}
"""Of thumbnails: how many pixels their longer side has at most. They are WebP."""
CONTENT_TYPES: dict[str, str] = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
MEDIA_FILE = r"[0-9a-f]{32}(?:-(?:small|medium|large))?\.(?:jpg|png|webp)"
_URL = re.compile(r"/media/([0-9a-f]{32})\.(?:jpg|png|webp)")


def new_name() -> str:
    """128 random bits: an address tells nobody the next one."""
    return secrets.token_hex(16)


def url_of(name: str, suffix: str) -> str:
    return f"/media/{name}.{suffix}"


def name_in(url: str) -> str | None:
    """The name of the uploaded image at this address; None when it is the address of no such."""
    found = _URL.fullmatch(url)
    return found[1] if found else None


def thumbnails_of(name: str) -> dict[str, str]:
    return {size: f"/media/{name}-{size}.webp" for size in SIDES}


def storage_key(file: str) -> str:
    """Where a file under /media/ is stored: 256 folders, since one would get too full."""
    return f"images/{file[:2]}/{file}"


def storage_keys(name: str, suffix: str) -> Iterator[str]:
    """Of the image, then of its thumbnails."""
    yield storage_key(f"{name}.{suffix}")
    for size in SIDES:
        yield storage_key(f"{name}-{size}.webp")
