"""Stock, its ledger, and what is reserved for orders."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    PrimaryKeyConstraint,
    Table,
    false,
)

from catalog.models.metadata import metadata
from shopkit.tables import Flag, Id, Instant, Int, Str, new_table, one_of

# Apart from products: a reservation rewrites 60 bytes and not a description, and never waits for
# (or invalidates what was read by) somebody who edits the product. With `backorder` more may be
# sold than there is; less than nothing on hand is what is owed.
stock = Table(
    "stock",
    metadata,
    Column("product_id", Id, ForeignKey("products.id"), primary_key=True),
    Column("on_hand", Int, nullable=False),
    Column("reserved", Int, nullable=False),
    Column("version", Int, nullable=False),
    Column("backorder", Flag, nullable=False, server_default=false()),
    Column("low_stock_level", Int),  # NULL: the shop's
    CheckConstraint("reserved >= 0 AND (backorder OR reserved <= on_hand)", name="reserved"),
    CheckConstraint("low_stock_level >= 0", name="low_stock_level"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

stock_movements = new_table(
    metadata,
    "stock_movements",
    Column("seq", Int, Identity(), primary_key=True),
    Column("id", Id, nullable=False, unique=True),
    Column("product_id", Id, ForeignKey("products.id"), nullable=False),
    Column("kind", Str, nullable=False),
    Column("quantity", Int, nullable=False),  # what on_hand changed by
    Column("order_id", Id),
    Column("reason", Str),
    Column("actor", Str),
    Column("created_at", Instant, nullable=False),
    one_of("kind", "opening", "receipt", "sale", "return", "adjustment", "correction"),
    CheckConstraint("quantity <> 0", name="quantity"),
    Index("ix_stock_movements_product", "product_id", "seq"),
)

reservations = new_table(
    metadata,
    "reservations",
    Column("order_id", Id, primary_key=True),
    Column("status", Str, nullable=False),
    Column("lines", Str, nullable=False),  # JSON: what the caller was answered
    Column("expires_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    CheckConstraint("status IN ('held', 'committed', 'released', 'expired')", name="status"),
    Index("ix_reservations_due", "status", "expires_at"),
)

reservation_lines = Table(
    "reservation_lines",
    metadata,
    Column("order_id", Id, ForeignKey("reservations.order_id"), nullable=False),
    Column("product_id", Id, ForeignKey("products.id"), nullable=False, index=True),
    Column("quantity", Int, nullable=False),
    Column("returned", Int, nullable=False, server_default="0"),  # sold, and back in stock since
    PrimaryKeyConstraint("order_id", "product_id"),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("returned >= 0 AND returned <= quantity", name="returned"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

returns = new_table(
    metadata,
    "returns",
    Column("id", Id, primary_key=True),
    Column("order_id", Id, ForeignKey("reservations.order_id"), nullable=False, index=True),
    Column("lines", Str, nullable=False),  # JSON: product and quantity
    Column("created_at", Instant, nullable=False),
)
