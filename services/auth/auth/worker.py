"""Clears away what is over: sessions, counters of failed logins and of mails, invitations, tokens
of mails, events that concern no token any more, old idempotency keys, and signing keys that nobody
needs."""

from auth.email_token_repository import delete_old_tokens
from auth.events import delete_past_events
from auth.failure_repository import delete_expired_counters
from auth.invitation_repository import delete_expired_invitations
from auth.key_ring import KeyRing
from auth.models import idempotency_keys, login_failures, mail_counts
from auth.session_repository import delete_expired_sessions
from shopkit.background import drain, every
from shopkit.clock import Clock
from shopkit.db import Database
from shopkit.idempotency import delete_old_keys

EVERY_SECONDS = 60
BATCH = 500


class Sweeper:
    def __init__(self, database: Database, keys: KeyRing, clock: Clock) -> None:
        self._database, self._keys, self._clock = database, keys, clock

    async def run(self) -> None:
        await every(EVERY_SECONDS, self.drain)

    async def drain(self) -> int:
        """Clear all of it away; how many sessions."""
        self._keys.remove_retired()
        now = self._clock.now()
        for table in (login_failures, mail_counts):
            await drain(self._database, delete_expired_counters, now=now, limit=BATCH, table=table)
        await drain(self._database, delete_expired_invitations, now=now, limit=BATCH)
        await drain(self._database, delete_old_tokens, now=now, limit=BATCH)
        await drain(self._database, delete_past_events, now=now, limit=BATCH)
        await drain(self._database, delete_old_keys, table=idempotency_keys, now=now, limit=BATCH)
        return await drain(self._database, delete_expired_sessions, now=now, limit=BATCH)
