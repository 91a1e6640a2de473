"""The migrated schema is the one that the code was written for."""

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from catalog.models import metadata

from .conftest import Shop

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
