"""Orders, their lines, the keys of checkouts, and the outbox."""

import sqlalchemy as sa
from alembic import op

from shopkit.tables import Flag, Id, Instant, Int, Json, Str, Verbatim

revision = "0001"
down_revision = None

STEPS = (
    "'CREATED', 'RESERVED', 'STOCK_COMMITTED', 'CONFIRMED', 'COMPENSATING', 'FAILED', "
    "'CANCELLING', 'CANCELLED'"
)


def upgrade() -> None:
    _orders()
    _order_indexes()
    _order_lines()
    _checkout_keys()
    _outbox()


def _orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", Id, nullable=False),
        sa.Column("number", Str, nullable=False),
        sa.Column("owner", Str, nullable=False),
        sa.Column("email", Str, nullable=False),
        *_saga_columns(),
        sa.Column("cart_token", Str),
        sa.Column("note", Str),
        sa.Column("shipping_address", Json),
        sa.Column("billing_address", Json),
        sa.Column("shipping_method", Str, nullable=False),
        sa.Column("payment_method", Str, nullable=False),
        sa.Column("expected_total", Json),
        sa.Column("cart_id", Id),
        sa.Column("cart_version", Int),
        sa.Column("currency", Str),
        *(sa.Column(n, Int) for n in ("subtotal", "discount", "shipping", "tax", "total")),
        sa.Column("failure", Verbatim),
        sa.Column("timeline", Json, nullable=False),
        sa.Column("version", Int, nullable=False),
        sa.Column("placed_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
        sa.UniqueConstraint("number", name="uq_orders_number"),
        *_order_checks(),
        sqlite_strict=True,
    )


def _saga_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("step", Str, nullable=False),
        sa.Column("status", Str, nullable=False),
        sa.Column("payment_status", Str, nullable=False),
        sa.Column("fulfillment_status", Str, nullable=False),
        sa.Column("fence", Int, nullable=False),
        sa.Column("lease_until", Instant),
        sa.Column("attempts", Int, nullable=False),
        sa.Column("has_key", Flag, nullable=False),
    ]


def _order_checks() -> list[sa.CheckConstraint]:
    checks = {
        "step": f"step IN ({STEPS})",
        "status": "status IN ('pending', 'confirmed', 'completed', 'cancelled', 'failed')",
        "payment_status": "payment_status IN ('unpaid')",
        "fulfillment_status": "fulfillment_status IN ('unfulfilled')",
        "total": "subtotal >= 0 AND discount >= 0 AND shipping >= 0 AND tax >= 0 "
        "AND total = subtotal - discount + shipping + tax",
        "failed": "(status = 'failed') = (step = 'FAILED')",
        "priced": "total IS NOT NULL OR step IN ('CREATED', 'COMPENSATING', 'FAILED')",
        "lease": "(lease_until IS NULL) = (step IN ('CONFIRMED', 'FAILED', 'CANCELLED'))",
    }
    return [
        sa.CheckConstraint(condition, name=op.f(f"ck_orders_{name}"))
        for name, condition in checks.items()
    ]


def _order_indexes() -> None:
    op.create_index("ix_orders_owner_id", "orders", ["owner", "id"])
    op.create_index("ix_orders_status_id", "orders", ["status", "id"])
    _partial_index("ix_orders_lease_until", ["lease_until"], "lease_until IS NOT NULL")
    _partial_index("ix_orders_pending_owner", ["owner"], "status = 'pending'")
    _partial_index(
        "uq_orders_cart_id_cart_version",
        ["cart_id", "cart_version"],
        "step NOT IN ('COMPENSATING', 'FAILED')",
        unique=True,
    )


def _partial_index(name: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    op.create_index(
        name,
        "orders",
        columns,
        unique=unique,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )


def _order_lines() -> None:
    op.create_table(
        "order_lines",
        sa.Column("order_id", Id, nullable=False),
        sa.Column("position", Int, nullable=False),
        sa.Column("product_id", Id, nullable=False),
        sa.Column("sku", Str, nullable=False),
        sa.Column("name", Str, nullable=False),
        sa.Column("quantity", Int, nullable=False),
        sa.Column("unit_price", Int, nullable=False),
        sa.Column("line_total", Int, nullable=False),
        sa.PrimaryKeyConstraint("order_id", "position", name="pk_order_lines"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_order_lines_order_id"),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_lines_quantity")),
        sa.CheckConstraint(
            "unit_price >= 0 AND line_total >= 0", name=op.f("ck_order_lines_amounts")
        ),
        sqlite_strict=True,
    )


def _checkout_keys() -> None:
    op.create_table(
        "checkout_keys",
        sa.Column("caller", Str, nullable=False),
        sa.Column("key", Str, nullable=False),
        sa.Column("route", Str, nullable=False),
        sa.Column("fingerprint", Str, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("status", Int),
        sa.Column("body", Verbatim),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", name="pk_checkout_keys"),
        sa.UniqueConstraint("order_id", name="uq_checkout_keys_order_id"),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
            name="fk_checkout_keys_order_id",
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.CheckConstraint("status < 500", name=op.f("ck_checkout_keys_status")),
        sa.CheckConstraint(
            "(status IS NULL) = (body IS NULL)", name=op.f("ck_checkout_keys_answer")
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_checkout_keys_created_at", "checkout_keys", ["created_at"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", Id, nullable=False),
        sa.Column("topic", Str, nullable=False),
        sa.Column("payload", Json, nullable=False),
        sa.Column("attempts", Int, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sqlite_strict=True,
    )
    op.create_index("ix_outbox_due_at", "outbox", ["due_at"])
