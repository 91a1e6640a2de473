"""Tables of the cart service."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, PrimaryKeyConstraint, text

from shopkit.erasure import new_erasure_tables
from shopkit.idempotency import new_key_table
from shopkit.tables import Id, Instant, Int, Str, Verbatim, new_metadata, new_table

metadata = new_metadata()

ACTIVE = "state IN ('open', 'claimed')"

carts = new_table(
    metadata,
    "carts",
    Column("id", Id, primary_key=True),
    # "user:<id>" or "guest:<keyed hash of the token>"
    Column("owner", Str, nullable=False),
    Column("state", Str, nullable=False),
    Column("order_id", Id),
    Column("version", Int, nullable=False),
    Column("currency", Str),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    CheckConstraint("state IN ('open', 'claimed', 'converted', 'merged')", name="state"),
    CheckConstraint("(order_id IS NULL) = (state IN ('open', 'merged'))", name="order_id"),
    CheckConstraint("version >= 1", name="version"),
    Index(
        "uq_carts_active_owner",
        "owner",
        unique=True,
        sqlite_where=text(ACTIVE),
        postgresql_where=text(ACTIVE),
    ),
    Index("ix_carts_owner", "owner", "id"),
)

cart_lines = new_table(
    metadata,
    "cart_lines",
    Column("cart_id", Id, ForeignKey("carts.id", ondelete="CASCADE"), nullable=False),
    Column("product_id", Id, nullable=False),
    Column("position", Int, nullable=False),
    Column("sku", Str, nullable=False),
    Column("name", Str, nullable=False),
    Column("quantity", Int, nullable=False),
    Column("added_amount", Int, nullable=False),
    PrimaryKeyConstraint("cart_id", "product_id"),
    CheckConstraint("quantity BETWEEN 1 AND 9999", name="quantity"),
    CheckConstraint("added_amount >= 0", name="added_amount"),
)

cart_merges = new_table(
    metadata,
    "cart_merges",
    Column("guest_cart_id", Id, ForeignKey("carts.id", ondelete="CASCADE"), primary_key=True),
    Column("merged_by", Str, nullable=False, index=True),
    Column("report", Verbatim, nullable=False),
)

claims = new_table(
    metadata,
    "claims",
    Column("order_id", Id, primary_key=True),
    Column("state", Str, nullable=False),
    # A released claim, the tombstone, knows no cart and no snapshot.
    Column("cart_id", Id, ForeignKey("carts.id", ondelete="CASCADE"), index=True),
    Column("owner", Str),
    Column("snapshot", Verbatim),
    Column("changed_at", Instant, nullable=False),
    CheckConstraint("state IN ('claimed', 'converted', 'released')", name="state"),
    CheckConstraint("(cart_id IS NULL) = (state = 'released')", name="cart_id"),
    Index("ix_claims_state_changed_at", "state", "changed_at"),
)

idempotency_keys = new_key_table(metadata)
erasure = new_erasure_tables(metadata)
