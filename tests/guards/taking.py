"""Takes guards out, in the process of a test and in its databases; services know nothing of it."""

import asyncio
import re
import sqlite3
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url


@dataclass(frozen=True)
class Taking:
    """Before the services start: `databases` are the URLs by service, migrated and empty."""

    patch: pytest.MonkeyPatch
    databases: Mapping[str, str]

    def replace(self, where: Any, name: str, by: Any) -> None:
        self.patch.setattr(where, name, by)

    def change(self, mapping: Any, key: Any, by: Any) -> None:
        self.patch.setitem(mapping, key, by)

    def drop_index(self, service: str, name: str) -> None:
        self._execute(service, f"DROP INDEX {name}")

    def drop_check(self, service: str, table: str, name: str) -> None:
        url = self.databases[service]
        if url.startswith("sqlite"):
            _drop_check_of_sqlite(str(make_url(url).database), table, name)
        else:
            self._execute(service, f"ALTER TABLE {table} DROP CONSTRAINT {name}")

    def _execute(self, service: str, statement: str) -> None:
        url = self.databases[service]
        if url.startswith("sqlite"):
            with closing(sqlite3.connect(str(make_url(url).database))) as file:
                file.execute(statement)
        else:
            with ThreadPoolExecutor(1) as threads:  # here a loop is running already
                threads.submit(asyncio.run, _execute_there(url, statement)).result()


async def _execute_there(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


def _drop_check_of_sqlite(path: str, table: str, name: str) -> None:
    """SQLite has no ALTER for it: the table's definition is edited (lang_altertable.html, 7)."""
    with closing(sqlite3.connect(path)) as file:
        (sql,) = file.execute("SELECT sql FROM sqlite_schema WHERE name = ?", [table]).fetchone()
        pattern = rf"CONSTRAINT \"?{name}\"? CHECK (\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))"
        edited, found = re.subn(pattern, "CHECK (1)", sql)
        assert found == 1, f"{table} has no {name}: {sql}"
        file.execute("PRAGMA writable_schema = ON")
        file.execute("UPDATE sqlite_schema SET sql = ? WHERE name = ?", [edited, table])
        file.execute("PRAGMA writable_schema = RESET")
        file.commit()
