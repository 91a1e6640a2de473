"""Connections to PostgreSQL are kept: what becomes of those that break, or stop midway."""

import asyncio
import gc
import os
import traceback
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from sqlalchemy import Connection, bindparam, func, insert, select, text
from sqlalchemy.exc import DBAPIError

from kit.tests.conftest import boxes, metadata
from shopkit.databases import open_database
from shopkit.db import Database
from shopkit.errors import Unavailable
from shopkit.ids import new_id
from shopkit.tables import Real
from shopkit.testing import TestDatabases

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif("TEST_POSTGRES_URL" not in os.environ, reason="about connections"),
]
INSERT = insert(boxes)
COUNT = select(func.count()).select_from(boxes).where(boxes.c.name != bindparam("but"))
SLEEP = select(func.pg_sleep(bindparam("seconds", type_=Real)))
STOCKS = select(boxes.c.stock).where(boxes.c.stock >= bindparam("least"))
OTHERS = "pid <> pg_backend_pid() AND datname = current_database()"


@pytest.fixture
async def database(databases: TestDatabases) -> AsyncIterator[Database]:
    """With two connections, and in it three transactions of which each prepares what comes."""
    found = open_database(databases.empty(), pool_size=2)
    await found.start()
    await found.run(metadata.create_all)
    for _ in range(3):
        await asyncio.gather(found.run(add), found.run(add), found.read(count))
    yield found
    await found.stop()


def add(conn: Connection) -> None:
    row = {"id": new_id(), "name": new_id(), "stock": 1, "made_at": None, "tags": None}
    conn.execute(INSERT, {**row, "open": None})


def count(conn: Connection) -> int:
    return int(conn.execute(COUNT, {"but": "none"}).scalar_one())


def end_others(conn: Connection) -> int:
    ended = select(func.count(func.pg_terminate_backend(text("pid"))))
    return int(
        conn.execute(ended.select_from(text("pg_stat_activity")).where(text(OTHERS))).scalar_one()
    )


async def test_connections_that_were_ended_are_opened_anew(database: Database) -> None:
    for _ in range(3):
        assert await database.read(end_others) >= 1
        await asyncio.sleep(0.1)  # until their end is known
        assert await asyncio.gather(*(database.read(count) for _ in range(6))) == [6] * 6


@pytest.mark.parametrize("way", ["read", "read_slow"])
async def test_a_connection_that_ends_in_a_read_gives_its_place_back(
    databases: TestDatabases, database: Database, way: str
) -> None:
    """At once, and not when the collector comes, which a service has told to come rarely."""
    other = open_database(database._url, pool_size=2)  # type: ignore[attr-defined]
    await other.start()
    read = getattr(other, way)

    def sleep(conn: Connection) -> None:
        conn.execute(SLEEP, {"seconds": 0.5})

    gc.disable()
    try:
        for _ in range(2):
            for _ in range(3):
                await asyncio.gather(read(sleep), read(sleep))
            broken = [asyncio.create_task(read(sleep)) for _ in range(2)]
            await asyncio.sleep(0.1)
            assert await database.read(end_others) >= 2
            for task in broken:
                with pytest.raises(Unavailable):
                    await task
        async with asyncio.timeout(4):
            await asyncio.gather(read(sleep), read(sleep))
    finally:
        gc.enable()
        await other.stop()


async def test_a_statement_that_a_migration_outdates_is_asked_again(database: Database) -> None:
    def stocks(conn: Connection) -> list[int]:
        return [int(row.stock) for row in conn.execute(STOCKS, {"least": 0})]

    for _ in range(3):
        assert await asyncio.gather(database.run(stocks), database.run(stocks)) == [[1] * 6] * 2
    change = text("ALTER TABLE boxes ALTER COLUMN stock TYPE integer")
    await database.run(lambda conn: conn.execute(change))
    assert await asyncio.gather(database.run(stocks), database.run(stocks)) == [[1] * 6] * 2


async def test_no_error_tells_a_value_that_the_driver_refuses(database: Database) -> None:
    value = 1234567  # on a line of its own, since tracebacks quote lines
    with pytest.raises(DBAPIError) as refused:
        await database.read(lambda conn: conn.execute(COUNT, {"but": value}))
    assert str(value) not in "".join(traceback.format_exception(refused.value))


async def test_a_connection_that_ends_in_a_transaction_is_told_and_leaves_nothing(
    database: Database,
) -> None:
    def add_and_die(conn: Connection) -> None:
        add(conn)
        conn.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    for _ in range(3):
        with pytest.raises(Unavailable):
            await database.run(add_and_die)
    assert await asyncio.gather(*(database.read(count) for _ in range(6))) == [6] * 6


@pytest.mark.parametrize("seconds", [0.0, 0.05])
async def test_who_goes_away_in_the_middle_leaves_nothing(
    database: Database, seconds: float
) -> None:
    def add_slowly(conn: Connection) -> None:
        add(conn)
        conn.execute(SLEEP, {"seconds": 0.2})
        add(conn)

    for _ in range(5):
        tasks = [asyncio.create_task(database.run(add_slowly)) for _ in range(3)]
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert await asyncio.gather(*(database.read(count) for _ in range(6))) == [6] * 6
    await database.run(add)
    assert await database.read(count) == 7


async def test_an_error_leaves_a_connection_that_can_be_used(database: Database) -> None:
    def add_and_divide(conn: Connection) -> None:
        add(conn)
        conn.execute(text("SELECT 1 / 0"))

    for _ in range(3):
        with pytest.raises(Exception, match="division by zero"):
            await database.run(add_and_divide)
    before = await database.read(backends)
    assert await asyncio.gather(*(database.read(count) for _ in range(6))) == [6] * 6
    assert await database.read(backends) == before


def backends(conn: Connection) -> set[int]:
    found = conn.execute(
        text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
    )
    return set(found.scalars())


async def test_an_error_that_is_passed_over_is_not_told_as_done(database: Database) -> None:
    """PostgreSQL answers `COMMIT` with `ROLLBACK` then, and no error."""

    def add_and_pass_over(conn: Connection) -> None:
        add(conn)
        with suppress(DBAPIError):
            conn.execute(text("SELECT 1 / 0"))

    with pytest.raises(RuntimeError, match="rolled back"):
        await database.run(add_and_pass_over)
    assert await database.read(count) == 6


async def test_a_stopped_database_keeps_no_connection(
    databases: TestDatabases, database: Database
) -> None:
    other = open_database(database._url, pool_size=3)  # type: ignore[attr-defined]
    before = await database.read(backends)
    await other.start()
    await asyncio.gather(*(other.read(count) for _ in range(6)), other.read_slow(count))
    assert len(await database.read(backends)) > len(before)
    await other.stop()
    async with asyncio.timeout(5):
        while await database.read(backends) != before:
            await asyncio.sleep(0.01)
