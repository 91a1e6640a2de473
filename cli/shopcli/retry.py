"""When to try a call again, and how long to wait before it."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

BUSY = frozenset({429})
UNAVAILABLE = frozenset({502, 503, 504})


@dataclass(frozen=True)
class Patience:
    """How long to bear with a shop that is slow, busy or restarting. Waits in seconds.

    `first_attempts` holds as long as the shop never answered: then it is rather not there.
    """

    attempts: int = 8
    first_attempts: int = 3
    busy_attempts: int = 100
    first_wait: float = 0.25
    longest_wait: float = 8.0
    longest_asked: float = 90.0
    busy_pace: float = 15.0
    """Calls a second, once it was asked to slow down. The gateway allows an address 20, and behind
    ours may be others."""

    def backoff(self, attempt: int) -> float:
        """Full jitter, so that clients that failed together do not come back together."""
        ceiling = min(self.longest_wait, self.first_wait * 2.0**attempt)
        return random.uniform(ceiling / 4, ceiling)  # noqa: S311


def retry_after(header: str | None) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or as a date."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None


class Gate:
    """All calls of one client wait here while the shop asked for a pause, and for their turn once
    it was too many of them."""

    def __init__(self, on_pause: Callable[[float], None], on_limit: Callable[[], None]) -> None:
        self._on_pause = on_pause
        self._on_limit = on_limit
        self._open_at = 0.0
        self._spacing = 0.0
        self._next_turn = 0.0

    def slow_down(self, pace: float) -> None:
        """At most so many calls a second from now on; told once."""
        if not self._spacing:
            self._on_limit()
        self._spacing = 1 / pace

    def close_for(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        if until > self._open_at:
            self._open_at = until
            self._on_pause(seconds)

    async def passed(self) -> None:
        while True:
            wait = self._open_at - time.monotonic()
            if wait <= 0:
                break
            await asyncio.sleep(wait + random.uniform(0, 0.05))  # noqa: S311
        if self._spacing:
            turn = max(self._next_turn, time.monotonic())
            self._next_turn = turn + self._spacing
            await asyncio.sleep(turn - time.monotonic())
