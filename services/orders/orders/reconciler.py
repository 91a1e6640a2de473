"""Compares providers, catalog and cart with the orders, and mends or reports every difference
(checkout.md, rule 9)."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta

from orders.parties import Parties
from orders.reconciling.carts import compare_carts
from orders.reconciling.own import compare_own
from orders.reconciling.payments import PaymentComparison
from orders.reconciling.rounds import Round
from orders.reconciling.stock import compare_stock
from orders.repository.reconciliations import let_go, take_lease
from orders.running import Sagas
from shopkit.background import every
from shopkit.errors import NotFound, Problem, Unavailable
from shopkit.ids import new_id
from shopkit.logs import get_logger

log = get_logger()
RECENT, WHOLE = timedelta(hours=1), timedelta(days=7)
"""What a round compares, and what the first one does, one in an hour, and one that is asked for."""
BETWEEN_WHOLE = timedelta(hours=1)
LEASE, RENEW_SECONDS = timedelta(seconds=60), 20.0
FIRST_SECONDS = 30.0
"""After the start: what a crash has left is finished first."""


class Reconciler:
    def __init__(self, it: Parties, sagas: Sagas, wake: Callable[[], None], seconds: float) -> None:
        self._it, self._sagas, self._wake, self._seconds = it, sagas, wake, seconds
        self._holder = new_id()
        self._one_at_a_time = asyncio.Lock()
        self._whole_at: datetime | None = None
        self._asked: Round | None = None
        self._task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.sleep(min(FIRST_SECONDS, self._seconds))
        await every(self._seconds, self.work)

    async def work(self) -> Round:
        now = self._it.clock.now()
        whole = self._whole_at is None or self._whole_at <= now - BETWEEN_WHOLE
        round = self.new_round(whole=whole)
        await self.go(round)
        return round

    def ask(self) -> Round:
        """A whole round that begins now, or the one that was asked for and still runs."""
        if self._asked is None or self._asked.finished_at is not None:
            self._asked = self.new_round(whole=True)
            self._task = asyncio.create_task(self.go(self._asked))
        return self._asked

    def get_asked(self) -> Round:
        """The last one that was asked for. Raises NotFound."""
        if self._asked is None:
            raise NotFound("Nobody asked for a reconciliation since the service started.")
        return self._asked

    def new_round(self, *, whole: bool) -> Round:
        now = self._it.clock.now()
        return Round(self._it, now, now - (WHOLE if whole else RECENT), whole)

    async def go(self, round: Round) -> None:
        """Until everything is compared that answers."""
        async with self._one_at_a_time:
            try:
                await _attempt(round, "all", lambda: self._compare(round))
            finally:
                round.finished_at = self._it.clock.now()
        log.info(
            "reconciled",
            whole=round.whole,
            compared=dict(round.compared),
            mended=dict(round.mended),
            reported=dict(round.reported),
            closed=round.closed,
            incomplete=round.incomplete,
        )

    async def _renew(self) -> bool:
        """Several may work at once without harm; one at a time is only less work."""
        now = self._it.clock.now()
        return await self._it.database.run(take_lease, self._holder, now=now, until=now + LEASE)

    async def _compare(self, round: Round) -> None:
        if not await self._renew():
            raise Unavailable("Another copy of the service is at it.")
        renewing = asyncio.create_task(every(RENEW_SECONDS, self._renew))
        try:
            for name, part in self._parts(round).items():
                await _attempt(round, name, part)
        finally:
            renewing.cancel()
        self._wake()
        if not round.incomplete and round.whole:
            self._whole_at = round.started_at
        completed_at = None if round.incomplete else self._it.clock.now()
        await self._it.database.run(let_go, self._holder, completed_at=completed_at)

    def _parts(self, round: Round) -> dict[str, Callable[[], Awaitable[None]]]:
        payments = {
            f"payments:{method}": PaymentComparison(round, self._sagas, method, provider).run
            for method, provider in self._it.providers.items()
        }
        return {
            **payments,
            "stock": lambda: compare_stock(round),
            "carts": lambda: compare_carts(round),
            "orders": lambda: compare_own(round),
        }

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task


async def _attempt(round: Round, name: str, part: Callable[[], Awaitable[None]]) -> None:
    """One that is down does not keep the others from being compared."""
    try:
        await part()
    except Problem as problem:
        round.incomplete[name] = problem.detail
    except Exception:
        log.exception("comparison_failed", part=name)
        round.incomplete[name] = "It failed; the log says why."
