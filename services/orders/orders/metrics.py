"""What tells an operator that a checkout is stuck."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import Connection, func, select

from orders.discrepancies import count_open
from orders.models import orders, outbox, reconciliations
from orders.states import Step
from shopkit.postman import MAIL

COMPENSATIONS = Counter("orders_compensations_total", "Checkouts given up.", ["reason"])
SAGAS = Gauge("orders_unfinished", "Orders whose saga is under way.", ["step"])
AWAITED = Gauge("orders_awaiting_action", "Orders that wait for their customer to pay.")
OLDEST = Gauge("orders_oldest_unfinished_seconds", "Age of the oldest checkout under way.")
RELAY_LAG = Gauge("orders_relay_lag_seconds", "Age of the oldest undelivered event but mails.")
REFUNDS = Counter("orders_refunds_total", "Refunds that providers were asked for.", ["outcome"])
PROVIDER_SECONDS = Histogram(
    "orders_provider_seconds",
    "Time that payment providers take to answer.",
    ["provider", "call"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
PROVIDER_ERRORS = Counter(
    "orders_provider_errors_total", "Calls whose outcome is unknown.", ["provider", "call"]
)
MENDED = Counter("orders_mended_total", "What the reconciler has put right.", ["what"])
DISCREPANCIES = Gauge("orders_discrepancies", "What waits for a person.", ["kind"])
RECONCILED = Gauge("orders_reconciled_timestamp_seconds", "When all was last compared.")

_CHECKOUT = frozenset(Step) - {Step.AWAITING_ACTION, Step.CAPTURING, Step.CANCELLING}
"""The steps whose order was placed just now."""

_UNFINISHED = (
    select(orders.c.step, func.count(), func.min(orders.c.placed_at))
    .where(orders.c.lease_until.is_not(None))
    .group_by(orders.c.step)
)
_UNDELIVERED = select(func.min(outbox.c.created_at)).where(outbox.c.topic != MAIL)
_COMPLETED = select(func.max(reconciliations.c.completed_at))


def measure(conn: Connection) -> tuple[Sequence[Any], datetime | None]:
    return conn.execute(_UNFINISHED).all(), conn.execute(_UNDELIVERED).scalar_one()


def publish(found: tuple[Sequence[Any], datetime | None], now: datetime) -> None:
    rows, undelivered = found
    counts = {step: count for step, count, _ in rows}
    for step in frozenset(Step) - {Step.AWAITING_ACTION}:
        SAGAS.labels(step).set(counts.get(step, 0))
    AWAITED.set(counts.get(Step.AWAITING_ACTION, 0))
    ages = [(now - oldest).total_seconds() for step, _, oldest in rows if step in _CHECKOUT]
    OLDEST.set(max([0.0, *ages]))
    RELAY_LAG.set((now - undelivered).total_seconds() if undelivered else 0.0)


def measure_watch(conn: Connection) -> tuple[dict[str, int], datetime | None]:
    return count_open(conn), conn.execute(_COMPLETED).scalar_one()


def publish_watch(found: tuple[dict[str, int], datetime | None]) -> None:
    counts, completed = found
    DISCREPANCIES.clear()
    for kind, count in counts.items():
        DISCREPANCIES.labels(kind).set(count)
    if completed:
        RECONCILED.set(completed.timestamp())
