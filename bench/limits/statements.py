"""What catalog asks of its database for a request: taken down while its own code answers."""

import asyncio
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import Connection, Engine, event

from catalog.lexicon import Lexicon
from catalog.listing import list_products, wanted_of
from catalog.products import get_product
from catalog.repository.vocabulary import newest_word, words_among
from catalog.schemas.product_query import ProductQuery
from shopkit.db import is_sqlite
from shopkit.pagination import Cursors
from shopkit.postgres import postgres_engine
from shopkit.sqlite import sqlite_engine

Statements = dict[str, list[tuple[str, tuple[Any, ...]]]]
"""By path: the text of each, as the driver gets it, and its parameters."""


def statements_of(url: str, paths: Iterable[str]) -> Statements:
    """Of the catalog's database at `url`, which may be in use."""
    if is_sqlite(url):
        engine = sqlite_engine(url, "query_only=ON", "wal_autocheckpoint=0")
        with engine.connect() as conn:
            return _taken_down(conn, engine, paths)
    return asyncio.run(_of_postgres(url, paths))


async def _of_postgres(url: str, paths: Iterable[str]) -> Statements:
    engine = postgres_engine(url)
    async with engine.connect() as conn:
        found = await conn.run_sync(_taken_down, engine.sync_engine, paths)
    await engine.dispose()
    return found


def _taken_down(conn: Connection, engine: Engine, paths: Iterable[str]) -> Statements:
    found: Statements = {}
    lexicon = Lexicon()
    lexicon.vocabulary.add(words_among(conn, after=0, upto=newest_word(conn)))
    heard: list[tuple[str, tuple[Any, ...]]] = []

    @event.listens_for(engine, "before_cursor_execute")
    def hear(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        heard.append((statement, tuple(parameters)))

    for path in paths:
        heard.clear()
        _answer(conn, path, lexicon)
        found[path] = list(heard)
    return found


def _answer(conn: Connection, path: str, lexicon: Lexicon) -> None:
    parts = urlsplit(path)
    ref = parts.path.removeprefix("/api/products").strip("/")
    if ref:
        get_product(conn, ref=ref, sees_all=True, low_stock=5)
        return
    given: dict[str, Any] = dict(parse_qsl(parts.query))
    query = ProductQuery(**given | {"limit": int(given.get("limit", 20))})
    list_products(
        conn,
        wanted=wanted_of(query, conn.dialect.name),
        cursor=None,
        cursors=Cursors("a secret for cursors that nobody will send"),
        low_stock=5,
        lexicon=lexicon,
    )
