"""Categories, groups and products."""

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
from shopkit.tables import Id, Instant, Int, Str, new_table, partial_index

categories = new_table(
    metadata,
    "categories",
    Column("id", Id, primary_key=True),
    Column("parent_id", Id, ForeignKey("categories.id"), index=True),
    Column("name", Str, nullable=False),
    Column("slug", Str, nullable=False),
    Column("description", Str, nullable=False),
    Column("position", Int, nullable=False),
    Column("version", Int, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("slug"),
    CheckConstraint("parent_id <> id", name="not_own_parent"),
)

product_groups = new_table(
    metadata,
    "product_groups",
    Column("seq", Int, Identity(), primary_key=True),
    Column("id", Id, nullable=False, unique=True),
    Column("name", Str, nullable=False),
    Column("slug", Str, nullable=False),
    Column("description", Str, nullable=False),
    Column("varies_by", Str, nullable=False),  # JSON list, in the order to show
    Column("version", Int, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("slug"),
)

# `seq` is the row id of the search index and the order of "newest"; it never leaves the service but
# inside cursors. `details` is what a product shows besides its columns, as one JSON text: read in
# one go, in the order in which it was written (jsonb would lose it), and never searched by SQL.
# A deleted product keeps its row for the ledger; its slug and SKU key become NULL and so free.
products = new_table(
    metadata,
    "products",
    Column("seq", Int, Identity(), primary_key=True),
    Column("id", Id, nullable=False, unique=True),
    Column("sku", Str, nullable=False),
    Column("sku_key", Str),
    Column("name", Str, nullable=False),
    Column("name_key", Str, nullable=False),
    Column("slug", Str),
    Column("description", Str, nullable=False),
    Column("price_amount", Int, nullable=False),
    Column("price_currency", Str, nullable=False),
    Column("compare_at_amount", Int),
    Column("status", Str, nullable=False),
    Column("group_id", Id, ForeignKey("product_groups.id")),
    Column("options_key", Str),
    Column("image", Str),
    Column("details", Str, nullable=False),
    Column("version", Int, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("lowest_amount", Int),  # of the 30 days before a reduction that still holds
    Column("publish_at", Instant),
    Column("archive_at", Instant),
    UniqueConstraint("sku_key"),
    UniqueConstraint("slug"),
    UniqueConstraint("group_id", "options_key"),
    CheckConstraint("status IN ('draft', 'active', 'archived', 'deleted')", name="status"),
    CheckConstraint("price_amount >= 0", name="price"),
    CheckConstraint("publish_at IS NULL OR status = 'draft'", name="publish_at"),
    CheckConstraint("archive_at IS NULL OR status IN ('draft', 'active')", name="archive_at"),
    CheckConstraint("(group_id IS NULL) = (options_key IS NULL)", name="options_in_group"),
    Index("ix_products_newest", "status", "seq"),
    Index("ix_products_price", "status", "price_amount", "seq"),
    Index("ix_products_name", "status", "name_key", "seq"),
    Index("ix_products_group", "group_id", "status", "seq"),
    partial_index("ix_products_publish_at", "publish_at", where="publish_at IS NOT NULL"),
    partial_index("ix_products_archive_at", "archive_at", where="archive_at IS NOT NULL"),
)

# A product is here for each of its categories and for all categories above them, so that a listing
# of a whole subtree is one range of an index, whatever it is sorted by.
product_categories = Table(
    "product_categories",
    metadata,
    Column("category_id", Id, ForeignKey("categories.id"), nullable=False),
    Column("product_seq", Int, ForeignKey("products.seq"), nullable=False, index=True),
    Column("price_amount", Int, nullable=False),
    Column("name_key", Str, nullable=False),
    PrimaryKeyConstraint("category_id", "product_seq"),
    Index("ix_product_categories_price", "category_id", "price_amount", "product_seq"),
    Index("ix_product_categories_name", "category_id", "name_key", "product_seq"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
