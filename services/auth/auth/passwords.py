"""Passwords: argon2id beside the event loop, and never more than the machine can bear."""

import asyncio
import itertools
import os
import secrets
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from passlib.hash import argon2

from auth.errors import Busy

P = ParamSpec("P")
T = TypeVar("T")

MIN_LENGTH, MAX_LENGTH = 8, 128
"""In code points as sent (NIST SP 800-63B, 3.1.1.2); no rules of composition, no truncation."""
MAX_WAITING = 16
NICENESS = 10
"""Of the first thread: a tenth of a core is its own when all others are at work too."""
_ARGON2ID: Any = argon2.using(type="ID", memory_cost=19 * 1024, time_cost=2, parallelism=1)


@dataclass(frozen=True)
class Verified:
    matches: bool
    new_hash: str | None
    """To be stored in place of the old one, which was made with other parameters."""


def hash_password(password: str) -> str:
    """Blocks for some 20 ms."""
    return str(_ARGON2ID.hash(normalized(password)))


def normalized(password: str) -> str:
    """NFC, as RFC 8265 (OpaqueString) has it: what two keyboards send for one text is one password.

    Not NFKC, which would make different passwords the same.
    """
    return unicodedata.normalize("NFC", password)


def verify_password(password: str, stored: str | None) -> Verified:
    """Blocks for some 20 ms, as long for nobody (`stored` is None) as for anybody."""
    matches = _ARGON2ID.verify(normalized(password), stored or _dummy_hash()) and stored is not None
    outdated = matches and _ARGON2ID.needs_update(stored)
    return Verified(matches, hash_password(password) if outdated else None)


def _dummy_hash() -> str:
    """Of no password: made up, since hashing one would keep 20 MB that nobody may ever need."""
    salt, checksum = secrets.token_bytes(16), secrets.token_bytes(32)
    return str(_ARGON2ID(salt=salt, checksum=checksum, use_defaults=True).to_string())


def _come_after_others(numbers: Iterator[int]) -> None:
    """Whoever browses is served before a flood of logins: see docs/decisions/0019. The first thread
    goes on, though little, on the busiest shop; the others take what is left over and give way at
    once to whoever wakes. Linux has priorities for each thread, which a sandbox may forbid."""
    if sys.platform != "linux":
        return
    thread = threading.get_native_id()
    with suppress(OSError):
        if next(numbers):
            os.sched_setscheduler(thread, os.SCHED_IDLE, os.sched_param(0))
        else:
            usual = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, min(usual + NICENESS, 19))


class PasswordHasher:
    """As many hashes at once as there are cores, few waiting; raises Busy for the rest."""

    def __init__(self, threads: int = os.cpu_count() or 1, waiting: int = MAX_WAITING) -> None:
        self._threads = ThreadPoolExecutor(
            threads,
            thread_name_prefix="argon2",
            initializer=_come_after_others,
            initargs=(itertools.count(),),
        )
        self._places = threading.BoundedSemaphore(threads + waiting)

    async def hash(self, password: str) -> str:
        return await self._run(hash_password, password)

    async def verify(self, password: str, stored: str | None) -> Verified:
        return await self._run(verify_password, password, stored)

    def refuse_when_full(self) -> None:
        """Raises Busy where a hash would be refused now: before anything is written for it."""
        if not self._places.acquire(blocking=False):
            raise Busy
        self._places.release()

    async def _run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if not self._places.acquire(blocking=False):
            raise Busy
        future = self._threads.submit(work, *args, **kwargs)
        # Freed by the work's end and not by the request's, which may go away earlier.
        future.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(future)

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
