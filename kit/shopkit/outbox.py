"""Transactional outbox: effects elsewhere are written with what causes them, then delivered.

Delivery is at least once; the receiver makes it take effect once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Delete,
    Index,
    Insert,
    MetaData,
    Row,
    Select,
    Table,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from shopkit.clock import SYSTEM_CLOCK, Clock
from shopkit.db import Database
from shopkit.errors import Problem
from shopkit.ids import new_id
from shopkit.logs import get_logger
from shopkit.tables import Id, Instant, Int, Json, Str, new_table

log = get_logger()
Handler = Callable[[Mapping[str, Any]], Awaitable[None]]
LEASE_SECONDS = 15
MAX_WAIT_SECONDS = 15
"""Nothing may be unfinished 30 s after the last fault."""
BATCH = 200
"""Delivered at once, and settled when the last of them has answered or is given up: where a tenth
of all calls gets lost, 50 were 25 a second and the sandbox's webhooks piled up."""


def new_outbox_table(metadata: MetaData) -> Table:
    return new_table(
        metadata,
        "outbox",
        Column("id", Id, primary_key=True),
        Column("topic", Str, nullable=False),
        Column("payload", Json, nullable=False),
        Column("attempts", Int, nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("due_at", Instant, nullable=False),
        # By topic first: thousands of mails that wait for their server cost the others nothing.
        Index("ix_outbox_topic_due_at_id", "topic", "due_at", "id"),
    )


def emit(
    conn: Connection, table: Table, *, topic: str, payload: Mapping[str, Any], now: datetime
) -> None:
    """Write an event in the transaction of its cause. It goes once it is delivered."""
    row = {"id": new_id(), "topic": topic, "payload": dict(payload), "attempts": 0}
    conn.execute(_insert(table), {**row, "created_at": now, "due_at": now})


@cache
def _insert(table: Table) -> Insert:
    return insert(table)


class Relay:
    """Delivers events to the handler of their topic until each has succeeded. Topics do not wait
    for each other: one whose receiver hangs holds up nothing else."""

    def __init__(
        self,
        database: Database,
        table: Table,
        handlers: Mapping[str, Handler],
        clock: Clock = SYSTEM_CLOCK,
        lease_seconds: float = LEASE_SECONDS,
        batch: int = BATCH,
        max_wait_seconds: int = MAX_WAIT_SECONDS,
        eager: bool = True,
    ) -> None:
        """`batch` is how many are delivered at once, `max_wait_seconds` the longest time between
        two tries at one. One that is not eager delivers no more than a batch a second."""
        self._database, self._table, self._clock = database, table, clock
        self._handlers = handlers
        self._lease = timedelta(seconds=lease_seconds)
        self._batch, self._max_wait, self._eager = batch, max_wait_seconds, eager
        self._woken = {topic: asyncio.Event() for topic in handlers}

    def wake(self, *topics: str) -> None:
        """Say that something was emitted; otherwise it is found within a second."""
        for topic in topics or self._woken:
            self._woken[topic].set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        await asyncio.gather(*(self._run(topic) for topic in self._handlers))

    async def _run(self, topic: str) -> None:
        woken = self._woken[topic]
        while True:
            try:
                delivered = await self._drain(topic)
            except Problem as exc:
                log.warning("relay_paused", topic=topic, reason=exc.detail)
                delivered = 0
            if delivered < self._batch or not self._eager:
                with suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), timeout=1)
                woken.clear()

    async def drain(self) -> int:
        """Deliver what is due now, once; answers how many were tried."""
        return sum([await self._drain(topic) for topic in self._handlers])

    async def _drain(self, topic: str) -> int:
        rows = await self._take(topic)
        if rows:
            failed = await asyncio.gather(*(self._deliver(row) for row in rows))
            ended = self._clock.now()
            tries = list(zip(rows, failed, strict=True))
            await self._database.run(
                _settle, self._table, tries=tries, max_wait=self._max_wait, now=ended
            )
        return len(rows)

    async def _take(self, topic: str) -> Sequence[Row[Any]]:
        """One process has an SQLite file, and it has one relay: there is nobody to take it from."""
        now = self._clock.now()
        wanted = {"of_topic": topic, "now": now, "most": self._batch}
        if self._database.dialect == "sqlite":
            return await self._database.read(_find, self._table, wanted=wanted)
        end = now + self._lease
        return await self._database.run(_take, self._table, wanted=wanted, lease_end=end)

    async def _deliver(self, row: Row[Any]) -> bool:
        """True when it failed."""
        try:
            await self._handlers[row.topic](row.payload)
        except Exception as exc:
            log.warning("delivery_failed", topic=row.topic, id=row.id, reason=str(exc))
            return True
        return False


@cache
def _due(table: Table) -> Select[Any]:
    return (
        select(table)
        .where(table.c.topic == bindparam("of_topic"), table.c.due_at <= bindparam("now"))
        .order_by(table.c.due_at, table.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    )


@cache
def _delete(table: Table) -> Delete:
    return delete(table).where(table.c.id.in_(bindparam("done", expanding=True)))


def _find(conn: Connection, table: Table, *, wanted: dict[str, Any]) -> Sequence[Row[Any]]:
    return conn.execute(_due(table), wanted).all()


def _take(
    conn: Connection, table: Table, *, wanted: dict[str, Any], lease_end: datetime
) -> Sequence[Row[Any]]:
    rows = _find(conn, table, wanted=wanted)
    taken = table.c.id.in_([row.id for row in rows])
    if rows:
        conn.execute(update(table).where(taken).values(due_at=lease_end))
    return rows


def _settle(
    conn: Connection,
    table: Table,
    *,
    tries: Sequence[tuple[Row[Any], bool]],
    max_wait: int,
    now: datetime,
) -> None:
    done = [row.id for row, failed in tries if not failed]
    conn.execute(_delete(table), {"done": done})
    for row, failed in tries:
        if failed:
            wait = timedelta(seconds=min(max_wait, 2 ** min(row.attempts, 10)))
            again = {"attempts": row.attempts + 1, "due_at": now + wait}
            conn.execute(update(table).where(table.c.id == row.id).values(**again))
