"""Users who are deleted: auth tells of them, and what a service keeps of them is erased.

The place in auth's events is kept in the service's database and moves in the transaction that notes
who is to be erased, so that each is noted whatever is killed; what is noted stays until it is done.
See docs/privacy.md.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from sqlalchemy import Column, Connection, MetaData, Table, delete, select, update

from shopkit.auth import LEEWAY, MAX_LIFETIME
from shopkit.auth_events import read_events
from shopkit.background import PAUSE_SECONDS, every
from shopkit.clock import Clock
from shopkit.db import Database
from shopkit.errors import Problem
from shopkit.guests import user_owner
from shopkit.http_client import ServiceClient
from shopkit.logs import get_logger
from shopkit.tables import Id, Instant, Int, insert_or_ignore, new_table

log = get_logger()
EVERY_SECONDS = 5.0
DEADLINE_SECONDS = 2.0
AGAIN = timedelta(hours=1)
LATE = timedelta(seconds=MAX_LIFETIME + LEEWAY)
"""After which no token of theirs can be alive and make something new."""
BATCH = 100


class Left(Enum):
    """What is left of an owner."""

    MORE = "more"
    """To be erased at once, in another transaction."""
    NEEDED = "needed"
    """What is still needed; look again later."""
    NOTHING = "nothing"


class Erase(Protocol):
    def __call__(self, conn: Connection, owner: str, now: datetime, /) -> Left: ...


@dataclass(frozen=True)
class ErasureTables:
    place: Table
    erasures: Table


def new_erasure_tables(metadata: MetaData) -> ErasureTables:
    """`followed_events` has one row, which its migration makes."""
    place = new_table(
        metadata,
        "followed_events",
        Column("id", Int, primary_key=True, autoincrement=False),
        Column("after", Int, nullable=False),
    )
    erasures = new_table(
        metadata,
        "erasures",
        Column("user_id", Id, primary_key=True),
        Column("asked_at", Instant, nullable=False),
        Column("due_at", Instant, nullable=False, index=True),
    )
    return ErasureTables(place, erasures)


class Eraser:
    """`auth` is as `read_events` wants it."""

    def __init__(
        self,
        database: Database,
        tables: ErasureTables,
        auth: ServiceClient,
        erase: Erase,
        clock: Clock,
    ) -> None:
        self._database, self._tables, self._auth = database, tables, auth
        self._erase, self._clock = erase, clock

    async def run(self) -> None:
        """Until cancelled."""
        await every(EVERY_SECONDS, self.work)

    async def work(self) -> None:
        """Raises Unavailable when auth does not answer; what is noted is erased before."""
        await self.drain()
        while await self._note_page():
            pass
        await self.drain()

    async def drain(self) -> None:
        """Erase what is due."""
        now = self._clock.now()
        for user_id in await self._database.read(list_due, self._tables, now=now):
            try:
                while await self._erase_some(user_id, now):
                    pass
            except Problem:
                raise
            except Exception:  # a bug; it must not keep the others from being erased
                log.exception("erasure_failed")
                await self._database.run(postpone, self._tables, user_id=user_id, now=now)

    async def _erase_some(self, user_id: str, now: datetime) -> bool:
        more = await self._database.run(
            erase_some, self._tables, self._erase, user_id=user_id, now=now
        )
        await asyncio.sleep(PAUSE_SECONDS if more else 0)
        return more

    async def _note_page(self) -> bool:
        """Whether there is more."""
        after = await self._database.read(find_place, self._tables)
        page = await read_events(self._auth, after, deadline=DEADLINE_SECONDS)
        # One that knows less than we have seen is an old backup: what it still tells is read anew.
        following = page["next_after"] if page["next_after"] >= after else 0
        users = [event["user_id"] for event in page["items"] if event["kind"] == "user_deleted"]
        now = self._clock.now()
        await self._database.run(
            note, self._tables, after=after, following=following, users=users, now=now
        )
        return bool(page["has_more"]) or following < after


def find_place(conn: Connection, tables: ErasureTables) -> int:
    return int(conn.execute(select(tables.place.c.after)).scalar_one())


def note(
    conn: Connection,
    tables: ErasureTables,
    *,
    after: int,
    following: int,
    users: Sequence[str],
    now: datetime,
) -> None:
    """Does nothing when another copy of the service has moved the place meanwhile."""
    moved = update(tables.place).where(tables.place.c.after == after).values(after=following)
    if conn.execute(moved).rowcount == 1:
        for user_id in users:
            row = {"user_id": user_id, "asked_at": now, "due_at": now}
            insert_or_ignore(conn, tables.erasures, row)


def list_due(conn: Connection, tables: ErasureTables, *, now: datetime) -> list[str]:
    erasures = tables.erasures.c
    due = select(erasures.user_id).where(erasures.due_at <= now).order_by(erasures.due_at)
    return list(conn.execute(due.limit(BATCH)).scalars())


def erase_some(
    conn: Connection, tables: ErasureTables, erase: Erase, *, user_id: str, now: datetime
) -> bool:
    """Whether there is more to be erased at once. Copies of a service work beside each other."""
    erasures = tables.erasures
    mine = erasures.c.user_id == user_id
    locked = select(erasures.c.asked_at).where(mine).with_for_update(skip_locked=True)
    asked_at = conn.execute(locked).scalar()
    if asked_at is None:
        return False
    left = erase(conn, user_owner(user_id), now)
    if left is Left.NOTHING and asked_at + LATE <= now:
        conn.execute(delete(erasures).where(mine))
    elif left is not Left.MORE:
        postpone(conn, tables, user_id=user_id, now=now)
    return left is Left.MORE


def postpone(conn: Connection, tables: ErasureTables, *, user_id: str, now: datetime) -> None:
    erasures = tables.erasures
    later = update(erasures).where(erasures.c.user_id == user_id)
    conn.execute(later.values(due_at=now + AGAIN))
