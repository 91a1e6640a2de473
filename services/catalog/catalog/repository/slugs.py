"""Slugs in use, and those that were: who renames something loses no reader."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Select, Table, and_, bindparam, delete, insert, or_, select
from sqlalchemy.sql.elements import ColumnElement

from catalog.models import categories, old_slugs, product_groups, products
from shopkit.tables import among

Kind = Literal["category", "group", "product"]
MOST_LIKE = 1_000
_TABLES: dict[Kind, Table] = {
    "category": categories,
    "group": product_groups,
    "product": products,
}
o = old_slugs.c


def _todays(table: Table) -> Select[Any]:
    return (
        select(table.c.slug)
        .join(old_slugs, o.target_id == table.c.id)
        .where(o.kind == bindparam("kind"), o.slug == bindparam("old"))
    )


_TODAYS = {kind: _todays(table) for kind, table in _TABLES.items()}


def _like(slug: ColumnElement[str], *more: ColumnElement[bool]) -> Select[Any]:
    begins = and_(slug >= bindparam("from"), slug < bindparam("to"))
    return select(slug).where(or_(slug == bindparam("base"), begins), *more).limit(MOST_LIKE)


_OF_KIND = o.kind == bindparam("kind")
_LIKE = {kind: (_like(table.c.slug), _like(o.slug, _OF_KIND)) for kind, table in _TABLES.items()}
_HAVE = {kind: select(t.c.slug).where(among(t.c.slug, "slugs")) for kind, t in _TABLES.items()}
_HAD = select(o.slug).where(_OF_KIND, among(o.slug, "slugs"))
_FREE = delete(old_slugs).where(_OF_KIND, among(o.slug, "slugs"))


def slugs_like(conn: Connection, kind: Kind, base: str) -> set[str]:
    """Slugs that are, or were, `base` or begin with `base-`: all, or MOST_LIKE at the least."""
    begins = {"base": base, "from": f"{base}-", "to": f"{base}."}  # "." comes after "-"
    has, had = _LIKE[kind]
    found = set(conn.execute(has, begins).scalars())
    return found | set(conn.execute(had, {**begins, "kind": kind}).scalars())


def slugs_among(conn: Connection, kind: Kind, slugs: Iterable[str]) -> set[str]:
    """Those of `slugs` that something has, or had once."""
    asked = {"slugs": list(slugs)}
    found = set(conn.execute(_HAVE[kind], asked).scalars().all())
    return found | set(conn.execute(_HAD, {**asked, "kind": kind}).scalars().all())


def todays_slug(conn: Connection, *, kind: Kind, old: str) -> str | None:
    """The slug of what had the slug `old` once; None when nothing has had it that exists."""
    return conn.execute(_TODAYS[kind], {"kind": kind, "old": old}).scalar()


def give_slug(
    conn: Connection, *, kind: Kind, id: str, new: str, was: str | None, now: datetime
) -> None:
    """`id` has the slug `new` from now on, and whoever had it once is not found by it any more.

    What it `was` leads here from now on.
    """
    if new == was:
        return
    free_slugs(conn, kind=kind, slugs=(new,) if was is None else (new, was))
    if was is not None:
        old = {"kind": kind, "slug": was, "target_id": id, "created_at": now}
        conn.execute(insert(old_slugs), old)


def free_slugs(conn: Connection, *, kind: Kind, slugs: Iterable[str]) -> None:
    """Whoever had them once is not found by them any more: something has them now."""
    conn.execute(_FREE, {"kind": kind, "slugs": list(slugs)})


def forget_slugs(conn: Connection, *, kind: Kind, id: str) -> None:
    conn.execute(delete(old_slugs).where(o.kind == kind, o.target_id == id))
