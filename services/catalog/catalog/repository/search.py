"""The search index: FTS5 on SQLite, tsvector and GIN on PostgreSQL; the same words on both."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Connection,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    column,
    false,
    func,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.expression import TableClause

from catalog import search_text, slots
from catalog.models import products
from catalog.repository.vocabulary import add_words, words_beginning
from catalog.search_text import FIELDS
from catalog.slots import BEGINNING, Forms, Slots
from shopkit.prepared import write_rows

_FTS = table("product_fts", column("rowid", Integer))
_GIN = table("product_search", column("seq", BigInteger), column("document"))
PREFIX_INDEX = 3
"""FTS5 has an index of the first so many letters of words."""
MOST_ENDINGS = 16
MATCHES = 10_000
"""So many matches are looked at, the newest ones, where all of them might have to be: to sort
them, or to find those that a filter lets pass."""
_LOOKED_AT: BindParameter[int] = bindparam("looked_at", callable_=lambda: MATCHES, type_=Integer)

_INDEXED = text("SELECT name, sku, attributes, anywhere FROM product_search WHERE seq = :seq")
# For the driver itself: SQLAlchemy's part of so many small rows would be most of the work.
_ADD_SQLITE = (
    "INSERT INTO product_search (seq, name, sku, attributes, anywhere) VALUES (?, ?, ?, ?, ?)"
)
_MERGE_FTS = text("INSERT INTO product_fts (product_fts, rank) VALUES ('merge', :pages)")
_CHANGES = text("SELECT total_changes()")
_ADD_FTS = "INSERT INTO product_fts (rowid, name, sku, attributes, anywhere) VALUES (?, ?, ?, ?, ?)"
# FTS5 keeps no text of its own: to forget a row it must be told what was in it.
_REMOVE_FTS = text(
    "INSERT INTO product_fts (product_fts, rowid, name, sku, attributes, anywhere) "
    "VALUES ('delete', :seq, :name, :sku, :attributes, :anywhere)"
)
_ADD_POSTGRES = text(
    "INSERT INTO product_search (seq, document) SELECT new.seq, CAST(new.document AS tsvector) "
    "FROM unnest(CAST(:seqs AS bigint[]), CAST(:documents AS text[])) AS new (seq, document)"
)
_REMOVE = text("DELETE FROM product_search WHERE seq = :seq")


def index_product(conn: Connection, *, seq: int, **fields: Any) -> None:
    """Put a product into the index, or put it there anew: `fields` of `search_text.document`."""
    unindex_product(conn, seq=seq)
    index_products(conn, {seq: search_text.document(**fields)})


def index_products(conn: Connection, documents: Mapping[int, list[str]]) -> None:
    """Put products into the index that are not in it: their documents, by `seq`."""
    if conn.dialect.name == "sqlite":
        rows = [(seq, *search_text.fts5_document(fields)) for seq, fields in documents.items()]
        write_rows(conn, _ADD_SQLITE, rows)
        write_rows(conn, _ADD_FTS, rows)
    else:
        texts = [search_text.tsvector(fields) for fields in documents.values()]
        conn.execute(_ADD_POSTGRES, {"seqs": list(documents), "documents": texts})
    every = (word for fields in documents.values() for one in fields for word in one.split())
    add_words(conn, every)


def unindex_product(conn: Connection, *, seq: int) -> None:
    if conn.dialect.name == "sqlite":
        row = conn.execute(_INDEXED, {"seq": seq}).mappings().first()
        if row is None:
            return
        conn.execute(_REMOVE_FTS, {"seq": seq, **row})
    conn.execute(_REMOVE, {"seq": seq})


def merge_index(conn: Connection, *, limit: int) -> int:
    """Put about `limit` pages of what separate writes have left in pieces together; fewer changes
    than that when it is done. For FTS5 only: it takes a quarter off a search."""
    before = conn.execute(_CHANGES).scalar_one()
    conn.execute(_MERGE_FTS, {"pages": limit})
    return int(conn.execute(_CHANGES).scalar_one() - before) - 1


class Match(NamedTuple):
    """An expression for the parameter `match`, and in how many of FIELDS it looks."""

    text: str
    fields: int


def tiers(conn: Connection, wanted: Slots) -> list[Match]:
    """Best tier first; each finds what those before find."""
    if conn.dialect.name == "sqlite":
        texts = slots.fts5_tiers(wanted, _endings(conn, wanted))
    else:
        texts = slots.tsquery_tiers(wanted, _endings(conn, wanted))
    above = len(texts) - len(FIELDS)  # as a phrase in the name
    return [Match(text, max(at - above, 0) + 1) for at, text in enumerate(texts)]


def but(dialect: str, match: Match, above: Match) -> Match:
    """For what `match` finds and `above` does not."""
    words = "NOT" if dialect == "sqlite" else "& !"
    return match._replace(text=f"({match.text}) {words} ({above.text})")


def anywhere(conn: Connection, wanted: Slots) -> str:
    """The match expression for all slots in any field."""
    if conn.dialect.name == "sqlite":
        return slots.fts5(wanted, _endings(conn, wanted))
    return slots.tsquery(wanted, _endings(conn, wanted))


def _endings(conn: Connection, wanted: Slots) -> Forms | None:
    """The indexed words that begin as the last typed word does; None when there is no such
    beginning, or the index had better find them itself: GIN if there are no other words, which it
    would compare with all products of the beginning."""
    beginning = wanted[-1][0][-1][0]
    if not beginning.endswith(BEGINNING) or len(beginning) - 1 <= PREFIX_INDEX:
        return None
    if conn.dialect.name != "sqlite" and len(wanted) == 1:
        return None
    found = words_beginning(conn, beginning[:-1], most=MOST_ENDINGS)
    return None if found is None else tuple(found) or (beginning[:-1],)


def index_of(
    dialect: str, fields: int = len(FIELDS), *, parameter: str = "match"
) -> tuple[TableClause, ColumnElement[int], ColumnElement[bool]]:
    """The index to select from, its product's seq, and the condition on the parameter; in some
    fields on the parameter `words` too, which is the expression for all fields."""
    match = bindparam(parameter, type_=Text)
    if dialect == "sqlite":
        found = literal_column("product_fts").op("MATCH", is_comparison=True)(match)
        return _FTS, _FTS.c.rowid, found
    query, document = cast(match, TSQUERY), _GIN.c.document
    anywhere = document.op("@@", is_comparison=True)(query)
    if fields == len(FIELDS):
        return _GIN, _GIN.c.seq, anywhere
    weights = ",".join("abc"[:fields])
    some = func.ts_filter(document, literal_column(f"'{{{weights}}}'"))
    # The expression alone says what matches, but no index knows of its fields. So the index of some
    # fields is asked for the words as such, or it would have each product looked at twice.
    words = cast(bindparam("words", type_=Text), TSQUERY)
    matches = and_(func.coalesce(anywhere, false()), some.op("@@", is_comparison=True)(words))
    return _GIN, _GIN.c.seq, matches


def list_found(conn: Connection, *, match: Match, values: dict[str, Any]) -> list[Any]:
    """Rows with a `seq`, the newest first: at most `limit`, of those before `seq`."""
    return list(conn.execute(_found(conn.dialect.name, match.fields), values).all())


@lru_cache(maxsize=8)
def _found(dialect: str, fields: int) -> Select[int]:
    index, seq, matches = index_of(dialect, fields)
    before = seq < bindparam("seq", type_=seq.type)
    found = select(seq.label("seq")).select_from(index).where(matches, before)
    return found.order_by(seq.desc()).limit(bindparam("limit"))


def newest_matches(
    dialect: str, product_seq: ColumnElement[int] = products.c.seq
) -> ColumnElement[bool]:
    """A condition on products: among the newest MATCHES that match."""
    index, seq, matches = index_of(dialect)
    found = select(seq).select_from(index).where(matches).order_by(seq.desc()).limit(_LOOKED_AT)
    return product_seq.in_(found)


def oldest_looked_at(conn: Connection, match: str) -> int | None:
    """The `seq` of the last of the newest MATCHES; None when there are no more than those."""
    return conn.execute(_oldest(conn.dialect.name), {"match": match}).scalar()


@lru_cache(maxsize=2)
def _oldest(dialect: str) -> Select[int]:
    index, seq, matches = index_of(dialect)
    found = select(seq).select_from(index).where(matches).order_by(seq.desc())
    return found.limit(1).offset(_LOOKED_AT)
