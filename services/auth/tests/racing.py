"""What another process does in the meantime; only PostgreSQL lets it."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, text

from auth.repository import replace_roles
from auth.role_repository import lock_roles
from shopkit.postgres import postgres_engine

postgres_only = pytest.mark.skipif(
    "TEST_POSTGRES_URL" not in os.environ, reason="SQLite has one writer"
)
WAITING = text(
    "SELECT pid FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def demote(conn: Connection, *, user_id: str) -> None:
    """As a change of roles does it."""
    lock_roles(conn)
    replace_roles(conn, user_id=user_id, names=["customer"])


async def during(auth: Any, url: str, change: Callable[[Connection], None], call: Any) -> Any:
    """What comes of `call`, which arrives when `change` is made and not yet committed."""
    async with uncommitted(url, change):
        task = asyncio.ensure_future(call)
        while not task.done() and not await auth.database.read(_waiting):
            await asyncio.sleep(0.01)
    return await task


def _waiting(conn: Connection) -> bool:
    return conn.execute(WAITING).first() is not None


@asynccontextmanager
async def uncommitted(url: str, change: Callable[[Connection], None]) -> AsyncIterator[None]:
    engine = postgres_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(change)
            yield
    finally:
        await engine.dispose()
