"""The migrated schema is the one that the code was written for."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, delete, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from catalog.errors import ReturnExceedsSale
from catalog.main import build
from catalog.models import metadata, products, reservation_lines
from catalog.repository.prices import list_prices
from catalog.repository.reservations import insert_reservation
from catalog.repository.stock import find_stock, insert_stock, list_movements, record_movements
from catalog.repository.vocabulary import words_beginning
from catalog.returns import take_back
from catalog.schemas.internal import ReturnInput
from catalog.settings import MIGRATIONS, CatalogSettings
from shopkit.clock import FrozenClock
from shopkit.databases import open_database
from shopkit.db import Database
from shopkit.fake_auth import FakeAuth
from shopkit.ids import new_id
from shopkit.migrations import migrate
from shopkit.testing import TestDatabases, TokenFactory, running

from .conftest import STAFF, Shop

pytestmark = pytest.mark.anyio


def is_ours(_: Any, name: str | None, kind: str, *__: Any) -> bool:
    """The search index differs between the databases and is in no metadata."""
    return not (kind == "table" and (name or "").startswith(("product_fts", "product_search")))


def differences(conn: Connection) -> list[Any]:
    options = {"include_object": is_ours}
    return list(compare_metadata(MigrationContext.configure(conn, opts=options), metadata))


def insert_sold(conn: Connection, *, order_id: str, product_id: str) -> None:
    """Two pieces of a product, sold."""
    now = FrozenClock().now()
    dates = {"created_at": now, "updated_at": now}
    texts = dict.fromkeys(("sku", "name", "name_key", "description"), "x")
    rest = {"price_amount": 1, "price_currency": "USD", "status": "active", "details": "{}"}
    conn.execute(insert(products), {"id": product_id, "version": 1, **texts, **rest, **dates})
    insert_stock(conn, {product_id: 0})
    reservation = {"order_id": order_id, "status": "committed", "expires_at": now, "lines": []}
    insert_reservation(conn, reservation, now=now)
    sold = {"order_id": order_id, "product_id": product_id, "quantity": 2}
    conn.execute(insert(reservation_lines), sold)


async def test_the_migrated_schema_is_the_models(shop: Shop) -> None:
    assert await shop.database.read(differences) == []


async def test_what_was_reserved_before_returns_can_come_back(databases: TestDatabases) -> None:
    url, order_id, product_id = databases.empty(), new_id(), new_id()
    await asyncio.to_thread(migrate, url, MIGRATIONS, "0001")
    database = open_database(url)
    await database.start()
    await database.run(insert_sold, order_id=order_id, product_id=product_id)
    await database.stop()
    await asyncio.to_thread(migrate, url, MIGRATIONS)
    database = open_database(url)
    await database.start()
    line = {"product_id": product_id, "quantity": 2}
    payload = ReturnInput.model_validate({"order_id": order_id, "lines": [line]})
    now = FrozenClock().now()
    done = await database.run(take_back, return_id=new_id(), payload=payload, now=now)
    assert done["lines"] == [line]
    with pytest.raises(ReturnExceedsSale):
        await database.run(take_back, return_id=new_id(), payload=payload, now=now)
    await database.stop()


async def test_stock_and_prices_from_before_stay_and_begin_their_history(
    databases: TestDatabases,
) -> None:
    url, product_id, reservation = databases.empty(), new_id(), new_id()
    await asyncio.to_thread(migrate, url, MIGRATIONS, "0004")
    async with opened(url) as database:
        await database.run(insert_sold, order_id=reservation, product_id=product_id)
        more: Any = {"kind": "receipt", "now": FrozenClock().now()}
        await database.run(record_movements, {product_id: 7}, **more)
    await asyncio.to_thread(migrate, url, MIGRATIONS)
    async with opened(url) as database:
        stock = await database.read(find_stock, product_id=product_id)
        assert stock and (stock["backorder"], stock["low_stock_level"]) == (False, None)
        movements = {"product_id": product_id, "after": None, "limit": 9}
        (moved,) = await database.read(list_movements, **movements)
        assert (moved["kind"], moved["quantity"], moved["seq"]) == ("receipt", 7, 1)
        await database.run(record_movements, {product_id: 1}, **more | {"kind": "correction"})
        (past,) = await database.read(list_prices, product_id=product_id, before=9, limit=9)
        assert (past["amount"], past["offered"], past["version"]) == (1, True, 1)
        assert past["since"] == await database.read(changed_at, product_id)
        for ledger in ("stock_movements", "price_history"):
            with pytest.raises(DBAPIError, match=f"{ledger} is append-only"):
                await database.run(delete_all, ledger)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = open_database(url)
    await database.start()
    try:
        yield database
    finally:
        await database.stop()


def changed_at(conn: Connection, product_id: str) -> Any:
    return conn.execute(select(products.c.updated_at).where(products.c.id == product_id)).scalar()


def delete_all(conn: Connection, table: str) -> None:
    conn.execute(delete(metadata.tables[table]))


async def test_check_constraints_are_there(shop: Shop) -> None:
    if shop.database.dialect == "sqlite":
        rows = await shop.query("SELECT sql FROM sqlite_master WHERE type = 'table'")
        found = " ".join(str(sql) for (sql,) in rows)
        assert found.count("STRICT") >= len(metadata.tables)
    else:
        rows = await shop.query("SELECT conname FROM pg_constraint WHERE contype = 'c'")
        found = " ".join(str(name) for (name,) in rows)
    named = {
        str(check.name)
        for table in metadata.tables.values()
        for check in table.constraints
        if type(check).__name__ == "CheckConstraint"
    }
    assert len(named) >= 10
    assert [name for name in sorted(named) if name not in found] == []


OF_REVISION_1 = """
INSERT INTO products VALUES (
    :seq, :id, :sku, :sku, :name, :name, :sku, :description, 100, 'USD', NULL, 'active', NULL,
    NULL, NULL, '{"category_ids":[],"attributes":{},"images":[],"group":null}', 1,
    '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z');
INSERT INTO stock VALUES (:id, 0, 0, 1);
INSERT INTO product_search VALUES (:seq, :name, :sku, '', :description);
INSERT INTO product_fts (rowid, name, sku, attributes, description)
    VALUES (:seq, :name, :sku, '', :description);
"""


def fill_revision_1(url: str) -> None:
    with closing(sqlite3.connect(make_url(url).database or "")) as conn, conn:
        for seq, (name, sku, description) in enumerate(
            [("red lamp", "a", "oak"), ("b", "lamp", "red"), ("c", "c", "red lamp")], start=1
        ):
            values = {"seq": seq, "id": f"01900000-0000-7000-8000-00000000000{seq}"}
            values |= {"name": name, "sku": sku, "description": description}
            for statement in OF_REVISION_1.split(";\n")[:-1]:
                conn.execute(statement, values)


async def test_what_was_indexed_before_words_were_marked_is_found(
    databases: TestDatabases, tokens: TokenFactory, clock: FrozenClock
) -> None:
    url = databases.empty()
    if not url.startswith("sqlite"):
        pytest.skip("words are marked on SQLite only")
    migrate(url, MIGRATIONS, "0001")
    fill_revision_1(url)
    migrate(url, MIGRATIONS)
    settings = CatalogSettings(database_url=url, jwks_cache=tokens.jwks_cache)
    service = build(settings, clock, auth=FakeAuth(tokens).client)
    async with running(service) as (guest, _):

        async def found(q: str) -> list[str]:
            skus, params = [], {"q": q, "limit": "1"}
            while "cursor" not in params or params["cursor"]:
                page = (await guest.get("/api/products", params=params)).json()
                skus += [one["sku"] for one in page["items"]]
                params["cursor"] = page["next_cursor"]
            return skus

        assert await found("lamp") == ["a", "lamp", "c"]
        assert await found("oak lamp") == ["a"] and await found("red") == ["a", "c", "lamp"]
        path = "/api/products/01900000-0000-7000-8000-000000000001"
        headers = {"Authorization": tokens.user(scopes=STAFF), "If-Match": "*"}
        await guest.patch(path, json={"name": "Red chair"}, headers=headers)
        assert await found("red lamp") == ["c", "lamp"] and await found("chair") == ["a"]


def index_a_word_with_digits(conn: Connection) -> None:
    insert_sold(conn, order_id=new_id(), product_id=new_id())
    lexemes = "'lantern':1A 'lantern99':2A"
    conn.execute(text("INSERT INTO product_search SELECT seq, :it FROM products"), {"it": lexemes})
    conn.execute(text("INSERT INTO search_words (word) VALUES ('lantern'), ('oak')"))


async def test_words_with_digits_indexed_before_are_known_to_begin_so(
    databases: TestDatabases,
) -> None:
    url = databases.empty()
    if url.startswith("sqlite"):
        pytest.skip("SQLite has them in its table of words")
    await asyncio.to_thread(migrate, url, MIGRATIONS, "0010")
    async with opened(url) as database:
        await database.run(index_a_word_with_digits)
    await asyncio.to_thread(migrate, url, MIGRATIONS)
    async with opened(url) as database:
        assert await database.read(words_beginning, "oak", most=9) == ["oak"]
        assert await database.read(words_beginning, "oaks", most=9) == []
        assert await database.read(words_beginning, "lant", most=9) is None
