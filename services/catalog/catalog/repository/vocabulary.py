"""The table of indexed words, of which each process has those without digits in memory.

On PostgreSQL it has no words with digits, SKUs being many, but one that tells how some of them
begin: `ab0` for AB-12 and all others that have a digit after these letters.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, func, select, text

from catalog.models import search_words
from catalog.search_text import LAST_CHARACTER
from catalog.vocabulary import has_digit
from shopkit.tables import insert_rows

# A conflict would use up a number and write a dead row, and most words are there already.
_ADD_POSTGRES = text(
    "INSERT INTO search_words (word) SELECT new.word FROM unnest(CAST(:words AS text[])) "
    "AS new (word) WHERE NOT EXISTS (SELECT FROM search_words s WHERE s.word = new.word) "
    "ON CONFLICT DO NOTHING"
)
_BEGINNING = (
    select(search_words.c.word)
    .where(search_words.c.word >= bindparam("first"), search_words.c.word < bindparam("beyond"))
    .limit(bindparam("limit"))
)
_FIRST = (
    select(search_words.c.word)
    .where(search_words.c.word >= bindparam("word"))
    .order_by(search_words.c.word)
    .limit(1)
)
_NEWEST = select(func.coalesce(func.max(search_words.c.seq), 0))
_PLAIN = {"sqlite": "NOT GLOB '*[0-9]*'", "postgresql": "!~ '[0-9]'"}
_AMONG = "SELECT word FROM search_words WHERE seq > :after AND seq <= :upto AND word "


def add_words(conn: Connection, words: Iterable[str]) -> None:
    """In one order, so that no two transactions wait for each other's."""
    if conn.dialect.name == "sqlite":
        new = [{"word": word} for word in sorted(set(words))]
        insert_rows(conn, search_words, new, or_ignore=True)
    else:
        conn.execute(_ADD_POSTGRES, {"words": sorted({*map(_without_number, words)} - {"0"})})


def _without_number(word: str) -> str:
    digit = next((at for at, char in enumerate(word) if char.isdigit()), None)
    return word if digit is None else f"{word[:digit]}0"


def newest_word(conn: Connection) -> int:
    """The number of the word that came last."""
    return int(conn.execute(_NEWEST).scalar_one())


def words_among(conn: Connection, *, after: int, upto: int) -> list[str]:
    """Those without digits, of the words with these numbers."""
    statement = text(_AMONG + _PLAIN[conn.dialect.name])
    return list(conn.execute(statement, {"after": after, "upto": upto}).scalars())


def is_indexed(conn: Connection, word: str, *, beginning: bool) -> bool:
    """Whether there is such a word without digits, or, when `beginning`, any that begins so."""
    first = conn.execute(_FIRST, {"word": word}).scalar()
    return first is not None and (first == word or (beginning and first.startswith(word)))


def words_beginning(conn: Connection, beginning: str, *, most: int) -> list[str] | None:
    """The words that begin like that; None when they are more than `most`, or not all known."""
    sqlite = conn.dialect.name == "sqlite"
    if not sqlite and has_digit(beginning):
        return None
    asked = {"first": beginning, "beyond": beginning + LAST_CHARACTER, "limit": most + 1}
    found = list(conn.execute(_BEGINNING, asked).scalars())
    known = sqlite or not any(map(has_digit, found))
    return found if known and len(found) <= most else None
