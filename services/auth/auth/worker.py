"""Clears away what is over: sessions, and keys that nobody needs any more."""

import asyncio

from auth.key_ring import KeyRing
from auth.session_repository import delete_expired_sessions
from shopkit.clock import Clock
from shopkit.db import Database

SECONDS_BETWEEN_SWEEPS = 60
BATCH = 500


class Sweeper:
    def __init__(self, database: Database, keys: KeyRing, clock: Clock) -> None:
        self._database, self._keys, self._clock = database, keys, clock

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await self.sweep()
            await asyncio.sleep(SECONDS_BETWEEN_SWEEPS)

    async def sweep(self) -> None:
        """In small transactions, between which logins get their turn."""
        self._keys.remove_retired()
        now, gone = self._clock.now(), BATCH
        while gone == BATCH:
            gone = await self._database.run(delete_expired_sessions, now=now, limit=BATCH)
