"""Slugs that are made from names."""

import secrets
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Text, bindparam, func, literal_column, select

from catalog.domain import free_slug, slug_of
from catalog.errors import SlugTaken
from catalog.repository.slugs import MOST_LIKE, Kind, slugs_among, slugs_like
from catalog.schemas.fields import RESERVED
from shopkit.db import Database

T = TypeVar("T")
ATTEMPTS = 5
# Those who make a slug of the same name wait for each other, or all would choose the same number.
_NUMBER = func.hashtextextended(bindparam("base", type_=Text), literal_column("0"))
_QUEUE = select(func.pg_advisory_xact_lock(_NUMBER))


def chosen_slug(conn: Connection, kind: Kind, *, given: str | None, name: str) -> str:
    """The slug that was given, or one made from the name that nobody has, or ever had."""
    return chosen_slugs(conn, kind, [(given, name)])[0]


def chosen_slugs(
    conn: Connection, kind: Kind, wanted: Sequence[tuple[str | None, str]]
) -> list[str]:
    """`chosen_slug` for things that are made together: each (the slug given, the name)."""
    bases = [slug_of(name) if given is None else given for given, name in wanted]
    made = {base for base, (given, _) in zip(bases, wanted, strict=True) if given is None}
    used = {base for base, (given, _) in zip(bases, wanted, strict=True) if given is not None}
    taken = RESERVED | (slugs_among(conn, kind, made) if made else set())
    crowds: dict[str, set[str]] = {}
    found: list[str] = []
    for base, (given, _) in zip(bases, wanted, strict=True):
        slug = base
        if given is None and (base in taken or base in used):
            if base not in crowds:
                crowds[base] = _like(conn, kind, base)
            slug = _numbered(base, crowds[base] | used)
        used.add(slug)
        found.append(slug)
    return found


def _like(conn: Connection, kind: Kind, base: str) -> set[str]:
    if conn.dialect.name == "postgresql":  # SQLite has one writer
        conn.execute(_QUEUE, {"base": base})
    return slugs_like(conn, kind, base)


def _numbered(base: str, taken: set[str]) -> str:
    """Where very many have the same name, nobody looks for the next number any more."""
    if len(taken) >= MOST_LIKE:
        return f"{base}-{secrets.token_hex(4)}"
    return free_slug(base, taken | RESERVED | {base})


async def run_with_slug(
    database: Database, function: Callable[..., T], *, given: str | None, **kwargs: Any
) -> T:
    """Run a transaction that uses `chosen_slug`.

    Raises SlugTaken for a slug that was given; another one is made when somebody was faster.
    """
    for _ in range(ATTEMPTS if given is None else 1):
        try:
            return await database.run(function, **kwargs)
        except SlugTaken as exc:
            refusal = exc
    raise refusal
