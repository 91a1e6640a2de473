"""Definitions of attributes, and which product has which value of those that lists filter by."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from catalog.models.metadata import metadata
from shopkit.tables import Flag, Id, Instant, Int, Real, Str, new_table, one_of

# `indexed`: none | filling | ready | clearing; `after_seq`: products up to this one are filled. A
# deleted definition keeps its row, without a code, until its values are out of the index.
attributes = new_table(
    metadata,
    "attributes",
    Column("seq", Int, Identity(), primary_key=True),
    Column("id", Id, nullable=False, unique=True),
    Column("code", Str, unique=True),
    Column("name", Str, nullable=False),
    Column("type", Str, nullable=False),
    Column("unit", Str),
    Column("choices", Str, nullable=False),  # JSON list, in the order to show
    Column("filterable", Flag, nullable=False),
    Column("indexed", Str, nullable=False),
    Column("after_seq", Int, nullable=False),
    Column("version", Int, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    one_of("type", "text", "number", "boolean", "choice"),
    one_of("indexed", "none", "filling", "ready", "clearing"),
    CheckConstraint("code IS NOT NULL OR indexed = 'clearing'", name="deleted"),
)

attribute_categories = Table(
    "attribute_categories",
    metadata,
    Column("attribute_seq", Int, ForeignKey("attributes.seq"), nullable=False),
    Column("category_id", Id, ForeignKey("categories.id"), nullable=False, index=True),
    PrimaryKeyConstraint("attribute_seq", "category_id"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# A value of an attribute, once; values that nobody could tell apart have one key.
attribute_values = new_table(
    metadata,
    "attribute_values",
    Column("seq", Int, Identity(), primary_key=True),
    Column("attribute_seq", Int, ForeignKey("attributes.seq"), nullable=False),
    Column("key", Str, nullable=False),
    Column("label", Str, nullable=False),  # as it was first written
    Column("number", Real),
    UniqueConstraint("attribute_seq", "key"),
    Index("ix_attribute_values_number", "attribute_seq", "number"),
)

product_values = Table(
    "product_values",
    metadata,
    Column("product_seq", Int, ForeignKey("products.seq"), nullable=False),
    Column("attribute_seq", Int, nullable=False),
    Column("value_seq", Int, ForeignKey("attribute_values.seq"), nullable=False),
    PrimaryKeyConstraint("product_seq", "attribute_seq", "value_seq"),
    Index("ix_product_values_value", "value_seq", "product_seq"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
