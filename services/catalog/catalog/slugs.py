"""Slugs that are made from names."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, text

from catalog.domain import free_slug, slug_of
from catalog.errors import SlugTaken
from catalog.repository.slugs import Kind, slugs_like
from catalog.schemas.fields import RESERVED
from shopkit.db import Database

ATTEMPTS = 5
# Those who make a slug of the same name wait for each other, or all would choose the same number.
_QUEUE = text("SELECT pg_advisory_xact_lock(hashtextextended(:base, 0))")


def chosen_slug(conn: Connection, kind: Kind, *, given: str | None, name: str) -> str:
    """The slug that was given, or one made from the name that nobody has, or ever had."""
    if given is not None:
        return given
    base = slug_of(name)
    if conn.dialect.name == "postgresql":  # SQLite has one writer
        conn.execute(_QUEUE, {"base": base})
    return free_slug(base, slugs_like(conn, kind, base) | RESERVED)


async def run_with_slug(
    database: Database, function: Callable[..., Any], *, given: str | None, **kwargs: Any
) -> Any:
    """Run a transaction that uses `chosen_slug`.

    Raises SlugTaken for a slug that was given; another one is made when somebody was faster.
    """
    for _ in range(ATTEMPTS if given is None else 1):
        try:
            return await database.run(function, **kwargs)
        except SlugTaken as exc:
            refusal = exc
    raise refusal
