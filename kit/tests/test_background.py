import asyncio

import pytest
from sqlalchemy import Connection, func, insert, select

from kit.tests.conftest import boxes
from shopkit import background
from shopkit.background import delete_batch, drain, every
from shopkit.db import Database
from shopkit.errors import Unavailable
from shopkit.ids import new_id


def fill(conn: Connection, number: int) -> None:
    conn.execute(insert(boxes), [{"id": new_id(), "stock": 0} for _ in range(number)])


def empty(conn: Connection, *, limit: int) -> int:
    return delete_batch(conn, boxes, boxes.c.stock == 0, limit=limit)


def count(conn: Connection) -> int:
    return conn.execute(select(func.count()).select_from(boxes)).scalar_one()


async def test_batches_are_small_and_go_on_until_one_is_not_full(database: Database) -> None:
    await database.run(fill, 11)
    assert await database.run(empty, limit=3) == 3
    assert await drain(database, empty, limit=4) == 8
    assert await database.read(count) == 0


async def test_others_get_their_turn_between_batches(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "PAUSE_SECONDS", 3600)
    await database.run(fill, 40)
    draining = asyncio.create_task(drain(database, empty, limit=2))
    assert [await database.run(count) for _ in range(50)][-1] == 38
    draining.cancel()


async def test_copies_share_what_is_to_be_deleted(database: Database) -> None:
    await database.run(fill, 60)
    assert sum(await asyncio.gather(*(drain(database, empty, limit=7) for _ in range(3)))) == 60


async def test_work_goes_on_after_an_outage() -> None:
    done = asyncio.Event()
    outages = [Unavailable("the database is away"), None]

    async def work() -> None:
        if problem := outages.pop(0):
            raise problem
        done.set()
        await asyncio.sleep(3600)

    task = asyncio.create_task(every(0, work))
    await asyncio.wait_for(done.wait(), 5)
    task.cancel()
