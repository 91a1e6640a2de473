"""Rows of categories, and which products are in them."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from catalog.errors import CategoryNotEmpty, SlugTaken
from catalog.models import categories, product_categories
from shopkit.tables import among, violated

c, m = categories.c, product_categories.c
_BY_ID = select(categories).where(c.id == bindparam("ref"))
_BY_SLUG = select(categories).where(c.slug == bindparam("ref"))
_ALL = select(categories).order_by(c.position, c.name, c.id)
_above = select(c.id, c.parent_id).where(among(c.id, "ids")).cte("above", recursive=True)
_ABOVE = select(_above.union(select(c.id, c.parent_id).where(c.id == _above.c.parent_id)))
_INSERT = insert(categories)
_COUNT = select(func.count()).select_from(categories)
_STATE = select(func.count(), func.sum(c.version), func.max(c.updated_at)).select_from(categories)
# What products are in follows from the shape of the tree. So whoever changes the tree waits for
# those who put products into it, and they for him, but not for each other. SQLite has one writer.
_LOCKS = {
    "change": text("LOCK TABLE categories IN SHARE ROW EXCLUSIVE MODE"),
    "use": text("LOCK TABLE categories IN SHARE MODE"),
}


def lock_tree(conn: Connection, purpose: str) -> None:
    """`change` the tree, or `use` it for products, until the end of the transaction."""
    if conn.dialect.name == "postgresql":
        conn.execute(_LOCKS[purpose])


def parents(conn: Connection) -> dict[str, str | None]:
    """The parent of every category."""
    return {row.id: row.parent_id for row in conn.execute(select(c.id, c.parent_id))}


def parents_above(conn: Connection, ids: Iterable[str]) -> dict[str, str | None]:
    """The parent of each of `ids` that there is, and of everything above it."""
    return dict(conn.execute(_ABOVE, {"ids": list(ids)}).all())


def count_categories(conn: Connection) -> int:
    return int(conn.execute(_COUNT).scalar_one())


def state_of_tree(conn: Connection) -> tuple[Any, ...]:
    """Another one whenever a category was made, changed or deleted."""
    return tuple(conn.execute(_STATE).one())


def list_categories(conn: Connection) -> list[dict[str, Any]]:
    return [dict(row) for row in conn.execute(_ALL).mappings()]


def names_of_tree(conn: Connection) -> list[tuple[str, str | None, str, str]]:
    """Each category's id, parent, name and slug."""
    found = conn.execute(select(c.id, c.parent_id, c.name, c.slug))
    return [(id_, parent, name, slug) for id_, parent, name, slug in found]


def find_category(conn: Connection, *, ref: str, by_id: bool) -> dict[str, Any] | None:
    row = conn.execute(_BY_ID if by_id else _BY_SLUG, {"ref": ref}).mappings().first()
    return None if row is None else dict(row)


def insert_category(conn: Connection, values: dict[str, Any]) -> None:
    """Raises SlugTaken."""
    try:
        conn.execute(_INSERT, values)
    except IntegrityError as exc:
        raise _refusal(exc) from None


def update_category(conn: Connection, *, id: str, values: dict[str, Any]) -> None:
    """Raises SlugTaken."""
    try:
        conn.execute(update(categories).where(c.id == id).values(**values))
    except IntegrityError as exc:
        raise _refusal(exc) from None


def _refusal(exc: IntegrityError) -> Exception:
    if violated(exc) == "uq_categories_slug":
        return SlugTaken("Another category has this slug.")
    return exc


def delete_category(conn: Connection, *, id: str) -> None:
    """Raises CategoryNotEmpty: the foreign keys that point at it say so."""
    try:
        conn.execute(delete(categories).where(c.id == id))
    except IntegrityError:
        raise CategoryNotEmpty(
            "Move or delete what is in it first, attributes that are defined for it too."
        ) from None
