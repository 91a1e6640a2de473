"""The table of indexed words, of which each process has those without digits in memory."""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, select, text

from catalog.models import search_words
from catalog.search_text import LAST_CHARACTER
from catalog.vocabulary import has_digit

_ADD_SQLITE = text("INSERT INTO search_words (word) VALUES (:word) ON CONFLICT DO NOTHING")
# A conflict would use up a number and write a dead row, and most words are there already.
_ADD_POSTGRES = text(
    "INSERT INTO search_words (word) SELECT new.word FROM unnest(CAST(:words AS text[])) "
    "AS new (word) WHERE NOT EXISTS (SELECT FROM search_words s WHERE s.word = new.word) "
    "ON CONFLICT DO NOTHING"
)
_BETWEEN = "SELECT word FROM search_words WHERE word >= ? AND word < ? LIMIT ?"  # SQLite's driver
_FIRST = (
    select(search_words.c.word)
    .where(search_words.c.word >= bindparam("word"))
    .order_by(search_words.c.word)
    .limit(1)
)
_AFTER = (
    select(search_words.c.seq, search_words.c.word)
    .where(search_words.c.seq > bindparam("seq"))
    .order_by(search_words.c.seq)
    .limit(bindparam("limit"))
)


def add_words(conn: Connection, words: Iterable[str]) -> None:
    """In one order, so that no two transactions wait for each other's."""
    new = sorted(set(words))
    if conn.dialect.name == "sqlite":
        if new:
            conn.execute(_ADD_SQLITE, [{"word": word} for word in new])
    else:
        conn.execute(_ADD_POSTGRES, {"words": [word for word in new if not has_digit(word)]})


def words_after(conn: Connection, *, seq: int, limit: int) -> list[tuple[int, str]]:
    """In the order in which they came, each with its number."""
    return [(row.seq, row.word) for row in conn.execute(_AFTER, {"seq": seq, "limit": limit})]


def is_indexed(conn: Connection, word: str, *, beginning: bool) -> bool:
    """Whether there is such a word without digits, or, when `beginning`, one that begins so."""
    first = conn.execute(_FIRST, {"word": word}).scalar()
    return first is not None and (first == word or (beginning and first.startswith(word)))


def words_beginning(conn: Connection, beginning: str, *, limit: int) -> list[str]:
    """At most `limit` words that begin like that; on SQLite only."""
    asked = (beginning, beginning + LAST_CHARACTER, limit)
    return [word for (word,) in conn.exec_driver_sql(_BETWEEN, asked).all()]
