"""What runs beside the requests: what is due, and forgetting what is old."""

import asyncio

from catalog.import_files import ImportFiles
from catalog.import_worker import ImportArchive
from catalog.listing import GroupSize
from catalog.models import idempotency_keys
from catalog.repository.price_changes import list_due
from catalog.repository.products import largest_group
from catalog.repository.refiling import refile_next
from catalog.repository.reservations import delete_tombstones
from catalog.repository.search import merge_index
from catalog.repository.values import index_next
from catalog.reservations import expire_due
from catalog.schedule import bring_up_to_date
from shopkit.background import PAUSE_SECONDS, drain, every
from shopkit.clock import Clock
from shopkit.db import Database
from shopkit.idempotency import KEPT, delete_old_keys

BATCH = 100
AT_ONCE = 4
PAGES = 50
FILER_SECONDS = 1
CENSUS_SECONDS = 60
LIBRARY_SECONDS = 5
HOUSEKEEPING_SECONDS = 3600


class Sweeper:
    """Expires held reservations by our own clock."""

    def __init__(self, database: Database, clock: Clock, seconds: float = 1.0) -> None:
        self._database, self._clock, self._seconds = database, clock, seconds

    async def run(self) -> None:
        await every(self._seconds, self.drain)

    async def drain(self) -> int:
        """Expire all that is due; how many."""
        return await drain(self._database, expire_due, now=self._clock.now(), limit=BATCH)


class Timekeeper:
    """Sees to it that what staff have scheduled happens at its time, or soon after an outage."""

    def __init__(self, database: Database, clock: Clock, seconds: float = 1.0) -> None:
        self._database, self._clock, self._seconds = database, clock, seconds

    async def run(self) -> None:
        await every(self._seconds, self.drain)

    async def drain(self) -> int:
        """Do all that is due, each product in a transaction of its own; how many."""
        database, now, total = self._database, self._clock.now(), 0
        while due := await database.read(list_due, now=now, limit=AT_ONCE):
            await asyncio.gather(
                *(database.run(bring_up_to_date, product_id=id_, now=now) for id_ in due)
            )
            total += len(due)
            await asyncio.sleep(PAUSE_SECONDS)  # others' turn
        return total


class Filer:
    """Products follow the categories that were moved."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> None:
        await every(FILER_SECONDS, self.drain)

    async def drain(self) -> None:
        await drain(self._database, refile_next, limit=BATCH)


class Indexer:
    """Fills the index of lists' filters when an attribute is defined, and clears it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> None:
        await every(FILER_SECONDS, self.drain)

    async def drain(self) -> None:
        await drain(self._database, index_next, limit=BATCH)


class Census:
    """Keeps GroupSize true within a minute."""

    def __init__(self, database: Database, groups: GroupSize) -> None:
        self._database, self._groups = database, groups

    async def run(self) -> None:
        await every(CENSUS_SECONDS, self.count)

    async def count(self) -> None:
        self._groups.largest = await self._database.read_slow(largest_group)


class Librarian:
    """Keeps the search index of SQLite in few pieces, a few milliseconds at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> None:
        if self._database.dialect == "sqlite":
            await every(LIBRARY_SECONDS, self.tidy)

    async def tidy(self) -> int:
        return await drain(self._database, merge_index, limit=PAGES)


class Housekeeper:
    """Forgets idempotency keys, tombstones and files of imports after 30 days, once an hour."""

    def __init__(self, database: Database, clock: Clock, files: ImportFiles) -> None:
        self._database, self._clock = database, clock
        self._archive = ImportArchive(database, clock, files)

    async def run(self) -> None:
        await every(HOUSEKEEPING_SECONDS, self.drain)

    async def drain(self) -> int:
        """Forget all that is old; how many rows."""
        database, now = self._database, self._clock.now()
        keys = await drain(database, delete_old_keys, table=idempotency_keys, now=now, limit=BATCH)
        gone = await drain(database, delete_tombstones, before=now - KEPT, limit=BATCH)
        return keys + gone + await self._archive.drain()
