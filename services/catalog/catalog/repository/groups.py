"""Rows of product groups."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.elements import ColumnElement

from catalog.errors import SlugTaken
from catalog.models import product_groups, products
from shopkit.errors import Problem
from shopkit.tables import among, insert_rows, violated

g = product_groups.c
COUNT_LIMIT = 10_001
_BY_ID = select(product_groups).where(g.id == bindparam("ref"))
_BY_SLUG = select(product_groups).where(g.slug == bindparam("ref"))
_AMONG = select(product_groups).where(among(g.id, "ids"))
_LOCK = _AMONG.order_by(g.id).with_for_update()
_IDS = select(g.slug, g.id).where(among(g.slug, "slugs"))


def group_of(row: Any) -> dict[str, Any]:
    """The public form of a row."""
    return {name: row[name] for name in row if name != "seq"} | {
        "varies_by": json.loads(row["varies_by"])
    }


def find_group(conn: Connection, *, ref: str, by_id: bool) -> dict[str, Any] | None:
    row = conn.execute(_BY_ID if by_id else _BY_SLUG, {"ref": ref}).mappings().first()
    return None if row is None else group_of(row)


def lock_group(conn: Connection, *, id: str) -> dict[str, Any] | None:
    row = conn.execute(_BY_ID.with_for_update(), {"ref": id}).mappings().first()
    return None if row is None else group_of(row)


def lock_groups(conn: Connection, *, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """By id, those that there are."""
    found = conn.execute(_LOCK, {"ids": list(ids)}).mappings().all()
    return {row["id"]: group_of(row) for row in found}


def ids_by_slug(conn: Connection, slugs: Iterable[str]) -> dict[str, str]:
    """Of the groups that there are."""
    return dict(conn.execute(_IDS, {"slugs": list(slugs)}).all())


def insert_groups(conn: Connection, values: list[dict[str, Any]]) -> None:
    """Raises SlugTaken."""
    try:
        insert_rows(conn, product_groups, [_stored(one) for one in values])
    except IntegrityError as exc:
        raise _refusal(exc) from None


def update_group(conn: Connection, *, id: str, values: dict[str, Any]) -> None:
    """Raises SlugTaken."""
    try:
        conn.execute(update(product_groups).where(g.id == id).values(**_stored(values)))
    except IntegrityError as exc:
        raise _refusal(exc) from None


def _stored(values: dict[str, Any]) -> dict[str, Any]:
    varies_by = json.dumps(values["varies_by"], ensure_ascii=False)
    return {**values, "varies_by": varies_by}


def _refusal(exc: IntegrityError) -> Exception | Problem:
    if violated(exc) == "uq_product_groups_slug":
        return SlugTaken("Another product group has this slug.")
    return exc


def delete_group(conn: Connection, *, id: str) -> None:
    conn.execute(delete(product_groups).where(g.id == id))


def list_groups(
    conn: Connection, *, slug: str | None, active: bool, after: int | None, limit: int
) -> list[tuple[int, dict[str, Any]]]:
    """Newest first, each with its `seq`; all, or those of which a variant is active."""
    statement = select(product_groups).where(*_some(slug, active)).order_by(g.seq.desc())
    if after is not None:
        statement = statement.where(g.seq < after)
    return [(row["seq"], group_of(row)) for row in conn.execute(statement.limit(limit)).mappings()]


def count_groups(conn: Connection, *, slug: str | None, active: bool) -> int:
    some: Select[Any] = select(literal_column("1")).select_from(product_groups)
    limited = some.where(*_some(slug, active)).limit(COUNT_LIMIT).subquery()
    return int(conn.execute(select(func.count()).select_from(limited)).scalar_one())


def _some(slug: str | None, active: bool) -> Iterator[ColumnElement[bool]]:
    if slug is not None:
        yield g.slug == slug
    if active:
        yield exists().where(products.c.group_id == g.id, products.c.status == "active")
