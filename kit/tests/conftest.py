import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from sqlalchemy import CheckConstraint, Column

from shopkit.databases import open_database
from shopkit.db import Database
from shopkit.idempotency import new_key_table
from shopkit.outbox import new_outbox_table
from shopkit.server import bind
from shopkit.tables import Flag, Id, Instant, Int, Json, Str, new_metadata, new_table
from shopkit.testing import TestDatabases

metadata = new_metadata()
keys = new_key_table(metadata)
outbox = new_outbox_table(metadata)
boxes = new_table(
    metadata,
    "boxes",
    Column("id", Id, primary_key=True),
    Column("name", Str, unique=True),
    Column("stock", Int, CheckConstraint("stock >= 0", name="stock_not_negative")),
    Column("made_at", Instant),
    Column("tags", Json),
    Column("open", Flag),
)


@pytest.fixture
async def database(databases: TestDatabases) -> AsyncIterator[Database]:
    found = open_database(databases.empty(), pool_size=5)
    await found.start()
    await found.run(metadata.create_all)
    yield found
    await found.stop()


@asynccontextmanager
async def serving(path: Path, app: Any) -> AsyncIterator[None]:
    """On a Unix socket."""
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None))
    server.capture_signals = server_without_signals  # type: ignore[method-assign]
    task = asyncio.create_task(server.serve([bind(f"unix:{path}")]))
    while not server.started:
        await asyncio.sleep(0.01)
    yield
    server.should_exit = True
    await task


class server_without_signals:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...
