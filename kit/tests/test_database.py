import asyncio
import os
import sqlite3
import traceback
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, literal, select, text, update
from sqlalchemy.exc import IntegrityError

from kit.tests.conftest import boxes
from shopkit.clock import SYSTEM_CLOCK
from shopkit.databases import open_database
from shopkit.db import Database
from shopkit.errors import StorageFull
from shopkit.ids import new_id
from shopkit.sqlite import DatabaseInUse, SqliteDatabase
from shopkit.tables import among, insert_or_ignore, insert_rows, violated
from shopkit.testing import TestDatabases

on_sqlite = pytest.mark.skipif("TEST_POSTGRES_URL" in os.environ, reason="about SQLite itself")


def add(conn: Connection, name: str, stock: int = 0) -> str:
    new = new_id()
    conn.execute(insert(boxes).values(id=new, name=name, stock=stock))
    return new


def take_one(conn: Connection, name: str) -> bool:
    where = (boxes.c.name == name) & (boxes.c.stock >= 1)
    return conn.execute(update(boxes).where(where).values(stock=boxes.c.stock - 1)).rowcount == 1


def count(conn: Connection) -> int:
    return conn.execute(select(func.count()).select_from(boxes)).scalar_one()


def count_to(conn: Connection, number: int) -> int:
    return int(conn.execute(select(literal(number))).scalar_one())


async def test_values_come_back_as_they_went_in(database: Database) -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    row = {"id": new_id(), "name": "ä", "stock": 2**53, "made_at": at, "open": True}
    row["tags"] = {"a": [1, None, "é"]}
    await database.run(lambda conn: conn.execute(insert(boxes).values(**row)))
    found = await database.read(lambda conn: conn.execute(select(boxes)).mappings().one())
    assert dict(found) == row


async def test_a_failing_function_takes_only_its_own_writes_back(database: Database) -> None:
    def add_and_fail(conn: Connection) -> None:
        add(conn, "lost")
        raise KeyError("mine")

    results = await asyncio.gather(
        database.run(add, "a"),
        database.run(add_and_fail),
        database.run(add, "b"),
        return_exceptions=True,
    )
    assert isinstance(results[1], KeyError)
    assert await database.read(count) == 2


async def test_concurrent_takers_never_take_more_than_there_is(database: Database) -> None:
    await database.run(add, "b", 30)
    taken = await asyncio.gather(*(database.run(take_one, "b") for _ in range(100)))
    assert sum(taken) == 30


@pytest.mark.skipif("TEST_POSTGRES_URL" not in os.environ, reason="SQLite has one connection")
@pytest.mark.parametrize("way", ["read", "run"])
async def test_whoever_asks_first_is_served_first(databases: TestDatabases, way: str) -> None:
    """Not whoever asks at the moment in which a connection is free."""
    served: list[int] = []
    database = open_database(databases.empty(), pool_size=1)
    await database.start()

    async def ask(number: int) -> None:
        await getattr(database, way)(lambda conn: served.append(number) or count_to(conn, 1))

    asking = []
    for number in range(200):
        asking.append(asyncio.create_task(ask(number)))
        await asyncio.sleep(0.001 * (number % 3))
    await asyncio.gather(*asking)
    await database.stop()
    assert served == sorted(served)


async def test_violations_have_the_same_name_everywhere(database: Database) -> None:
    await database.run(add, "twice")
    with pytest.raises(IntegrityError) as unique:
        await database.run(add, "twice")
    with pytest.raises(IntegrityError) as check:
        await database.run(add, "negative", -1)
    assert violated(unique.value) == "uq_boxes_name"
    assert violated(check.value) == "ck_boxes_stock_not_negative"


async def test_no_error_text_carries_what_was_to_be_stored(database: Database) -> None:
    name = "@".join(("ada", "example.com"))  # so that no quoted line of this file has it
    await database.run(add, name)
    for stock in (1, -1):  # PostgreSQL itself would quote the key, and the whole row
        with pytest.raises(IntegrityError) as refused:
            await database.run(add, name, stock)
        told = "".join(traceback.format_exception(refused.value))
        assert "INSERT INTO boxes" in told
        assert name not in told


async def test_insert_or_ignore_tells_whether_the_row_went_in(database: Database) -> None:
    def insert_named(conn: Connection) -> bool:
        return insert_or_ignore(conn, boxes, {"id": new_id(), "name": "one", "stock": 1})

    assert await database.run(insert_named)
    assert not await database.run(insert_named)


async def test_many_rows_go_in_together_with_what_all_of_them_have(database: Database) -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    rows = [{"id": new_id(), "name": f"box '{n}' \\", "stock": n} for n in range(3)]
    rows.append({"id": new_id(), "name": rows[0]["name"], "stock": 9})  # is in the way of itself
    same = {"made_at": at, "open": True, "tags": ["é", None]}
    await database.run(insert_rows, boxes, rows, same=same, or_ignore=True)
    found = await database.read(lambda conn: conn.execute(select(boxes)).mappings().all())
    assert sorted(map(dict, found), key=lambda row: row["stock"]) == [
        {**row, **same} for row in rows[:3]
    ]


@pytest.mark.parametrize("column", ["name", "id", "stock"])
async def test_those_among_many_are_found(database: Database, column: str) -> None:
    rows = [{"id": new_id(), "name": f"box '{n}' \\", "stock": n} for n in range(3)]
    await database.run(insert_rows, boxes, rows)
    some = select(boxes.c.stock).where(among(boxes.c[column], "these")).order_by(boxes.c.stock)
    for wanted in ([], rows[:1], rows[1:], [*rows, *rows]):
        these = {"these": [row[column] for row in wanted]}
        found = await database.read(
            lambda conn, these=these: conn.execute(some, these).scalars().all()
        )
        assert list(found) == sorted({row["stock"] for row in wanted})


@on_sqlite
@pytest.mark.parametrize("column", ["name", "id"])
async def test_an_index_finds_those_among_many(database: Database, column: str) -> None:
    def plan(conn: Connection) -> str:
        some = select(boxes.c.stock).where(among(boxes.c[column], "these"), boxes.c.stock > 1)
        words = f"EXPLAIN QUERY PLAN {some.compile(dialect=conn.dialect)}"
        return str(conn.exec_driver_sql(words, ("[]", 1)).all())

    found = await database.read(plan)
    assert f"({column}=?)" in found
    assert "SCAN boxes" not in found


async def test_text_sorts_by_code_point(database: Database) -> None:
    for name in ("b", "B", "a", "é", "Z"):
        await database.run(add, name)
    names = await database.read(
        lambda conn: conn.execute(select(boxes.c.name).order_by(boxes.c.name)).scalars().all()
    )
    assert names == ["B", "Z", "a", "b", "é"]


async def test_a_deadlock_is_retried(database: Database) -> None:
    await database.run(add, "a", 10)
    await database.run(add, "b", 10)
    pairs = [("a", "b"), ("b", "a")] * 4

    def both(conn: Connection, first: str, second: str) -> None:
        take_one(conn, first)
        if database.dialect == "postgresql":
            conn.execute(text("SELECT pg_sleep(0.02)"))
        take_one(conn, second)

    results = await asyncio.gather(*(database.run(both, *p) for p in pairs), return_exceptions=True)
    done = sum(result is None for result in results)
    left = await database.read(lambda conn: conn.execute(select(func.sum(boxes.c.stock))).scalar())
    assert done >= 1
    assert left == 20 - 2 * done


async def test_slow_reads_see_what_is_committed(database: Database) -> None:
    await database.run(add, "a")
    assert await database.read_slow(count) == 1


@pytest.mark.skipif("TEST_POSTGRES_URL" not in os.environ, reason="about connections")
async def test_c11_slow_reads_keep_no_connection_from_others(database: Database) -> None:
    def wait(conn: Connection) -> None:
        conn.execute(text("SELECT pg_sleep(0.5)"))

    slow = [asyncio.create_task(database.read_slow(wait)) for _ in range(30)]
    await asyncio.sleep(0.1)
    assert await asyncio.gather(*(database.read(count) for _ in range(10))) == [0] * 10
    assert not all(task.done() for task in slow)
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)


@on_sqlite
async def test_what_waits_together_is_committed_together(database: Database) -> None:
    groups: list[int] = []
    commit = SqliteDatabase._commit_group

    def counted(self: SqliteDatabase, group: list[object]) -> None:
        groups.append(len(group))
        commit(self, group)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqliteDatabase, "_commit_group", counted)
        await asyncio.gather(*(database.run(add, str(n)) for n in range(20)))
    assert groups == [20]


@on_sqlite
async def test_f7_a_full_disk_is_told_and_loses_nothing(databases: TestDatabases) -> None:
    database = SqliteDatabase(databases.empty())
    await database.start()
    await database.run(boxes.create)
    await database.run(add, "kept")
    database._driver.execute("PRAGMA max_page_count=1")  # no further page may be had
    with pytest.raises(StorageFull):
        await database.run(lambda conn: [add(conn, "x" * 4000 + str(n)) for n in range(50)])
    assert await database.read(count) == 1
    database._driver.execute("PRAGMA max_page_count=100000")
    await database.run(add, "after")
    assert await database.read(count) == 2
    await database.stop()


@on_sqlite
async def test_f7_a_disk_that_fails_the_rollback_too_is_told_and_then_used_again(
    databases: TestDatabases,
) -> None:
    def refuse(action: int, statement: str | None, *_: object) -> int:
        ends = action == sqlite3.SQLITE_TRANSACTION and statement in ("COMMIT", "ROLLBACK")
        return sqlite3.SQLITE_DENY if ends else sqlite3.SQLITE_OK

    database = SqliteDatabase(databases.empty())
    await database.start()
    await database.run(boxes.create)
    database._driver.set_authorizer(refuse)
    with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
        async with asyncio.timeout(10):
            await database.run(add, "lost")
    database._driver.set_authorizer(None)
    await database.run(add, "after")
    assert await database.read(count) == 1
    await database.stop()


@on_sqlite
async def test_a_second_process_is_refused(databases: TestDatabases) -> None:
    url = databases.empty()
    first, second = open_database(url), open_database(url)
    await first.start()
    with pytest.raises(DatabaseInUse, match="stop that one first"):
        await second.start()
    await first.stop()


@on_sqlite
async def test_what_was_committed_survives_without_a_clean_stop(databases: TestDatabases) -> None:
    url = databases.empty()
    database = SqliteDatabase(url)
    await database.start()
    await database.run(boxes.create)
    await database.run(add, "durable")
    with sqlite3.connect(Path(url.removeprefix("sqlite:///"))) as other:
        assert other.execute("SELECT name FROM boxes").fetchall() == [("durable",)]
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    other.close()
    assert database._driver.execute("PRAGMA synchronous").fetchone() == (2,)
    await database.stop()


def test_ids_sort_in_the_order_they_were_made() -> None:
    made = [new_id() for _ in range(10_000)]
    assert made == sorted(set(made))
    assert SYSTEM_CLOCK.now().timestamp() * 1000 - int(made[-1].replace("-", "")[:12], 16) < 60_000
