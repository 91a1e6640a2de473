"""A product's images, as far as they were uploaded here."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from catalog.errors import invalid_field
from catalog.image_names import name_in, thumbnails_of, url_of
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
    wanted, before = _uploaded(images), _uploaded(was or [])
    shown = rows.names_shown(conn, seq=seq) if before else set[str]()
    names = set(wanted.values())
    changing = names ^ shown
    new = {url: name for url, name in wanted.items() if url not in before or name in changing}
    if not changing and not new:
        return
    there = rows.lock_media(conn, names=changing | set(new.values()))
    for url, name in new.items():
        if name not in there or url != url_of(name, there[name].suffix):
            index = next(at for at, image in enumerate(images) if image["url"] == url)
            raise invalid_field(
                f"/images/{index}/url",
                "not_found",
                "There is no such image. What no product shows for a day is removed: upload it "
                "again with POST /api/media.",
            )
    added = [there[name].id for name in names - shown]
    removed = [there[name].id for name in shown - names]
    if added:
        rows.show(conn, seq=seq, ids=added)
    if removed:
        rows.show_no_more(conn, seq=seq, ids=removed, now=now)


def _uploaded(images: list[dict[str, str]]) -> dict[str, str]:
    """The addresses of uploaded images, with their names."""
    found = ((image["url"], name_in(image["url"])) for image in images)
    return {url: name for url, name in found if name is not None}
