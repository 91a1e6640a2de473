"""Orders' tables."""

from orders.models.orders import (
    UNPAID,
    checkout_keys,
    idempotency_keys,
    metadata,
    order_lines,
    orders,
    outbox,
)
from orders.models.papers import fulfillments, payments, refunds, returns
from orders.models.watching import discrepancies, provider_events

__all__ = [
    "UNPAID",
    "checkout_keys",
    "discrepancies",
    "fulfillments",
    "idempotency_keys",
    "metadata",
    "order_lines",
    "orders",
    "outbox",
    "payments",
    "provider_events",
    "refunds",
    "returns",
]
