"""One write at a time for each owner in this process, and another try when a second one was faster.

What is true is decided by compare-and-set in the database; lanes only save tries that would lose.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar
from weakref import WeakValueDictionary

from cart.errors import Moved
from shopkit.errors import Unavailable

T = TypeVar("T")
ATTEMPTS = 10
WAIT_SECONDS = 5.0


class Lanes:
    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def run(self, attempt: Callable[[], Awaitable[T]], *owners: str) -> T:
        """Run `attempt`, again when it raises Moved. Raises Unavailable when it never gets by."""
        async with AsyncExitStack() as held:
            for owner in sorted(owners):
                await held.enter_async_context(self._lane(owner))
            for number in range(ATTEMPTS):
                try:
                    return await attempt()
                except Moved:
                    await asyncio.sleep(random.uniform(0, 0.01 * number))  # noqa: S311 - jitter
        raise Unavailable("The cart is being changed from too many sides at once.")

    @asynccontextmanager
    async def _lane(self, owner: str) -> AsyncIterator[None]:
        lock = self._locks.get(owner)
        if lock is None:
            self._locks[owner] = lock = asyncio.Lock()
        if lock.locked():
            try:
                async with asyncio.timeout(WAIT_SECONDS):
                    await lock.acquire()
            except TimeoutError:
                raise Unavailable("Other changes of this cart take too long.") from None
        else:
            await lock.acquire()
        try:
            yield
        finally:
            lock.release()
