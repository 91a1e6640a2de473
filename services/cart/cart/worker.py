"""The sweeper: expired carts, old tombstones and old idempotency keys go."""

from datetime import datetime

from sqlalchemy import Connection

from cart.context import Context
from cart.domain import CartState, ClaimState
from cart.models import carts, claims, idempotency_keys
from shopkit.background import delete_batch, drain, every
from shopkit.idempotency import delete_old_keys

BATCH = 200
EVERY_SECONDS = 60


class Sweeper:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def run(self) -> None:
        await every(EVERY_SECONDS, self.drain)

    async def drain(self) -> int:
        """Sweep until nothing is left; how many rows."""
        database, now = self._context.database, self._context.clock.now()
        before = now - self._context.lifetimes.settled
        gone = await drain(database, delete_expired, now=now, limit=BATCH)
        gone += await drain(database, delete_tombstones, before=before, limit=BATCH)
        keys = idempotency_keys
        return gone + await drain(database, delete_old_keys, table=keys, now=now, limit=BATCH)


def delete_expired(conn: Connection, *, now: datetime, limit: int) -> int:
    """A cart in checkout never expires."""
    over = (carts.c.expires_at <= now) & (carts.c.state != CartState.CLAIMED)
    return delete_batch(conn, carts, over, limit=limit)


def delete_tombstones(conn: Connection, *, before: datetime, limit: int) -> int:
    old = (claims.c.state == ClaimState.RELEASED) & (claims.c.changed_at <= before)
    return delete_batch(conn, claims, old, limit=limit)
