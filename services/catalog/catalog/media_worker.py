"""What becomes of images that nobody wants: removed beside the requests."""

from datetime import timedelta

from catalog.image_names import storage_keys
from catalog.repository.media import doom_leftovers, drop_unused, forget_leftovers
from catalog.storage import Storage
from shopkit.background import drain, every
from shopkit.clock import Clock
from shopkit.db import Database

BATCH = 100
SECONDS = 600
UNUSED_FOR = timedelta(days=1)


class Curator:
    """Removes images that no product has shown for a day, and files that nothing speaks for."""

    def __init__(self, database: Database, storage: Storage, clock: Clock) -> None:
        self._database, self._storage, self._clock = database, storage, clock

    async def run(self) -> None:
        await every(SECONDS, self.tidy)

    async def tidy(self) -> int:
        """How many images' files were removed."""
        now = self._clock.now()
        await drain(self._database, drop_unused, limit=BATCH, before=now - UNUSED_FOR, now=now)
        removed = 0
        while found := await self._database.run(doom_leftovers, now=now, limit=BATCH):
            await self._storage.delete([key for one in found for key in storage_keys(*one)])
            await self._database.run(forget_leftovers, names=[name for name, _ in found])
            removed += len(found)
        await self._storage.tidy()
        return removed
