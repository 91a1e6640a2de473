"""Names for addresses and derived SKUs: the same input always gives the same name."""

import hashlib
import re
import unicodedata

MAX_SLUG = 100
MAX_SKU = 64

_LIKE_AN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def slugify(text: str) -> str:
    """Lower-case ASCII words joined by hyphens; empty when nothing of it is left."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")


def slug(text: str, *, limit: int = MAX_SLUG) -> str:
    """A slug for any text; what does not fit or has no ASCII form is told apart by a digest."""
    plain = slugify(text)
    if _LIKE_AN_ID.fullmatch(plain):
        plain = f"x-{plain}"
    if plain and len(plain) <= limit:
        return plain
    kept = plain[: limit - 9].strip("-")
    return f"{kept}-{digest(text)}" if kept else digest(text)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def derived_sku(handle: str, options: tuple[str, ...]) -> str:
    """The SKU of a row that has none: stable as long as its handle and options are."""
    words = [handle, *options]
    if all(slugify(word) for word in words):
        return slug("-".join(words), limit=MAX_SKU)
    return slug(f"{handle}-{digest('/'.join(words))}", limit=MAX_SKU)
