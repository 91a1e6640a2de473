"""Attempts at passwords and codes are counted as failed before anything is computed, and taken back
when they were not: many at once do not slip through, and what breaks off in between stays
counted."""

import hashlib
import hmac
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from auth import failure_repository as store
from auth.domain import email_key
from auth.errors import Busy, SecondFactorRequired, TooManyAttempts
from auth.login_limits import ACCOUNT, ADDRESS, DEVICE, Counter, Limit
from auth.metrics import BLOCKED
from shopkit.clock import Clock
from shopkit.db import Database
from shopkit.errors import Conflict
from shopkit.logs import get_logger

log = get_logger()


@dataclass(frozen=True)
class Gate:
    """One of the counters that an attempt has to pass."""

    limit: Limit
    key: str


@dataclass(frozen=True)
class Attempt:
    counted: Sequence[tuple[Gate, Counter]] = ()


class AttemptLimits:
    def __init__(self, database: Database, clock: Clock, secret: str, *, enabled: bool) -> None:
        self._database, self._clock, self._enabled = database, clock, enabled
        self._key = hashlib.sha256(b"login-failures:" + secret.encode()).digest()

    @asynccontextmanager
    async def counted(
        self, *, email: str, network: str | None, device: str | None
    ) -> AsyncIterator[Attempt]:
        """`device` is the session by which the device is known. Raises TooManyAttempts. Whoever
        finds it right settles the attempt in the transaction that makes use of it. What fails for
        another reason is neither a failure nor a success."""
        if not self._enabled:
            yield Attempt()
            return
        attempt = await self._count(email, network, device)
        try:
            yield attempt
        except (Busy, Conflict, SecondFactorRequired):
            await self._database.run(settle, attempt=attempt, looked_at=False)
            raise

    def account_key(self, email: str) -> str:
        """Of the counter of wrong passwords for an address."""
        return self._gate(ACCOUNT, email_key(email)).key

    async def _count(self, email: str, network: str | None, device: str | None) -> Attempt:
        known = self._gate(DEVICE, device) if device else None
        others = [self._gate(ACCOUNT, email_key(email))]
        if network:
            others.append(self._gate(ADDRESS, network))
        now = self._clock.now()
        try:
            return await self._database.run(_count, known=known, others=others, now=now)
        except _Closed as exc:
            kind, seconds = exc.gate.limit.kind, math.ceil(exc.wait.total_seconds())
            BLOCKED.labels(kind).inc()
            log.warning("login_blocked", by=kind, key=exc.gate.key[:12], seconds=seconds)
            raise TooManyAttempts(seconds) from None

    def _gate(self, limit: Limit, value: str) -> Gate:
        named = f"{limit.kind}:{value}".encode()
        return Gate(limit, hmac.digest(self._key, named, "sha256").hex())


class _Closed(Exception):
    def __init__(self, gate: Gate, wait: timedelta) -> None:
        super().__init__(gate.limit.kind)
        self.gate, self.wait = gate, wait


def _count(
    conn: Connection, *, known: Gate | None, others: Sequence[Gate], now: datetime
) -> Attempt:
    """A known device passes by its own count while that is open, else it is like any other. Raises
    _Closed, with nothing counted: being refused makes nothing longer."""
    if known:
        with suppress(_Closed):
            return _pass(conn, [known], now)
    return _pass(conn, others, now)


def _pass(conn: Connection, gates: Sequence[Gate], now: datetime) -> Attempt:
    """All that lock several gates lock the account's before the address's."""
    found = [(gate, store.lock_counter(conn, key=gate.key, now=now)) for gate in gates]
    gate, counter = max(found, key=lambda each: each[1].wait(now))
    if counter.wait(now) > timedelta(0):
        raise _Closed(gate, counter.wait(now))
    counted = [(gate, gate.limit.failed(counter, now)) for gate, counter in found]
    for gate, counter in counted:
        store.update_counter(conn, key=gate.key, counter=counter)
    return Attempt(counted)


def settle(conn: Connection, *, attempt: Attempt, looked_at: bool) -> None:
    """It was right, or not looked at. One that was wrong is counted already."""
    for gate, added in attempt.counted:
        counter = store.find_counter(conn, key=gate.key)
        if counter is not None:
            change = gate.limit.succeeded if looked_at else gate.limit.taken_back
            store.update_counter(conn, key=gate.key, counter=change(counter, added))
