"""The migrated schema is the one that the code was written for."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.engine import make_url

from catalog.main import build
from catalog.models import metadata
from catalog.settings import MIGRATIONS, CatalogSettings
from shopkit.clock import FrozenClock
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


async def test_the_migrated_schema_is_the_models(shop: Shop) -> None:
    assert await shop.database.read(differences) == []


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
    assert len(named) == 9
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
    service = build(CatalogSettings(database_url=url, jwks_cache=tokens.jwks_cache), clock)
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
