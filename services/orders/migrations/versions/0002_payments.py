"""Payments, refunds, fulfillments, returns; what providers say, and what does not fit together."""

import sqlalchemy as sa
from alembic import op

from shopkit.tables import Flag, Id, Instant, Int, Json, Str, Verbatim

revision = "0002"
down_revision = "0001"

STEPS = (
    "'CREATED', 'RESERVED', 'AWAITING_ACTION', 'AUTHORIZED', 'STOCK_COMMITTED', 'CONFIRMED', "
    "'CAPTURING', 'COMPENSATING', 'FAILED', 'CANCELLING', 'CANCELLED'"
)
CHECKS = {
    "step": f"step IN ({STEPS})",
    "status": "status IN ('pending', 'confirmed', 'completed', 'cancelled', 'failed')",
    "payment_status": "payment_status IN ('unpaid', 'authorized', 'paid', 'partially_refunded', "
    "'refunded', 'voided')",
    "fulfillment_status": "fulfillment_status IN ('unfulfilled', 'partially_fulfilled', "
    "'fulfilled', 'delivered', 'returned')",
    "total": "subtotal >= 0 AND discount >= 0 AND shipping >= 0 AND tax >= 0 "
    "AND total = subtotal - discount + shipping + tax",
    "failed": "(status = 'failed') = (step = 'FAILED')",
    "priced": "total IS NOT NULL OR step IN ('CREATED', 'COMPENSATING', 'FAILED')",
    "lease": "(lease_until IS NULL) = (step IN ('CONFIRMED', 'FAILED', 'CANCELLED'))",
}
OLD = (
    "id, number, owner, email, step, status, payment_status, fulfillment_status, fence, "
    "lease_until, attempts, has_key, cart_token, note, shipping_address, billing_address, "
    "shipping_method, payment_method, expected_total, cart_id, cart_version, currency, subtotal, "
    "discount, shipping, tax, total, failure, timeline, version, placed_at"
)
UNPAID = "step = 'CONFIRMED' AND payment_status = 'unpaid' AND fulfillment_status = 'unfulfilled'"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _orders_anew()
        _line_counts_on_sqlite()
    else:
        _orders_altered()
        _line_counts_on_postgres()
    _partial_index("ix_orders_unpaid", "orders", ["placed_at"], UNPAID)
    _payments()
    _refunds()
    _fulfillments()
    _returns()
    _provider_events()
    _discrepancies()
    _idempotency_keys()


def _orders_anew() -> None:
    """SQLite changes no constraint in place (lang_altertable.html, section 7)."""
    op.create_table(
        "orders_new",
        *_order_columns(),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
        sa.UniqueConstraint("number", name="uq_orders_number"),
        *(
            sa.CheckConstraint(condition, name=op.f(f"ck_orders_{name}"))
            for name, condition in CHECKS.items()
        ),
        sqlite_strict=True,
    )
    op.execute(
        f"INSERT INTO orders_new ({OLD}, has_papers, restock) SELECT {OLD}, 0, 1 FROM orders"
    )
    op.drop_table("orders")
    op.rename_table("orders_new", "orders")
    op.create_index("ix_orders_owner_id", "orders", ["owner", "id"])
    op.create_index("ix_orders_status_id", "orders", ["status", "id"])
    leased, pending = "lease_until IS NOT NULL", "status = 'pending'"
    _partial_index("ix_orders_lease_until", "orders", ["lease_until"], leased)
    _partial_index("ix_orders_pending_owner", "orders", ["owner"], pending)
    _partial_index(
        "uq_orders_cart_id_cart_version",
        "orders",
        ["cart_id", "cart_version"],
        "step NOT IN ('COMPENSATING', 'FAILED')",
        unique=True,
    )


def _order_columns() -> list[sa.Column[object]]:
    texts = ("number", "owner", "email", "step", "status", "payment_status", "fulfillment_status")
    amounts = ("subtotal", "discount", "shipping", "tax", "total")
    return [
        sa.Column("id", Id, nullable=False),
        *(sa.Column(name, Str, nullable=False) for name in texts),
        sa.Column("fence", Int, nullable=False),
        sa.Column("lease_until", Instant),
        sa.Column("attempts", Int, nullable=False),
        sa.Column("has_key", Flag, nullable=False),
        sa.Column("has_papers", Flag, nullable=False),
        sa.Column("cart_token", Str),
        sa.Column("note", Str),
        sa.Column("shipping_address", Json),
        sa.Column("billing_address", Json),
        sa.Column("shipping_method", Str, nullable=False),
        sa.Column("payment_method", Str, nullable=False),
        sa.Column("payment_token", Str),
        sa.Column("pay_until", Instant),
        sa.Column("expected_total", Json),
        sa.Column("cart_id", Id),
        sa.Column("cart_version", Int),
        sa.Column("currency", Str),
        *(sa.Column(name, Int) for name in amounts),
        sa.Column("failure", Verbatim),
        sa.Column("restock", Flag, nullable=False),
        sa.Column("timeline", Json, nullable=False),
        sa.Column("version", Int, nullable=False),
        sa.Column("placed_at", Instant, nullable=False),
    ]


def _orders_altered() -> None:
    for name, default in (("has_papers", sa.false()), ("restock", sa.true())):
        op.add_column("orders", sa.Column(name, Flag, nullable=False, server_default=default))
        op.alter_column("orders", name, server_default=None)
    op.add_column("orders", sa.Column("payment_token", Str))
    op.add_column("orders", sa.Column("pay_until", Instant))
    for name in ("step", "payment_status", "fulfillment_status"):
        op.drop_constraint(op.f(f"ck_orders_{name}"), "orders")
        op.create_check_constraint(op.f(f"ck_orders_{name}"), "orders", CHECKS[name])


LINE_CHECKS = {
    "fulfilled": "fulfilled >= 0 AND fulfilled <= quantity",
    "returned": "returned >= 0 AND returned <= fulfilled",
    "refunded": "refunded >= 0 AND refunded <= quantity",
}


def _line_counts_on_sqlite() -> None:
    for name, check in LINE_CHECKS.items():
        op.execute(
            f"ALTER TABLE order_lines ADD COLUMN {name} INTEGER NOT NULL DEFAULT 0 "
            f"CONSTRAINT ck_order_lines_{name} CHECK ({check})"
        )


def _line_counts_on_postgres() -> None:
    for name, check in LINE_CHECKS.items():
        op.add_column("order_lines", sa.Column(name, Int, nullable=False, server_default="0"))
        op.create_check_constraint(op.f(f"ck_order_lines_{name}"), "order_lines", check)


def _partial_index(
    name: str, table: str, columns: list[str], where: str, *, unique: bool = False
) -> None:
    rows = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=rows, postgresql_where=rows)


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _order_id(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=f"fk_{table}_order_id")


def _payments() -> None:
    amounts = ("amount", "captured", "refunded", "refund_pending")
    op.create_table(
        "payments",
        sa.Column("id", Id, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("attempt", Int, nullable=False),
        sa.Column("method", Str, nullable=False),
        sa.Column("token", Str),
        sa.Column("state", Str, nullable=False),
        sa.Column("intent_id", Str),
        *(sa.Column(name, Int, nullable=False) for name in amounts),
        sa.Column("currency", Str, nullable=False),
        sa.Column("next_action", Json),
        sa.Column("decline_code", Str),
        sa.Column("request_key", Str),
        sa.Column("request_fingerprint", Str),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_payments"),
        _order_id("payments"),
        sa.UniqueConstraint("order_id", "attempt", name="uq_payments_order_id_attempt"),
        sa.UniqueConstraint("method", "intent_id", name="uq_payments_method_intent_id"),
        sa.UniqueConstraint("order_id", "request_key", name="uq_payments_order_id_request_key"),
        _check("payments", "state", "state IN ('pending', 'authorized', 'captured', 'voided')"),
        _check("payments", "captured", "(state = 'captured') = (captured > 0)"),
        _check("payments", "amount", "captured >= 0 AND captured <= amount"),
        _check(
            "payments",
            "refunds",
            "refunded >= 0 AND refund_pending >= 0 AND refunded + refund_pending <= captured",
        ),
        sqlite_strict=True,
    )
    captured = "state = 'captured'"
    _partial_index("uq_payments_captured", "payments", ["order_id"], captured, unique=True)


def _refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("id", Id, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("payment_id", Id, nullable=False),
        sa.Column("status", Str, nullable=False),
        sa.Column("amount", Int, nullable=False),
        sa.Column("shipping", Int, nullable=False),
        sa.Column("items", Json, nullable=False),
        sa.Column("reason", Str),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_refunds"),
        _order_id("refunds"),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name="fk_refunds_payment_id"),
        _check("refunds", "status", "status IN ('pending', 'succeeded', 'failed')"),
        _check("refunds", "amount", "amount > 0 AND shipping >= 0 AND shipping <= amount"),
        sqlite_strict=True,
    )
    op.create_index("ix_refunds_order_id", "refunds", ["order_id"])


def _fulfillments() -> None:
    texts = ("carrier", "tracking_number", "tracking_url")
    op.create_table(
        "fulfillments",
        sa.Column("id", Id, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("status", Str, nullable=False),
        sa.Column("items", Json, nullable=False),
        *(sa.Column(name, Str) for name in texts),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("delivered_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_fulfillments"),
        _order_id("fulfillments"),
        _check("fulfillments", "status", "status IN ('shipped', 'delivered')"),
        _check("fulfillments", "delivered", "(status = 'delivered') = (delivered_at IS NOT NULL)"),
        sqlite_strict=True,
    )
    op.create_index("ix_fulfillments_order_id", "fulfillments", ["order_id"])


def _returns() -> None:
    op.create_table(
        "returns",
        sa.Column("id", Id, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("status", Str, nullable=False),
        sa.Column("items", Json, nullable=False),
        sa.Column("reason", Str),
        sa.Column("restocked", Flag, nullable=False),
        sa.Column("refund_id", Id),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("closed_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_returns"),
        _order_id("returns"),
        sa.ForeignKeyConstraint(["refund_id"], ["refunds.id"], name="fk_returns_refund_id"),
        _check("returns", "status", "status IN ('requested', 'received', 'rejected')"),
        _check("returns", "closed", "(status = 'requested') = (closed_at IS NULL)"),
        sqlite_strict=True,
    )
    op.create_index("ix_returns_order_id", "returns", ["order_id"])


def _provider_events() -> None:
    op.create_table(
        "provider_events",
        sa.Column("method", Str, nullable=False),
        sa.Column("id", Str, nullable=False),
        sa.Column("type", Str, nullable=False),
        sa.Column("intent_id", Str),
        sa.Column("received_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("method", "id", name="pk_provider_events"),
        sqlite_strict=True,
    )
    op.create_index("ix_provider_events_received_at", "provider_events", ["received_at"])


def _discrepancies() -> None:
    op.create_table(
        "discrepancies",
        sa.Column("id", Id, nullable=False),
        sa.Column("kind", Str, nullable=False),
        sa.Column("subject", Str, nullable=False),
        sa.Column("order_id", Id),
        sa.Column("detail", Str, nullable=False),
        sa.Column("found_at", Instant, nullable=False),
        sa.Column("closed_at", Instant),
        sa.Column("closed_by", Str),
        sa.Column("note", Str),
        sa.PrimaryKeyConstraint("id", name="pk_discrepancies"),
        sqlite_strict=True,
    )
    columns, still = ["kind", "subject"], "closed_at IS NULL"
    _partial_index("uq_discrepancies_open", "discrepancies", columns, still, unique=True)


def _idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("caller", Str, nullable=False),
        sa.Column("key", Str, nullable=False),
        sa.Column("route", Str, nullable=False),
        sa.Column("fingerprint", Str, nullable=False),
        sa.Column("status", Int),
        sa.Column("headers", Verbatim),
        sa.Column("body", Verbatim),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", name="pk_idempotency_keys"),
        sqlite_strict=True,
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])
