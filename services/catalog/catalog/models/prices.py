"""What products cost before, and what they are to cost at a time."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    Table,
)

from catalog.models.metadata import metadata
from shopkit.tables import Flag, Id, Instant, Int, Str, new_table, one_of, partial_index

# Append-only: a row for each price, by the version of the product with which it came. It held
# until the next row's `since`. `offered`: the product was active, so that people could pay it.
price_history = Table(
    "price_history",
    metadata,
    Column("product_seq", Int, ForeignKey("products.seq"), nullable=False),
    Column("version", Int, nullable=False),
    Column("amount", Int, nullable=False),
    Column("currency", Str, nullable=False),
    Column("compare_at_amount", Int),
    Column("offered", Flag, nullable=False),
    Column("since", Instant, nullable=False),
    Column("change_id", Id),  # the scheduled change that it came with
    PrimaryKeyConstraint("product_seq", "version"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# `due_at` is when the worker has to do something about it next.
price_changes = new_table(
    metadata,
    "price_changes",
    Column("id", Id, primary_key=True),
    Column("product_id", Id, ForeignKey("products.id"), nullable=False),
    Column("amount", Int, nullable=False),
    Column("currency", Str, nullable=False),
    Column("compare_at_amount", Int),  # NULL: as it is
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant),  # NULL: it stays
    Column("status", Str, nullable=False),
    Column("due_at", Instant),
    Column("amount_before", Int),
    Column("compare_at_before", Int),
    Column("created_by", Str, nullable=False),
    Column("created_at", Instant, nullable=False),
    one_of("status", "scheduled", "active", "over", "cancelled", "skipped"),
    CheckConstraint("ends_at > starts_at", name="ends_at"),
    CheckConstraint("(due_at IS NULL) = (status NOT IN ('scheduled', 'active'))", name="due_at"),
    Index("ix_price_changes_product", "product_id", "starts_at"),
    partial_index("ix_price_changes_due_at", "due_at", where="due_at IS NOT NULL"),
    partial_index("ix_price_changes_active", "product_id", where="status = 'active'", unique=True),
)
