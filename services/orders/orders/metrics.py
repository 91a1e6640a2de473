"""What tells an operator that a checkout is stuck."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from prometheus_client import Counter, Gauge
from sqlalchemy import Connection, func, select

from orders.models import orders, outbox
from orders.states import Step

COMPENSATIONS = Counter("orders_compensations_total", "Checkouts given up.", ["reason"])
SAGAS = Gauge("orders_unfinished", "Orders whose saga is under way.", ["step"])
OLDEST = Gauge("orders_oldest_unfinished_seconds", "Age of the oldest unfinished order.")
RELAY_LAG = Gauge("orders_relay_lag_seconds", "Age of the oldest undelivered event.")

_UNFINISHED = (
    select(orders.c.step, func.count(), func.min(orders.c.placed_at))
    .where(orders.c.lease_until.is_not(None))
    .group_by(orders.c.step)
)
_UNDELIVERED = select(func.min(outbox.c.created_at))


def measure(conn: Connection) -> tuple[Sequence[Any], datetime | None]:
    return conn.execute(_UNFINISHED).all(), conn.execute(_UNDELIVERED).scalar_one()


def publish(found: tuple[Sequence[Any], datetime | None], now: datetime) -> None:
    rows, undelivered = found
    counts = {step: count for step, count, _ in rows}
    for step in Step:
        SAGAS.labels(step).set(counts.get(step, 0))
    OLDEST.set(max([0.0, *((now - oldest).total_seconds() for _, _, oldest in rows)]))
    RELAY_LAG.set((now - undelivered).total_seconds() if undelivered else 0.0)
