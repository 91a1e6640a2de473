"""What a service does beside its requests: again and again, in batches that hold up nobody."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, select, tuple_

from shopkit.db import Database
from shopkit.errors import Problem
from shopkit.logs import get_logger

log = get_logger()
PAUSE_SECONDS = 0.01


async def every(
    seconds: float, work: Callable[[], Awaitable[object]], woken: asyncio.Event | None = None
) -> None:
    """Do `work`, and again after so many seconds or when `woken`, until cancelled. An outage is
    waited for."""
    woken = woken or asyncio.Event()
    while True:
        try:
            await work()
        except Problem as exc:
            log.warning("work_paused", work=work.__qualname__, reason=exc.detail)
        with suppress(TimeoutError):
            await asyncio.wait_for(woken.wait(), seconds)
        woken.clear()


async def drain(database: Database, batch: Callable[..., int], *, limit: int, **more: Any) -> int:
    """Run `batch` until it finds less than `limit`, with others' turns in between; how many."""
    total = 0
    while True:
        found = await database.run(batch, limit=limit, **more)
        total += found
        if found < limit:
            return total
        await asyncio.sleep(PAUSE_SECONDS)


def delete_batch(
    conn: Connection, table: Table, condition: ColumnElement[bool], *, limit: int
) -> int:
    """Delete at most `limit` rows; how many. Copies of a service work beside each other: each
    takes rows that no other has."""
    key = list(table.primary_key.columns)
    chosen = select(*key).where(condition).limit(limit).with_for_update(skip_locked=True)
    found = [tuple(row) for row in conn.execute(chosen)]
    if found:
        conn.execute(delete(table).where(tuple_(*key).in_(found)))
    return len(found)
