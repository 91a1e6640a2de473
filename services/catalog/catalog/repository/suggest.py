"""Products to suggest: the newest that have in their names, or SKUs, what was typed."""

from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, bindparam, select

from catalog.models import products
from catalog.repository.listing import FIRST
from catalog.repository.search import MATCHES, Match, index_of, tiers
from catalog.search_text import words
from catalog.slots import Slots

MOST_NAMED = 50
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
    *_, in_name, in_sku, in_attributes, anywhere = tiers(conn, slots)
    for match in (in_name, in_sku, in_attributes):
        if found := _newest(conn, match, anywhere.text):
            return found, match is in_name
    return [], False


def _newest(conn: Connection, match: Match, words: str) -> list[Named]:
    """MOST_NAMED of the newest MATCHES: those before them may all be drafts."""
    statement = _statement(conn.dialect.name, match.fields)
    found: list[Named] = []
    before, many, left = FIRST, MOST_NAMED, MATCHES
    while left > 0 and len(found) < MOST_NAMED:
        limit = min(many, left)
        values = {"match": match.text, "words": words, "before": before, "limit": limit}
        rows = conn.execute(statement, values).all()
        found += [_named(row) for row in rows if row.id is not None]
        if len(rows) < limit:
            break
        before, many, left = rows[-1].seq, 2 * many, left - limit
    return found[:MOST_NAMED]


def _named(row: Any) -> Named:
    seq, id_, name, slug, group_id = row
    return Named(seq, id_, name, slug, group_id, words(name))


@lru_cache(maxsize=8)
def _statement(dialect: str, fields: int) -> Select[Any]:
    """What is found before `before`; no more than the `seq` of what is not active."""
    index, seq, matches = index_of(dialect, fields)
    found = (
        select(seq.label("seq"))
        .select_from(index)
        .where(matches, seq < bindparam("before", type_=seq.type))
        .order_by(seq.desc())
        .limit(bindparam("limit"))
        .subquery()
    )
    active = and_(p.seq == found.c.seq, p.status == "active")
    return (
        select(found.c.seq, p.id, p.name, p.slug, p.group_id)
        .join_from(found, products, active, isouter=True)
        .order_by(found.c.seq.desc())
    )
