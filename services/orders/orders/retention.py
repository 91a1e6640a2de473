"""What may be forgotten: keys that clients may not rely on any more, and failed checkouts. Orders
that were placed stay."""

from datetime import datetime

from sqlalchemy import Connection, delete, exists, select

from orders.models import (
    checkout_keys,
    idempotency_keys,
    order_lines,
    orders,
    payments,
    provider_events,
    refunds,
)
from orders.states import Status
from shopkit.background import delete_batch, drain, every
from shopkit.clock import Clock
from shopkit.db import Database
from shopkit.idempotency import KEPT

BATCH = 500
EVERY_SECONDS = 3600


class Housekeeper:
    """Forgets keys, providers' events and failed checkouts after 30 days, once an hour."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def run(self) -> None:
        await every(EVERY_SECONDS, self.drain)

    async def drain(self) -> int:
        """Forget all that is old; how many rows."""
        before = self._clock.now() - KEPT
        batches = (forget_keys, forget_events, forget_failed)
        forgotten = [
            await drain(self._database, batch, before=before, limit=BATCH) for batch in batches
        ]
        return sum(forgotten)


def forget_keys(conn: Connection, *, before: datetime, limit: int) -> int:
    key = checkout_keys.c
    finished = (key.created_at < before) & key.status.is_not(None)
    old = idempotency_keys.c.created_at < before
    return delete_batch(conn, checkout_keys, finished, limit=limit) + delete_batch(
        conn, idempotency_keys, old, limit=limit
    )


def forget_events(conn: Connection, *, before: datetime, limit: int) -> int:
    old = provider_events.c.received_at < before
    return delete_batch(conn, provider_events, old, limit=limit)


def forget_failed(conn: Connection, *, before: datetime, limit: int) -> int:
    has_key = exists().where(checkout_keys.c.order_id == orders.c.id)
    is_refunded = exists().where(refunds.c.order_id == orders.c.id)  # money has moved
    old = select(orders.c.id).where(
        orders.c.status == Status.FAILED.value, orders.c.placed_at < before, ~has_key, ~is_refunded
    )
    chosen = old.order_by(orders.c.id).limit(limit).with_for_update(skip_locked=True)
    ids = list(conn.execute(chosen).scalars())
    if ids:
        for table in (order_lines, payments):
            conn.execute(delete(table).where(table.c.order_id.in_(ids)))
        conn.execute(delete(orders).where(orders.c.id.in_(ids)))
    return len(ids)
