"""Alembic, driven from code: one step of its own before a service starts."""

import asyncio
import os
import sqlite3
from pathlib import Path
from typing import Any

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, MetaData, create_engine, event, text
from sqlalchemy.engine import make_url

from shopkit.db import is_sqlite
from shopkit.postgres import postgres_engine
from shopkit.schema_version import SchemaMismatch
from shopkit.sqlite import PRAGMAS, lock_file

_ADVISORY_LOCK = 7_305_001


def migrate(url: str, migrations: Path, revision: str = "head") -> None:
    """Bring the schema to `revision`, or change nothing; refuses while a service has the file."""
    if is_sqlite(url):
        _migrate_sqlite(url, migrations, revision)
    else:
        asyncio.run(_migrate_postgres(url, migrations, revision))


def _migrate_sqlite(url: str, migrations: Path, revision: str) -> None:
    Path(make_url(url).database or "").parent.mkdir(parents=True, exist_ok=True)
    lock = lock_file(url)
    engine = create_engine(make_url(url).set(drivername="sqlite+pysqlite"))

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        # Off, so that a table may be made anew under others that refer to it (lang_altertable.html,
        # section 7); what they refer to is checked before the commit.
        for pragma in (*PRAGMAS, "foreign_keys=OFF"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(conn: Connection) -> None:
        conn.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        with engine.begin() as conn:
            _upgrade(conn, migrations, revision)
            broken = conn.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                raise SchemaMismatch(f"the migration would leave {len(broken)} broken references")
    finally:
        engine.dispose()
        os.close(lock)


async def _migrate_postgres(url: str, migrations: Path, revision: str) -> None:
    engine = postgres_engine(url, pool_size=1, statement_timeout="0", lock_timeout="30000")
    try:
        async with engine.begin() as connection:
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
            await connection.run_sync(_upgrade, migrations, revision)
    finally:
        await engine.dispose()


def _upgrade(conn: Connection, migrations: Path, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.attributes["connection"] = conn
    command.upgrade(config, revision)


def run_env(metadata: MetaData) -> None:
    """The whole of every service's `migrations/env.py`."""
    options: dict[str, Any] = {"target_metadata": metadata, "transactional_ddl": True}
    context.configure(connection=context.config.attributes["connection"], **options)
    with context.begin_transaction():
        context.run_migrations()
