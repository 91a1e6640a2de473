"""Rows of synonyms, and the number that grows with every change of them."""

from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from catalog.models import synonym_edition, synonyms

t, e = synonyms.c, synonym_edition.c


def edition(conn: Connection) -> int:
    return int(conn.execute(select(e.number)).scalar_one())


def new_edition(conn: Connection) -> None:
    """Who changes synonyms waits here for who does, too."""
    conn.execute(update(synonym_edition).values(number=e.number + 1))


def all_terms(conn: Connection) -> list[list[str]]:
    return [list(terms) for terms in conn.execute(select(t.terms).order_by(t.id)).scalars()]


def count_synonyms(conn: Connection) -> int:
    return int(conn.execute(select(func.count()).select_from(synonyms)).scalar_one())


def find_synonyms(conn: Connection, *, id: str) -> dict[str, Any] | None:
    row = conn.execute(select(synonyms).where(t.id == id)).first()
    return None if row is None else _group(row)


def list_synonyms(conn: Connection, *, after: str | None, limit: int) -> list[dict[str, Any]]:
    """Newest first."""
    statement = select(synonyms).order_by(t.id.desc()).limit(limit)
    if after is not None:
        statement = statement.where(t.id < after)
    return [_group(row) for row in conn.execute(statement)]


def _group(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    return dict(row._mapping)


def insert_synonyms(conn: Connection, values: dict[str, Any]) -> None:
    conn.execute(insert(synonyms).values(**values))


def update_synonyms(conn: Connection, *, id: str, values: dict[str, Any]) -> None:
    conn.execute(update(synonyms).where(t.id == id).values(**values))


def delete_synonyms(conn: Connection, *, id: str) -> None:
    conn.execute(delete(synonyms).where(t.id == id))
