"""Carts, their lines, merges, claims and idempotency keys."""

import sqlalchemy as sa
from alembic import op

from shopkit.tables import Id, Instant, Int, Str, Verbatim

revision = "0001"
down_revision = None

ACTIVE = sa.text("state IN ('open', 'claimed')")


def upgrade() -> None:
    _carts()
    _lines_and_merges()
    _claims()
    _keys()


def _carts() -> None:
    op.create_table(
        "carts",
        sa.Column("id", Id, nullable=False),
        sa.Column("owner", Str, nullable=False),
        sa.Column("state", Str, nullable=False),
        sa.Column("order_id", Id),
        sa.Column("version", Int, nullable=False),
        sa.Column("currency", Str),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_carts"),
        sa.CheckConstraint("state IN ('open', 'claimed', 'converted', 'merged')", name="state"),
        sa.CheckConstraint("(order_id IS NULL) = (state IN ('open', 'merged'))", name="order_id"),
        sa.CheckConstraint("version >= 1", name="version"),
        sqlite_strict=True,
    )
    op.create_index(
        "uq_carts_active_owner",
        "carts",
        ["owner"],
        unique=True,
        sqlite_where=ACTIVE,
        postgresql_where=ACTIVE,
    )
    op.create_index("ix_carts_owner", "carts", ["owner", "id"])
    op.create_index("ix_carts_expires_at", "carts", ["expires_at"])


def _lines_and_merges() -> None:
    op.create_table(
        "cart_lines",
        sa.Column("cart_id", Id, nullable=False),
        sa.Column("product_id", Id, nullable=False),
        sa.Column("position", Int, nullable=False),
        sa.Column("sku", Str, nullable=False),
        sa.Column("name", Str, nullable=False),
        sa.Column("quantity", Int, nullable=False),
        sa.Column("added_amount", Int, nullable=False),
        sa.PrimaryKeyConstraint("cart_id", "product_id", name="pk_cart_lines"),
        sa.ForeignKeyConstraint(
            ["cart_id"], ["carts.id"], name="fk_cart_lines_cart_id", ondelete="CASCADE"
        ),
        sa.CheckConstraint("quantity BETWEEN 1 AND 9999", name="quantity"),
        sa.CheckConstraint("added_amount >= 0", name="added_amount"),
        sqlite_strict=True,
    )
    op.create_table(
        "cart_merges",
        sa.Column("guest_cart_id", Id, nullable=False),
        sa.Column("merged_by", Str, nullable=False),
        sa.Column("report", Verbatim, nullable=False),
        sa.PrimaryKeyConstraint("guest_cart_id", name="pk_cart_merges"),
        sa.ForeignKeyConstraint(
            ["guest_cart_id"], ["carts.id"], name="fk_cart_merges_guest_cart_id", ondelete="CASCADE"
        ),
        sqlite_strict=True,
    )


def _claims() -> None:
    op.create_table(
        "claims",
        sa.Column("order_id", Id, nullable=False),
        sa.Column("state", Str, nullable=False),
        sa.Column("cart_id", Id),
        sa.Column("owner", Str),
        sa.Column("snapshot", Verbatim),
        sa.Column("changed_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("order_id", name="pk_claims"),
        sa.ForeignKeyConstraint(
            ["cart_id"], ["carts.id"], name="fk_claims_cart_id", ondelete="CASCADE"
        ),
        sa.CheckConstraint("state IN ('claimed', 'converted', 'released')", name="state"),
        sa.CheckConstraint("(cart_id IS NULL) = (state = 'released')", name="cart_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_claims_cart_id", "claims", ["cart_id"])
    op.create_index("ix_claims_state_changed_at", "claims", ["state", "changed_at"])


def _keys() -> None:
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
