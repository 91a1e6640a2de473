"""The migrated schema is the one that the code was written for."""

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError

from auth.models import metadata
from shopkit.databases import open_database

pytestmark = pytest.mark.anyio


def differences(conn: Connection) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(conn), metadata))


async def test_the_migrations_yield_the_models(database_url: str, migrations: Path) -> None:
    database = open_database(database_url)
    await database.start()
    try:
        assert await database.read(differences) == []
    finally:
        await database.stop()


async def test_a13_the_database_allows_one_live_token_a_session(auth: Any, signed_in: Any) -> None:
    tokens, sessions = metadata.tables["refresh_tokens"], metadata.tables["sessions"]

    def second_live_token(conn: Connection) -> None:
        session_id = conn.execute(sessions.select()).first().id  # type: ignore[union-attr]
        row = {"token_hash": "x", "session_id": session_id, "generation": 9, "state": "live"}
        row |= {"retries": 0, "created_at": auth.context.clock.now()}
        conn.execute(insert(tokens).values(row))

    with pytest.raises(IntegrityError):
        await auth.database.run(second_live_token)
