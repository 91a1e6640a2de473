"""How many mails of one kind an address and an account may ask for: nobody's mailbox is flooded."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from auth import failure_repository as store
from auth.attempts import Gate
from auth.domain import email_key
from auth.login_limits import Limit
from auth.models import mail_counts

_HOUR = timedelta(hours=1)
TO_ADDRESS = Limit("mail_address", free=3, most=3, lifetime=_HOUR, consecutive=True)
"""Three, then none for an hour; whether or not it has an account."""
OF_ACCOUNT = Limit("mail_account", free=10, most=10, lifetime=_HOUR, consecutive=True)
"""To whatever addresses."""
FROM_ANYWHERE = Limit("mail_anywhere", free=10, most=10, lifetime=_HOUR, consecutive=True)
"""To one address, where each network that asks has its own three."""


class MailLimits:
    def __init__(self, secret: str, *, enabled: bool) -> None:
        self._key = hashlib.sha256(b"mail-limits:" + secret.encode()).digest()
        self._enabled = enabled

    def gates(
        self, kind: str, *, to: str, user_id: str | None, network: str | None = None
    ) -> Sequence[Gate]:
        """`network` is that of an unknown, who must not use up the owner's mails."""
        if not self._enabled:
            return ()
        if network:
            everywhere = self._gate(FROM_ANYWHERE, kind, email_key(to))
            return [everywhere, self._gate(TO_ADDRESS, kind, f"{network} {email_key(to)}")]
        address = self._gate(TO_ADDRESS, kind, email_key(to))
        return [self._gate(OF_ACCOUNT, kind, user_id), address] if user_id else [address]

    def _gate(self, limit: Limit, kind: str, value: str) -> Gate:
        named = f"{limit.kind}:{kind}:{value}".encode()
        return Gate(limit, hmac.digest(self._key, named, "sha256").hex())


def passes(conn: Connection, gates: Sequence[Gate], now: datetime) -> bool:
    """Count one mail, unless there were too many: then nothing is counted."""
    lock, count = store.lock_counter, store.update_counter
    found = [(gate, lock(conn, key=gate.key, now=now, table=mail_counts)) for gate in gates]
    if any(counter.wait(now) > timedelta(0) for _, counter in found):
        return False
    for gate, counter in found:
        added = gate.limit.failed(counter, now)
        count(conn, key=gate.key, counter=added, table=mail_counts)
    return True
