"""Answers that take long and are asked for by many: worked out once, and kept for some seconds."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")
FRESH = 5.0
OLDEST = 10.0
MOST = 200


class Answers(Generic[T]):
    """No answer is older than OLDEST seconds.

    Who asks while it is worked out waits for the same. Who asks for one that is older than FRESH
    has it worked out anew, and waits for that only if it is too old. What is worked out anew takes
    turns, one at a time, so that others who read what takes long come in between.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._known: dict[str, tuple[float, T]] = {}
        self._awaited: dict[str, asyncio.Task[T]] = {}
        self._anew = asyncio.Lock()

    async def get(self, question: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Raises what `work` raises; that is not kept."""
        begun, known = self._known.get(question, (float("-inf"), None))
        age = self._now() - begun
        if known is not None and age < FRESH:
            return known
        task = self._awaited.get(question)
        if task is None:
            new = self._work if known is None else self._work_in_turn
            task = asyncio.create_task(new(question, work))
            task.add_done_callback(_heard)
            self._awaited[question] = task
        if known is not None and age < OLDEST:
            return known
        return await asyncio.shield(task)  # whoever goes away leaves it to the others

    async def _work_in_turn(self, question: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        async with self._anew:
            return await self._work(question, work)

    async def _work(self, question: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        begun = self._now()
        try:
            answer = await work()
        finally:
            del self._awaited[question]
        self._known.pop(question, None)
        self._known[question] = begun, answer
        if len(self._known) > MOST:
            del self._known[next(iter(self._known))]
        return answer


def _heard(task: asyncio.Task[Any]) -> None:
    """Nobody may be waiting for it any more."""
    if not task.cancelled():
        task.exception()
