"""One write at a time for each owner in this process, and another try when a second one was faster.

What is true is decided by compare-and-set in the database; lanes only save tries that would lose.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from itertools import count
from typing import TypeVar
from weakref import WeakValueDictionary

from cart.errors import Moved
from shopkit.errors import Unavailable

T = TypeVar("T")
Attempt = Callable[[], Awaitable[T]]
WAIT_SECONDS = 5.0


class Lanes:
    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def run(self, attempt: Attempt[T], *owners: str) -> T:
        """Run `attempt`, again when it raises Moved. Raises Unavailable after WAIT_SECONDS."""
        if not owners:
            return await _persistently(attempt)
        first, *rest = sorted(owners)
        lock = self._locks.get(first)
        if lock is None:
            self._locks[first] = lock = asyncio.Lock()
        await _take(lock)
        try:
            return await self.run(attempt, *rest)
        finally:
            lock.release()


async def _take(lock: asyncio.Lock) -> None:
    if not lock.locked():
        await lock.acquire()
        return
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            await lock.acquire()
    except TimeoutError:
        raise Unavailable("Other changes of this cart take too long.") from None


async def _persistently(attempt: Attempt[T]) -> T:
    now = asyncio.get_running_loop().time
    deadline = now() + WAIT_SECONDS
    for number in count():
        try:
            return await attempt()
        except Moved:
            if now() > deadline:
                break
        await asyncio.sleep(random.uniform(0, 0.01 * min(number, 10)))  # noqa: S311 - jitter
    raise Unavailable("The cart is being changed from too many sides at once.")
