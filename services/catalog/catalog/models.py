"""Tables. The search index (`product_search`) is not here: it differs between the databases."""

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

from shopkit.audit_table import new_audit_table
from shopkit.idempotency import new_key_table
from shopkit.tables import Id, Instant, Int, Str, new_metadata, new_table

metadata = new_metadata()

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
    UniqueConstraint("sku_key"),
    UniqueConstraint("slug"),
    UniqueConstraint("group_id", "options_key"),
    CheckConstraint("status IN ('draft', 'active', 'archived', 'deleted')", name="status"),
    CheckConstraint("price_amount >= 0", name="price"),
    CheckConstraint("(group_id IS NULL) = (options_key IS NULL)", name="options_in_group"),
    Index("ix_products_newest", "status", "seq"),
    Index("ix_products_price", "status", "price_amount", "seq"),
    Index("ix_products_name", "status", "name_key", "seq"),
    Index("ix_products_group", "group_id", "status", "seq"),
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

# Apart from products: a reservation rewrites 60 bytes and not a description, and never waits for
# (or invalidates what was read by) somebody who edits the product.
stock = Table(
    "stock",
    metadata,
    Column("product_id", Id, ForeignKey("products.id"), primary_key=True),
    Column("on_hand", Int, nullable=False),
    Column("reserved", Int, nullable=False),
    Column("version", Int, nullable=False),
    CheckConstraint("reserved >= 0 AND reserved <= on_hand", name="reserved"),
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
    CheckConstraint("kind IN ('opening', 'receipt', 'adjustment', 'sale', 'return')", name="kind"),
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

idempotency_keys = new_key_table(metadata)

audit_log = new_audit_table(metadata)
