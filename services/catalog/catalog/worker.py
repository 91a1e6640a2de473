"""What runs beside the requests: expiry of reservations, and forgetting what is old."""

import asyncio
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, tuple_

from catalog.listing import CatalogSize
from catalog.models import idempotency_keys
from catalog.repository.listing import newest_seq
from catalog.repository.reservations import delete_tombstones
from catalog.reservations import expire_due
from shopkit.clock import Clock
from shopkit.db import Database
from shopkit.idempotency import DAYS_KEPT

BATCH = 100
CENSUS_SECONDS = 60
HOUSEKEEPING_SECONDS = 3600
_keys = idempotency_keys.c


class Sweeper:
    """Expires held reservations by our own clock, in batches that hold up nobody."""

    def __init__(self, database: Database, clock: Clock, seconds: float = 1.0) -> None:
        self._database, self._clock, self._seconds = database, clock, seconds

    async def run(self) -> None:
        while True:
            await self.drain()
            await asyncio.sleep(self._seconds)

    async def drain(self) -> int:
        """Expire all that is due; how many."""
        total = 0
        while True:
            found = await self._database.run(expire_due, now=self._clock.now(), limit=BATCH)
            total += found
            if found < BATCH:
                return total


class Census:
    """Keeps CatalogSize true within a minute."""

    def __init__(self, database: Database, size: CatalogSize) -> None:
        self._database, self._size = database, size

    async def run(self) -> None:
        while True:
            self._size.products = await self._database.read(newest_seq)
            await asyncio.sleep(CENSUS_SECONDS)


class Housekeeper:
    """Forgets idempotency keys and tombstones after 30 days, once an hour."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def run(self) -> None:
        while True:
            await self.drain()
            await asyncio.sleep(HOUSEKEEPING_SECONDS)

    async def drain(self) -> None:
        before = self._clock.now() - timedelta(days=DAYS_KEPT)
        for forget in (delete_keys, delete_tombstones):
            found = BATCH
            while found == BATCH:
                found = await self._database.run(forget, before=before, limit=BATCH)


def delete_keys(conn: Connection, *, before: datetime, limit: int) -> int:
    """How many idempotency keys from before a time were deleted."""
    old = select(_keys.caller, _keys.key).where(_keys.created_at < before).limit(limit)
    found = [(row.caller, row.key) for row in conn.execute(old)]
    if found:
        which = tuple_(_keys.caller, _keys.key).in_(found)
        conn.execute(delete(idempotency_keys).where(which))
    return len(found)
