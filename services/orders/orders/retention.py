"""What may be forgotten: keys that clients may not rely on any more, failed checkouts, and events
that were delivered. Orders that were placed stay."""

from datetime import datetime

from sqlalchemy import Connection, delete, exists, select

from orders.domain import KEY_KEPT, Status
from orders.models import checkout_keys, order_lines, orders, outbox

AT_ONCE = 500


def forget_old(conn: Connection, now: datetime) -> int:
    """One batch of each kind; answers how many rows of what was old there were."""
    before = now - KEY_KEPT
    return _forget_keys(conn, before) + _forget_failed(conn, before) + _forget_events(conn, before)


def _forget_keys(conn: Connection, before: datetime) -> int:
    key = checkout_keys.c
    old = select(key.order_id).where(key.created_at < before, key.status.is_not(None))
    return conn.execute(delete(checkout_keys).where(key.order_id.in_(old.limit(AT_ONCE)))).rowcount


def _forget_failed(conn: Connection, before: datetime) -> int:
    has_key = exists().where(checkout_keys.c.order_id == orders.c.id)
    old = select(orders.c.id).where(
        orders.c.status == Status.FAILED.value, orders.c.placed_at < before, ~has_key
    )
    ids = list(conn.execute(old.limit(AT_ONCE)).scalars())
    if ids:
        conn.execute(delete(order_lines).where(order_lines.c.order_id.in_(ids)))
        conn.execute(delete(orders).where(orders.c.id.in_(ids)))
    return len(ids)


def _forget_events(conn: Connection, before: datetime) -> int:
    old = select(outbox.c.id).where(outbox.c.due_at.is_(None), outbox.c.created_at < before)
    return conn.execute(delete(outbox).where(outbox.c.id.in_(old.limit(AT_ONCE)))).rowcount
