"""Orders' tables."""

from orders.models.addresses import addresses
from orders.models.orders import (
    UNPAID,
    checkout_keys,
    idempotency_keys,
    metadata,
    order_lines,
    orders,
    outbox,
)
from orders.models.papers import (
    NOT_AT_ITS_END,
    NOT_REFUNDED,
    fulfillments,
    payments,
    refunds,
    returns,
)
from orders.models.watching import (
    audit_log,
    discrepancies,
    erasure,
    provider_events,
    reconciliations,
)

__all__ = [
    "NOT_AT_ITS_END",
    "NOT_REFUNDED",
    "UNPAID",
    "addresses",
    "audit_log",
    "checkout_keys",
    "discrepancies",
    "erasure",
    "fulfillments",
    "idempotency_keys",
    "metadata",
    "order_lines",
    "orders",
    "outbox",
    "payments",
    "provider_events",
    "reconciliations",
    "refunds",
    "returns",
]
