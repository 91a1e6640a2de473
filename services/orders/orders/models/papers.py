"""What an order collects: payments, refunds, fulfillments, returns."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    UniqueConstraint,
)

from orders.models.orders import metadata
from orders.records import PaymentState
from shopkit.tables import Flag, Id, Instant, Int, Json, Str, new_table, one_of, partial_index

NOT_AT_ITS_END = "state IN ('pending', 'authorized') OR refund_pending > 0"
NOT_REFUNDED = "status <> 'succeeded'"

payments = new_table(
    metadata,
    "payments",
    Column("id", Id, primary_key=True),
    Column("order_id", Id, ForeignKey("orders.id"), nullable=False),
    Column("attempt", Int, nullable=False),
    Column("method", Str, nullable=False),
    Column("token", Str),
    Column("state", Str, nullable=False),
    Column("intent_id", Str),
    Column("amount", Int, nullable=False),
    Column("currency", Str, nullable=False),
    Column("captured", Int, nullable=False),
    Column("refunded", Int, nullable=False),
    Column("refund_pending", Int, nullable=False),
    Column("next_action", Json),
    Column("decline_code", Str),
    Column("request_key", Str),
    Column("request_fingerprint", Str),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("order_id", "attempt"),
    UniqueConstraint("method", "intent_id"),
    UniqueConstraint("order_id", "request_key"),
    one_of("state", *PaymentState),
    CheckConstraint("(state = 'captured') = (captured > 0)", name="captured"),
    CheckConstraint("captured >= 0 AND captured <= amount", name="amount"),
    # Rule 8: never more goes back than was taken.
    CheckConstraint(
        "refunded >= 0 AND refund_pending >= 0 AND refunded + refund_pending <= captured",
        name="refunds",
    ),
    # I5: at most one capture.
    partial_index("uq_payments_captured", "order_id", unique=True, where="state = 'captured'"),
    partial_index("ix_payments_open", "id", where=NOT_AT_ITS_END),
)

refunds = new_table(
    metadata,
    "refunds",
    Column("id", Id, primary_key=True),
    Column("order_id", Id, ForeignKey("orders.id"), nullable=False, index=True),
    Column("payment_id", Id, ForeignKey("payments.id"), nullable=False),
    Column("status", Str, nullable=False),
    Column("amount", Int, nullable=False),
    Column("shipping", Int, nullable=False),
    Column("items", Json, nullable=False),
    Column("reason", Str),
    Column("created_at", Instant, nullable=False),
    one_of("status", "pending", "succeeded", "failed"),
    CheckConstraint("amount > 0 AND shipping >= 0 AND shipping <= amount", name="amount"),
    partial_index("ix_refunds_open", "id", where=NOT_REFUNDED),
)

fulfillments = new_table(
    metadata,
    "fulfillments",
    Column("id", Id, primary_key=True),
    Column("order_id", Id, ForeignKey("orders.id"), nullable=False, index=True),
    Column("status", Str, nullable=False),
    Column("items", Json, nullable=False),
    Column("carrier", Str),
    Column("tracking_number", Str),
    Column("tracking_url", Str),
    Column("created_at", Instant, nullable=False),
    Column("delivered_at", Instant),
    one_of("status", "shipped", "delivered"),
    CheckConstraint("(status = 'delivered') = (delivered_at IS NOT NULL)", name="delivered"),
)

returns = new_table(
    metadata,
    "returns",
    Column("id", Id, primary_key=True),
    Column("order_id", Id, ForeignKey("orders.id"), nullable=False, index=True),
    Column("status", Str, nullable=False),
    Column("items", Json, nullable=False),
    Column("reason", Str),
    Column("restocked", Flag, nullable=False),
    Column("refund_id", Id, ForeignKey("refunds.id")),
    Column("created_at", Instant, nullable=False),
    Column("closed_at", Instant),
    one_of("status", "requested", "received", "rejected"),
    CheckConstraint("(status = 'requested') = (closed_at IS NULL)", name="closed"),
)
