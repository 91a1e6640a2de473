"""A product's images, as far as they were uploaded here."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from catalog.errors import invalid_field
from catalog.image_names import name_in, thumbnails_of
from catalog.repository import media as rows


def shown_images(images: list[dict[str, str]]) -> list[dict[str, Any]]:
    """As everybody sees them: those that were uploaded here have thumbnails."""
    return [
        image if name is None else {**image, "thumbnails": thumbnails_of(name)}
        for image in images
        for name in [name_in(image["url"])]
    ]


def written_images(images: list[dict[str, Any]]) -> list[dict[str, str]]:
    """As staff wrote them."""
    return [{"url": image["url"], "alt": image.get("alt", "")} for image in images]


def place_images(
    conn: Connection,
    *,
    seq: int,
    images: list[dict[str, str]],
    was: list[dict[str, str]] | None,
    now: datetime,
) -> None:
    """Write down which uploaded images a product shows: what is written down is not removed.

    Raises Invalid for one that is not there.
    """
    wanted = _names(images)
    shown = rows.names_shown(conn, seq=seq) if _names(was or []) else set[str]()
    changing = wanted.keys() ^ shown
    if not changing:
        return
    ids = rows.lock_media(conn, names=changing)
    for name, index in wanted.items():
        if name in changing and name not in ids:
            raise invalid_field(
                f"/images/{index}/url",
                "not_found",
                "There is no such image. What no product shows for a day is removed: upload it "
                "again with POST /api/media.",
            )
    added = [ids[name] for name in wanted if name in changing]
    removed = [id_ for name, id_ in ids.items() if name not in wanted]
    if added:
        rows.show(conn, seq=seq, ids=added)
    if removed:
        rows.show_no_more(conn, seq=seq, ids=removed, now=now)


def _names(images: list[dict[str, str]]) -> dict[str, int]:
    """Where each uploaded image stands first."""
    found: dict[str, int] = {}
    for index, image in enumerate(images):
        name = name_in(image["url"])
        if name is not None:
            found.setdefault(name, index)
    return found
