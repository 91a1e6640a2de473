"""Rows of accounts, carts and orders over and over, as many as a shop has after years."""

import asyncio
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Protocol

import asyncpg

AT_ONCE = 40
"""Copies in one transaction."""
TEXT = "CAST({column} AS text)"
# A copy has another version in its UUIDs than any original, and the copy's number at their end.
OF_OWNER = (
    f"substr({TEXT}, 1, length({TEXT}) - 22) || 'e' || substr({TEXT}, length({TEXT}) - 20, 17)"
    " || {copy}"
)
OF_ID = f"CAST({OF_OWNER} AS {{uuid}})"
OF_WORD = "{column} || {copy}"
TABLES: dict[str, dict[str, dict[str, str]]] = {
    "auth": {"users": {"id": OF_ID, "email_key": OF_WORD}},
    "cart": {
        "carts": {"id": OF_ID, "owner": OF_OWNER, "order_id": OF_ID},
        "cart_lines": {"cart_id": OF_ID},
    },
    "orders": {
        "orders": {"id": OF_ID, "owner": OF_OWNER, "cart_id": OF_ID, "number": OF_WORD},
        "order_lines": {"order_id": OF_ID},
    },
}
"""What copies have otherwise."""


class Engine(Protocol):
    copy: str
    """The number of a copy, `k`, as four digits."""
    uuid: str
    """The type of ids."""
    numbers: str
    """`k` from {first} to {last}, as a table."""

    def columns(self, table: str) -> list[str]: ...

    def execute(self, statements: Iterable[str]) -> None:
        """In one transaction."""
        ...


class Copies:
    """Of the rows that the tables of a service have now."""

    def __init__(self, engine: Engine, tables: dict[str, dict[str, str]]) -> None:
        self._engine, self._tables = engine, tables
        engine.execute(f"CREATE TABLE bench_{table} AS SELECT * FROM {table}" for table in tables)

    def add(self, numbers: range) -> None:
        """One copy of each for each of `numbers`, which are at most 65,535."""
        for first in numbers[::AT_ONCE]:
            last = min(first + AT_ONCE, numbers.stop) - 1
            self._engine.execute(
                self._statement(table, changed, first, last)
                for table, changed in self._tables.items()
            )

    def _statement(self, table: str, changed: dict[str, str], first: int, last: int) -> str:
        columns = self._engine.columns(table)
        values = [
            changed.get(column, "{column}").format(
                column=f"o.{column}", copy=self._engine.copy, uuid=self._engine.uuid
            )
            for column in columns
        ]
        numbers = self._engine.numbers.format(first=first, last=last)
        return (
            f"INSERT INTO {table} ({', '.join(columns)})"
            f" SELECT {', '.join(values)} FROM bench_{table} AS o, {numbers}"
        )


class Sqlite:
    copy = "printf('%04x', k)"
    uuid = "text"
    numbers = (
        "(WITH RECURSIVE n(k) AS (SELECT {first} UNION ALL SELECT k + 1 FROM n WHERE k < {last})"
        " SELECT k FROM n)"
    )

    def __init__(self, file: Path) -> None:
        self._file = file

    def columns(self, table: str) -> list[str]:
        with closing(sqlite3.connect(self._file)) as connection:
            return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]

    def execute(self, statements: Iterable[str]) -> None:
        with closing(sqlite3.connect(self._file)) as connection, connection:
            for statement in statements:
                connection.execute(statement)


class Postgres:
    copy = "lpad(to_hex(k), 4, '0')"
    uuid = "uuid"
    numbers = "generate_series({first}, {last}) AS n(k)"

    def __init__(self, url: str) -> None:
        self._url = url

    def columns(self, table: str) -> list[str]:
        names = "SELECT column_name FROM information_schema.columns WHERE table_name = $1"
        return asyncio.run(self._fetch(names, table))

    def execute(self, statements: Iterable[str]) -> None:
        asyncio.run(self._execute(list(statements)))

    async def _fetch(self, statement: str, *values: str) -> list[str]:
        connection = await asyncpg.connect(self._url)
        rows = await connection.fetch(statement, *values)
        await connection.close()
        return [str(row[0]) for row in rows]

    async def _execute(self, statements: list[str]) -> None:
        connection = await asyncpg.connect(self._url)
        async with connection.transaction():
            for statement in statements:
                await connection.execute(statement)
        await connection.close()


def copies_of(service: str, place: str | Path) -> Copies:
    """`place`: the shop's data, or the address of a database on PostgreSQL."""
    engine: Engine = (
        Postgres(place) if isinstance(place, str) else Sqlite(place / "databases" / f"{service}.db")
    )
    return Copies(engine, TABLES[service])
