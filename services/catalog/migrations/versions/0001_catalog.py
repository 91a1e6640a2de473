"""Products, groups, categories, stock, reservations and the search index."""

import sqlalchemy as sa
from alembic import op

from shopkit.tables import Id, Instant, Int, Str, Verbatim

revision = "0001"
down_revision = None


def upgrade() -> None:
    _categories()
    _groups()
    _products()
    _stock()
    _reservations()
    _idempotency_keys()
    if op.get_bind().dialect.name == "sqlite":
        _search_on_sqlite()
        _append_only_on_sqlite()
    else:
        _search_on_postgres()
        _append_only_on_postgres()


def _categories() -> None:
    op.create_table(
        "categories",
        sa.Column("id", Id, nullable=False),
        sa.Column("parent_id", Id),
        sa.Column("name", Str, nullable=False),
        sa.Column("slug", Str, nullable=False),
        sa.Column("description", Str, nullable=False),
        sa.Column("position", Int, nullable=False),
        sa.Column("version", Int, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_categories"),
        sa.ForeignKeyConstraint(["parent_id"], ["categories.id"], name="fk_categories_parent_id"),
        sa.UniqueConstraint("slug", name="uq_categories_slug"),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_categories_not_own_parent")),
        sqlite_strict=True,
    )
    op.create_index("ix_categories_parent_id", "categories", ["parent_id"])


def _groups() -> None:
    op.create_table(
        "product_groups",
        sa.Column("seq", Int, sa.Identity(), nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("name", Str, nullable=False),
        sa.Column("slug", Str, nullable=False),
        sa.Column("description", Str, nullable=False),
        sa.Column("varies_by", Str, nullable=False),
        sa.Column("version", Int, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_product_groups"),
        sa.UniqueConstraint("id", name="uq_product_groups_id"),
        sa.UniqueConstraint("slug", name="uq_product_groups_slug"),
        sqlite_strict=True,
    )


def _products() -> None:
    op.create_table(
        "products",
        sa.Column("seq", Int, sa.Identity(), nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("sku", Str, nullable=False),
        sa.Column("sku_key", Str),
        sa.Column("name", Str, nullable=False),
        sa.Column("name_key", Str, nullable=False),
        sa.Column("slug", Str),
        sa.Column("description", Str, nullable=False),
        sa.Column("price_amount", Int, nullable=False),
        sa.Column("price_currency", Str, nullable=False),
        sa.Column("compare_at_amount", Int),
        sa.Column("status", Str, nullable=False),
        sa.Column("group_id", Id),
        sa.Column("options_key", Str),
        sa.Column("image", Str),
        sa.Column("details", Str, nullable=False),
        sa.Column("version", Int, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_products"),
        sa.UniqueConstraint("id", name="uq_products_id"),
        sa.UniqueConstraint("sku_key", name="uq_products_sku_key"),
        sa.UniqueConstraint("slug", name="uq_products_slug"),
        sa.UniqueConstraint("group_id", "options_key", name="uq_products_group_id_options_key"),
        sa.ForeignKeyConstraint(["group_id"], ["product_groups.id"], name="fk_products_group_id"),
        sa.CheckConstraint(
            "status IN ('draft', 'active', 'archived', 'deleted')", name=op.f("ck_products_status")
        ),
        sa.CheckConstraint("price_amount >= 0", name=op.f("ck_products_price")),
        sa.CheckConstraint(
            "(group_id IS NULL) = (options_key IS NULL)", name=op.f("ck_products_options_in_group")
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_products_newest", "products", ["status", "seq"])
    op.create_index("ix_products_price", "products", ["status", "price_amount", "seq"])
    op.create_index("ix_products_name", "products", ["status", "name_key", "seq"])
    op.create_index("ix_products_group", "products", ["group_id", "status", "seq"])
    op.create_table(
        "product_categories",
        sa.Column("category_id", Id, nullable=False),
        sa.Column("product_seq", Int, nullable=False),
        sa.Column("price_amount", Int, nullable=False),
        sa.Column("name_key", Str, nullable=False),
        sa.PrimaryKeyConstraint("category_id", "product_seq", name="pk_product_categories"),
        sa.ForeignKeyConstraint(
            ["category_id"], ["categories.id"], name="fk_product_categories_category_id"
        ),
        sa.ForeignKeyConstraint(
            ["product_seq"], ["products.seq"], name="fk_product_categories_product_seq"
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_product_categories_product_seq", "product_categories", ["product_seq"])
    for key in ("price_amount", "name_key"):
        name = f"ix_product_categories_{key.partition('_')[0]}"
        op.create_index(name, "product_categories", ["category_id", key, "product_seq"])


def _stock() -> None:
    op.create_table(
        "stock",
        sa.Column("product_id", Id, nullable=False),
        sa.Column("on_hand", Int, nullable=False),
        sa.Column("reserved", Int, nullable=False),
        sa.Column("version", Int, nullable=False),
        sa.PrimaryKeyConstraint("product_id", name="pk_stock"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="fk_stock_product_id"),
        sa.CheckConstraint("reserved >= 0 AND reserved <= on_hand", name=op.f("ck_stock_reserved")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "stock_movements",
        sa.Column("seq", Int, sa.Identity(), nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("product_id", Id, nullable=False),
        sa.Column("kind", Str, nullable=False),
        sa.Column("quantity", Int, nullable=False),
        sa.Column("order_id", Id),
        sa.Column("reason", Str),
        sa.Column("actor", Str),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_stock_movements"),
        sa.UniqueConstraint("id", name="uq_stock_movements_id"),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name="fk_stock_movements_product_id"
        ),
        sa.CheckConstraint(
            "kind IN ('opening', 'receipt', 'adjustment', 'sale', 'return')",
            name=op.f("ck_stock_movements_kind"),
        ),
        sa.CheckConstraint("quantity <> 0", name=op.f("ck_stock_movements_quantity")),
        sqlite_strict=True,
    )
    op.create_index("ix_stock_movements_product", "stock_movements", ["product_id", "seq"])


def _reservations() -> None:
    op.create_table(
        "reservations",
        sa.Column("order_id", Id, nullable=False),
        sa.Column("status", Str, nullable=False),
        sa.Column("lines", Str, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("order_id", name="pk_reservations"),
        sa.CheckConstraint(
            "status IN ('held', 'committed', 'released', 'expired')",
            name=op.f("ck_reservations_status"),
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_reservations_due", "reservations", ["status", "expires_at"])
    op.create_table(
        "reservation_lines",
        sa.Column("order_id", Id, nullable=False),
        sa.Column("product_id", Id, nullable=False),
        sa.Column("quantity", Int, nullable=False),
        sa.PrimaryKeyConstraint("order_id", "product_id", name="pk_reservation_lines"),
        sa.ForeignKeyConstraint(
            ["order_id"], ["reservations.order_id"], name="fk_reservation_lines_order_id"
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name="fk_reservation_lines_product_id"
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_reservation_lines_quantity")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_reservation_lines_product_id", "reservation_lines", ["product_id"])


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


# The words come folded from search_text.py. FTS5's ascii tokenizer takes everything that is not
# ASCII for a letter, so it splits only where search_text.py did. No triggers keep the index: with
# trusted_schema=OFF they may not touch it, so repository/search.py writes both.
def _search_on_sqlite() -> None:
    op.execute(
        "CREATE TABLE product_search (seq INTEGER PRIMARY KEY REFERENCES products(seq), "
        "name TEXT NOT NULL, sku TEXT NOT NULL, attributes TEXT NOT NULL, "
        "description TEXT NOT NULL) STRICT"
    )
    op.execute(
        "CREATE VIRTUAL TABLE product_fts USING fts5(name, sku, attributes, description, "
        "content='product_search', content_rowid='seq', tokenize='ascii', prefix='1 2 3')"
    )
    op.execute("INSERT INTO product_fts (product_fts, rank) VALUES ('usermerge', 2)")
    op.execute("CREATE TABLE product_search_words (word TEXT PRIMARY KEY) STRICT, WITHOUT ROWID")


def _search_on_postgres() -> None:
    op.execute(
        "CREATE TABLE product_search (seq BIGINT PRIMARY KEY REFERENCES products(seq), "
        "document TSVECTOR NOT NULL)"
    )
    op.execute("CREATE INDEX ix_product_search_document ON product_search USING gin (document)")


def _append_only_on_sqlite() -> None:
    for action in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER stock_movements_no_{action.lower()} BEFORE {action} "
            "ON stock_movements BEGIN SELECT RAISE(ABORT, 'stock_movements is append-only'); END"
        )


def _append_only_on_postgres() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'stock_movements is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER stock_movements_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
        "ON stock_movements FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
