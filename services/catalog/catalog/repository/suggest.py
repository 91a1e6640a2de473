"""Products to suggest: the newest that have in their names, or SKUs, what was typed."""

from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, select

from catalog.models import products
from catalog.repository.search import Match, index_of, tiers
from catalog.search_text import words
from catalog.slots import Slots

MATCHES = 50
"""So many are looked at, the newest ones, whatever was typed."""
p = products.c


class Named(NamedTuple):
    seq: int
    id: str
    name: str
    slug: str
    group_id: str | None
    words: list[str]
    """Of the name."""


def newest_named(conn: Connection, slots: Slots) -> tuple[list[Named], bool]:
    """Active products, with all in the name; where there are none, in name and SKU, or in those
    and the attributes. And whether it is in the names."""
    *_, in_name, in_sku, in_attributes, _ = tiers(conn, slots)
    for match in (in_name, in_sku, in_attributes):
        if found := _newest(conn, match):
            return found, match is in_name
    return [], False


def _newest(conn: Connection, match: Match) -> list[Named]:
    rows = conn.execute(_statement(conn.dialect.name, match.fields), {"match": match.text})
    return [Named(**row._mapping, words=words(row.name)) for row in rows]


@lru_cache(maxsize=8)
def _statement(dialect: str, fields: int) -> Select[Any]:
    index, seq, matches = index_of(dialect, fields)
    found = (
        select(seq.label("seq"))
        .select_from(index)
        .where(matches)
        .order_by(seq.desc())
        .limit(MATCHES)
        .subquery()
    )
    return (
        select(p.seq, p.id, p.name, p.slug, p.group_id)
        .join(found, found.c.seq == p.seq)
        .where(p.status == "active")
        .order_by(p.seq.desc())
    )
