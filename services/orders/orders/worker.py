"""Goes on with the orders that nobody drives: after a crash, a lost answer, an outage (rule 7)."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select

from orders.domain import Order
from orders.metrics import measure, measure_watch, publish, publish_watch
from orders.models import orders
from orders.parties import Parties
from orders.repository.orders import COLUMNS, take_over, with_parts
from orders.running import Sagas
from shopkit.background import every
from shopkit.logs import get_logger

log = get_logger()
EVERY_SECONDS, MEASURE_SECONDS = 1.0, 5.0
AT_ONCE, AT_LEAST = 50, 5
"""Sagas in this process that the worker fills up to; what it takes however busy that is."""
ANY_LEASE = timedelta(days=3650)

_OVERDUE = (
    select(*(orders.c[name] for name in COLUMNS))
    .where(orders.c.lease_until <= bindparam("now"))
    .order_by(orders.c.lease_until)
    .limit(bindparam("at_most"))
    .with_for_update(skip_locked=True)
)


class Worker:
    def __init__(self, it: Parties, sagas: Sagas) -> None:
        self._it, self._sagas = it, sagas
        self._resumed = False
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Say that an order became due; otherwise it is found within a second."""
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled."""
        if not self._resumed:
            await self.resume()
        await every(EVERY_SECONDS, self.work, woken=self._woken)

    async def measure(self) -> None:
        """Keep the metrics true, until cancelled."""
        await every(MEASURE_SECONDS, self.publish)

    async def resume(self) -> None:
        """What a dead process has left. One process has a SQLite file, and when it begins, whoever
        had a lease is gone: nothing is gained by waiting for the leases to end, which a clock that
        was set back could put far away."""
        if self._it.database.dialect == "sqlite":
            await self.take(self._it.clock.now() + ANY_LEASE, at_most=1000)
        self._resumed = True

    async def work(self) -> int:
        """Take what is overdue; how many."""
        room = max(AT_LEAST, AT_ONCE - len(self._sagas))
        return await self.take(self._it.clock.now(), at_most=room)

    async def publish(self) -> None:
        publish(await self._it.database.read(measure), self._it.clock.now())
        publish_watch(await self._it.database.read(measure_watch))

    async def take(self, overdue_at: datetime, *, at_most: int) -> int:
        """Start at most so many orders whose lease is over by then; answers how many."""
        if at_most <= 0:
            return 0
        taken = await self._it.database.run(
            take_overdue, overdue_at, at_most, until=self._it.lease_end()
        )
        for order in taken:
            log.info("order_taken_over", order_id=order.id, step=order.step, fence=order.fence)
            self._sagas.start(order)
        return len(taken)


def take_overdue(
    conn: Connection, overdue_at: datetime, at_most: int, until: datetime
) -> Sequence[Order]:
    rows = conn.execute(_OVERDUE, {"now": overdue_at, "at_most": at_most}).all()
    found = with_parts(conn, rows) if rows else []
    return [taken for order in found if (taken := take_over(conn, order, until))]
