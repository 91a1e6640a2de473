"""The sagas that run in this process, detached from the requests that began them (rule 4)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeAlias

from orders.domain import Order
from orders.errors import FenceLost
from orders.parties import Parties
from orders.repository.orders import find_order, postpone
from orders.saga import drive
from orders.states import Step
from shopkit.errors import Problem
from shopkit.logs import get_logger

log = get_logger()
DRAIN_SECONDS = 3.0
POLL_SECONDS = 0.1
MAX_PAUSE_SECONDS = 5.0
Saga: TypeAlias = "asyncio.Task[Order | None]"


class Sagas:
    """Keeps the tasks: neither a client that hangs up nor the garbage collector ends one."""

    def __init__(self, it: Parties, after_confirming: Callable[[Order], Awaitable[None]]) -> None:
        self._it, self._after_confirming = it, after_confirming
        self._running: dict[Saga, Order] = {}
        self._newest: dict[str, Saga] = {}
        """By order. One that was taken over here runs beside it until its next write."""

    def __len__(self) -> int:
        return len(self._running)

    def start(self, order: Order) -> None:
        """Drive an order whose fence is ours."""
        task = asyncio.create_task(self._run(order))
        self._running[task] = order
        self._newest[order.id] = task
        task.add_done_callback(self._forget)

    def _forget(self, task: Saga) -> None:
        order = self._running.pop(task)
        if self._newest.get(order.id) is task:
            del self._newest[order.id]

    async def _run(self, order: Order) -> Order | None:
        """The order at its end, or waiting for its customer; None when somebody has to go on
        with it later."""
        try:
            finished = await drive(self._it, order)
        except FenceLost:
            log.info("fence_lost", order_id=order.id, fence=order.fence)
            return None
        except Problem as problem:
            log.warning("saga_postponed", order_id=order.id, reason=problem.detail)
        except Exception:
            log.exception("saga_failed", order_id=order.id)
        else:
            # What was captured to be shipped is back where it was: its cart went with the checkout.
            if finished.step == Step.CONFIRMED and order.step != Step.CAPTURING:
                await self._after_confirming(finished)
            return finished
        await self._postpone(order)
        return None

    async def _postpone(self, order: Order) -> None:
        """Leave it to the worker soon; should even this fail, the lease ends by itself."""
        pause = min(MAX_PAUSE_SECONDS, 0.5 * 2 ** min(order.attempts, 10))
        until = self._it.clock.now() + timedelta(seconds=pause)
        try:
            await self._it.database.run(postpone, order, until)
        except Exception as exc:
            log.warning("saga_not_postponed", order_id=order.id, reason=str(exc))

    async def wait(self, order_id: str, seconds: float) -> Order | None:
        """The order once it is finished or waits for its customer, whoever has brought it there;
        None when that takes longer."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + seconds
        while True:
            task = self._newest.get(order_id)
            if task is not None:
                await asyncio.wait({task}, timeout=ends_at - loop.time())
                if task.done() and not task.cancelled() and (order := task.result()):
                    return order
            # Postponed, or another process has it.
            found = await self._it.database.read(find_order, order_id)
            if found is not None and (not found.unfinished or found.awaits_customer):
                return found
            if loop.time() >= ends_at:
                return None
            if order_id not in self._newest:
                await asyncio.sleep(min(POLL_SECONDS, ends_at - loop.time()))

    async def idle(self, seconds: float) -> None:
        """Until nothing runs here, but no longer than that."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)

    async def close(self) -> None:
        """Let what runs come to its end; leave the rest to the next process, at once."""
        await self.idle(DRAIN_SECONDS)
        left = dict(self._running)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for order in left.values():
            await self._it.database.run(postpone, order, self._it.clock.now())
