"""Orders, their lines, the keys of requests, and the outbox."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
)

from orders.states import FulfillmentStatus, PaymentStatus, Status, Step
from shopkit.idempotency import new_key_table
from shopkit.outbox import new_outbox_table
from shopkit.tables import (
    Flag,
    Id,
    Instant,
    Int,
    Json,
    Str,
    Verbatim,
    new_metadata,
    new_table,
    one_of,
    partial_index,
)

metadata = new_metadata()
UNPAID = "step = 'CONFIRMED' AND payment_status = 'unpaid' AND fulfillment_status = 'unfulfilled'"
"""Placed to be paid later; those expire."""


orders = new_table(
    metadata,
    "orders",
    Column("id", Id, primary_key=True),
    Column("number", Str, nullable=False),
    Column("owner", Str, nullable=False),
    Column("email", Str, nullable=False),
    Column("step", Str, nullable=False),
    Column("status", Str, nullable=False),
    Column("payment_status", Str, nullable=False),
    Column("fulfillment_status", Str, nullable=False),
    Column("fence", Int, nullable=False),
    Column("lease_until", Instant),
    Column("attempts", Int, nullable=False),
    Column("has_key", Flag, nullable=False),
    Column("has_papers", Flag, nullable=False),
    Column("cart_token", Str),
    Column("debtor", Str),
    Column("note", Str),
    Column("shipping_address", Json),
    Column("billing_address", Json),
    Column("shipping_method", Str, nullable=False),
    Column("payment_method", Str, nullable=False),
    Column("payment_token", Str),
    Column("pay_until", Instant),
    Column("expected_total", Json),
    Column("cart_id", Id),
    Column("cart_version", Int),
    Column("currency", Str),
    Column("subtotal", Int),
    Column("discount", Int),
    Column("shipping", Int),
    Column("tax", Int),
    Column("total", Int),
    Column("failure", Verbatim),
    Column("restock", Flag, nullable=False),
    Column("timeline", Json, nullable=False),
    Column("version", Int, nullable=False),
    Column("placed_at", Instant, nullable=False),
    UniqueConstraint("number"),
    one_of("step", *Step),
    one_of("status", *Status),
    one_of("payment_status", *PaymentStatus),
    one_of("fulfillment_status", *FulfillmentStatus),
    CheckConstraint(
        "subtotal >= 0 AND discount >= 0 AND shipping >= 0 AND tax >= 0 "
        "AND total = subtotal - discount + shipping + tax",
        name="total",
    ),
    CheckConstraint("(status = 'failed') = (step = 'FAILED')", name="failed"),
    # What has been reserved has lines and a total, and what is finished has no lease.
    CheckConstraint(
        "total IS NOT NULL OR step IN ('CREATED', 'COMPENSATING', 'FAILED')", name="priced"
    ),
    CheckConstraint(
        "(lease_until IS NULL) = (step IN ('CONFIRMED', 'FAILED', 'CANCELLED'))", name="lease"
    ),
    Index("ix_orders_owner_id", "owner", "id"),
    Index("ix_orders_status_id", "status", "id"),
    partial_index("ix_orders_lease_until", "lease_until", where="lease_until IS NOT NULL"),
    partial_index("ix_orders_debtor_status", "debtor", "status", where="debtor IS NOT NULL"),
    partial_index("ix_orders_unpaid", "placed_at", where=UNPAID),
    # I4: one version of a cart makes at most one order. An aborted one gives the cart back.
    partial_index(
        "uq_orders_cart_id_cart_version",
        "cart_id",
        "cart_version",
        unique=True,
        where="step NOT IN ('COMPENSATING', 'FAILED')",
    ),
)

order_lines = new_table(
    metadata,
    "order_lines",
    Column("order_id", Id, ForeignKey("orders.id"), nullable=False),
    Column("position", Int, nullable=False),
    Column("product_id", Id, nullable=False),
    Column("sku", Str, nullable=False),
    Column("name", Str, nullable=False),
    Column("quantity", Int, nullable=False),
    Column("unit_price", Int, nullable=False),
    Column("line_total", Int, nullable=False),
    Column("fulfilled", Int, nullable=False, server_default="0"),
    Column("returned", Int, nullable=False, server_default="0"),
    Column("refunded", Int, nullable=False, server_default="0"),
    PrimaryKeyConstraint("order_id", "position"),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("unit_price >= 0 AND line_total >= 0", name="amounts"),
    CheckConstraint("fulfilled >= 0 AND fulfilled <= quantity", name="fulfilled"),
    CheckConstraint("returned >= 0 AND returned <= fulfilled", name="returned"),
    CheckConstraint("refunded >= 0 AND refunded <= quantity", name="refunded"),
)

# The effect of a checkout spans a saga, so that its keys point to the order that answers for them.
checkout_keys = new_table(
    metadata,
    "checkout_keys",
    Column("caller", Str, nullable=False),
    Column("key", Str, nullable=False),
    Column("route", Str, nullable=False),
    Column("fingerprint", Str, nullable=False),
    Column(
        "order_id",
        Id,
        # Deferred: the key goes in first, since it decides whether there will be an order.
        ForeignKey("orders.id", deferrable=True, initially="DEFERRED"),
        nullable=False,
        unique=True,
    ),
    Column("status", Int),
    Column("body", Verbatim),
    Column("created_at", Instant, nullable=False, index=True),
    PrimaryKeyConstraint("caller", "key"),
    CheckConstraint("status < 500", name="status"),
    CheckConstraint("(status IS NULL) = (body IS NULL)", name="answer"),
)

idempotency_keys = new_key_table(metadata)
outbox = new_outbox_table(metadata)
