"""Orders that were to be paid later, and never were: they give their stock back."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select, text

from orders.cancellation import Cancellation, cancel_order
from orders.domain import SYSTEM, Order
from orders.errors import InvalidState
from orders.models import UNPAID, orders
from orders.parties import Parties
from orders.repository.orders import COLUMNS, with_parts
from orders.running import Sagas
from orders.states import Status
from shopkit.background import every

EVERY_SECONDS, BATCH = 60.0, 100
_OLD = (
    select(*(orders.c[name] for name in COLUMNS))
    .where(text(UNPAID), orders.c.placed_at < bindparam("before"))
    .order_by(orders.c.placed_at)
    .limit(BATCH)
)


class UnpaidExpiry:
    """Cancels what was not paid within so many days; with 0 days never."""

    def __init__(self, it: Parties, sagas: Sagas, days: int) -> None:
        self._it, self._sagas, self._days = it, sagas, days

    async def run(self) -> None:
        if self._days:
            await every(EVERY_SECONDS, self.work)

    async def work(self) -> int:
        """How many were cancelled."""
        before = self._it.clock.now() - timedelta(days=self._days)
        found = await self._it.database.read(find_unpaid, before)
        return sum([await self._cancel(order) for order in found])

    async def _cancel(self, order: Order) -> bool:
        """False for one that was paid or sent meanwhile."""
        wanted = Cancellation(SYSTEM, "not paid in time", unless_paid=True)
        try:
            cancelled = await cancel_order(self._it, self._sagas, order, wanted)
        except InvalidState:
            return False
        return cancelled.status == Status.CANCELLED


def find_unpaid(conn: Connection, before: datetime) -> list[Order]:
    rows = conn.execute(_OLD, {"before": before}).all()
    return with_parts(conn, rows) if rows else []
