"""The sweeper: expired carts, old tombstones and old idempotency keys go, a batch at a time."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Delete, Table, delete, select, tuple_

from cart.context import Context
from cart.domain import CartState, ClaimState
from cart.models import carts, claims, idempotency_keys
from shopkit.errors import Problem
from shopkit.idempotency import DAYS_KEPT
from shopkit.logs import get_logger

log = get_logger()
BATCH = 200
PAUSE_SECONDS = 60


class Sweeper:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await self.sweep_all()
            except Problem as exc:
                log.warning("sweeper_paused", reason=exc.detail)
            await asyncio.sleep(PAUSE_SECONDS)

    async def sweep_all(self) -> int:
        """Sweep until nothing is left; other work goes on between the batches."""
        total = 0
        while gone := await self.sweep():
            total += gone
            await asyncio.sleep(0)
        if total:
            log.info("swept", rows=total)
        return total

    async def sweep(self) -> int:
        """At most one batch of each kind; answers how many rows went."""
        context = self._context
        return await context.database.run(
            _sweep, now=context.clock.now(), settled=context.lifetimes.settled
        )


def _sweep(conn: Connection, *, now: datetime, settled: timedelta) -> int:
    return sum(conn.execute(statement).rowcount for statement in _statements(now, settled))


def _statements(now: datetime, settled: timedelta) -> Iterator[Delete]:
    key = idempotency_keys.c
    kept = timedelta(days=DAYS_KEPT)
    yield _batch(
        carts, [carts.c.id], (carts.c.expires_at <= now) & (carts.c.state != CartState.CLAIMED)
    )
    yield _batch(
        claims,
        [claims.c.order_id],
        (claims.c.state == ClaimState.RELEASED) & (claims.c.changed_at <= now - settled),
    )
    yield _batch(idempotency_keys, [key.caller, key.key], key.created_at <= now - kept)


def _batch(table: Table, key: list[Any], condition: ColumnElement[bool]) -> Delete:
    """Copies of the service sweep beside each other: each takes rows that no other has."""
    chosen = select(*key).where(condition).limit(BATCH).with_for_update(skip_locked=True)
    return delete(table).where(tuple_(*key).in_(chosen))
