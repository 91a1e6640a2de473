"""The search index: FTS5 on SQLite, tsvector and GIN on PostgreSQL; the same words on both."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    Text,
    bindparam,
    cast,
    column,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.expression import TableClause

from catalog import search_text
from catalog.models import products

_FTS = table("product_fts", column("rowid", Integer))
_GIN = table("product_search", column("seq", BigInteger), column("document"))
PREFIX_INDEX = 3
"""FTS5 has an index of the first so many letters of words."""
MOST_ENDINGS = 16
MATCHES = 10_000
"""A search that is not sorted by relevance sorts this many matches, the newest ones."""

_INDEXED = text("SELECT name, sku, attributes, anywhere FROM product_search WHERE seq = :seq")
# For the driver itself: SQLAlchemy's part of so many small rows would be most of the work.
_ADD_SQLITE = (
    "INSERT INTO product_search (seq, name, sku, attributes, anywhere) VALUES (?, ?, ?, ?, ?)"
)
_ADD_WORDS = "INSERT INTO product_search_words (word) VALUES (?) ON CONFLICT DO NOTHING"
_ENDINGS = "SELECT word FROM product_search_words WHERE word >= ? AND word < ? LIMIT ?"
_MERGE_FTS = text("INSERT INTO product_fts (product_fts, rank) VALUES ('merge', :pages)")
_CHANGES = text("SELECT total_changes()")
_ADD_FTS = "INSERT INTO product_fts (rowid, name, sku, attributes, anywhere) VALUES (?, ?, ?, ?, ?)"
# FTS5 keeps no text of its own: to forget a row it must be told what was in it.
_REMOVE_FTS = text(
    "INSERT INTO product_fts (product_fts, rowid, name, sku, attributes, anywhere) "
    "VALUES ('delete', :seq, :name, :sku, :attributes, :anywhere)"
)
_ADD_POSTGRES = text(
    "INSERT INTO product_search (seq, document) VALUES (:seq, CAST(CAST(:document AS text) AS "
    "tsvector))"
)
_REMOVE = text("DELETE FROM product_search WHERE seq = :seq")


def index_product(conn: Connection, *, seq: int, **fields: Any) -> None:
    """Put a product into the index, or put it there anew: `fields` of `search_text.document`."""
    unindex_product(conn, seq=seq)
    index_products(conn, {seq: fields})


def index_products(conn: Connection, found: Mapping[int, Mapping[str, Any]]) -> None:
    """Put products into the index that are not in it: by `seq`, with what `index_product` takes."""
    documents = {seq: search_text.document(**fields) for seq, fields in found.items()}
    if conn.dialect.name == "sqlite":
        rows = [(seq, *search_text.fts5_document(fields)) for seq, fields in documents.items()]
        conn.exec_driver_sql(_ADD_SQLITE, rows)
        conn.exec_driver_sql(_ADD_FTS, rows)
        words = {word for fields in documents.values() for one in fields for word in one.split()}
        if words:
            conn.exec_driver_sql(_ADD_WORDS, [(word,) for word in words])
    else:
        texts = {seq: search_text.tsvector(fields) for seq, fields in documents.items()}
        conn.execute(_ADD_POSTGRES, [{"seq": seq, "document": text} for seq, text in texts.items()])


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


def tiers(conn: Connection, words: list[str]) -> list[str]:
    """Expressions for the parameter `match`, best tier first; each finds what those before find."""
    if conn.dialect.name == "sqlite":
        return search_text.fts5_tiers(words, _endings(conn, words[-1]))
    return search_text.tsquery_tiers(words)


def but(dialect: str, match: str, above: str) -> str:
    """The expression for what `match` finds and `above` does not."""
    return f"({match}) NOT ({above})" if dialect == "sqlite" else f"({match}) & !({above})"


def anywhere(conn: Connection, words: list[str]) -> str:
    """The match expression for all words in any field."""
    if conn.dialect.name == "sqlite":
        return search_text.fts5(words, _endings(conn, words[-1]))
    return search_text.tsquery(words)


def _endings(conn: Connection, beginning: str) -> list[str] | None:
    """The indexed words that begin like that; None when FTS5 had better find them itself."""
    if len(beginning) <= PREFIX_INDEX:
        return None
    asked = (beginning, f"{beginning}\U0010ffff", MOST_ENDINGS + 1)
    found = [word for (word,) in conn.exec_driver_sql(_ENDINGS, asked).all()]
    return (found or [beginning]) if len(found) <= MOST_ENDINGS else None


def index_of(dialect: str) -> tuple[TableClause, ColumnElement[int], ColumnElement[bool]]:
    """The index to select from, its product's seq, and the condition on the parameter `match`."""
    match = bindparam("match", type_=Text)
    if dialect == "sqlite":
        matches = literal_column("product_fts").op("MATCH", is_comparison=True)(match)
        return _FTS, _FTS.c.rowid, matches
    matches = _GIN.c.document.op("@@", is_comparison=True)(cast(match, TSQUERY))
    return _GIN, _GIN.c.seq, matches


def newest_matches(dialect: str) -> ColumnElement[bool]:
    """A condition on products: among the newest MATCHES that match."""
    index, seq, matches = index_of(dialect)
    found = select(seq).select_from(index).where(matches).order_by(seq.desc()).limit(MATCHES)
    return products.c.seq.in_(found)
