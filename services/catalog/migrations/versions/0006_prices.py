"""Backorder and stock levels, the history of prices, and what is to happen at a time."""

import sqlalchemy as sa
from alembic import op

from shopkit.tables import Flag, Id, Instant, Int, Str

revision = "0006"
down_revision = "0005"

_RESERVED = "reserved >= 0 AND (backorder OR reserved <= on_hand)"
_KINDS = "kind IN ('opening', 'receipt', 'sale', 'return', 'adjustment', 'correction')"
_STATUSES = "status IN ('scheduled', 'active', 'over', 'cancelled', 'skipped')"
_LEDGERS = ("stock_movements", "price_history")


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite:
        _stock_on_sqlite()
    else:
        _stock_on_postgres()
    _products("TEXT" if sqlite else "TIMESTAMPTZ", "INTEGER" if sqlite else "BIGINT")
    _price_history()
    _price_changes()
    if sqlite:
        _append_only_on_sqlite()
    else:
        _append_only_on_postgres()


def _stock_on_sqlite() -> None:
    """SQLite cannot change a CHECK: both tables are made anew."""
    op.create_table(
        "new_stock",
        sa.Column("product_id", Id, nullable=False),
        sa.Column("on_hand", Int, nullable=False),
        sa.Column("reserved", Int, nullable=False),
        sa.Column("version", Int, nullable=False),
        sa.Column("backorder", Flag, nullable=False, server_default=sa.false()),
        sa.Column("low_stock_level", Int),
        sa.PrimaryKeyConstraint("product_id", name="pk_stock"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="fk_stock_product_id"),
        sa.CheckConstraint(_RESERVED, name=op.f("ck_stock_reserved")),
        sa.CheckConstraint("low_stock_level >= 0", name=op.f("ck_stock_low_stock_level")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    _replace("stock", "product_id, on_hand, reserved, version")
    op.create_table(
        "new_stock_movements",
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
        sa.CheckConstraint(_KINDS, name=op.f("ck_stock_movements_kind")),
        sa.CheckConstraint("quantity <> 0", name=op.f("ck_stock_movements_quantity")),
        sqlite_strict=True,
    )
    of_movement = "seq, id, product_id, kind, quantity, order_id, reason, actor, created_at"
    _replace("stock_movements", of_movement)
    op.create_index("ix_stock_movements_product", "stock_movements", ["product_id", "seq"])


def _replace(table: str, columns: str) -> None:
    op.execute(f"INSERT INTO new_{table} ({columns}) SELECT {columns} FROM {table}")
    op.execute(f"DROP TABLE {table}")
    op.execute(f"ALTER TABLE new_{table} RENAME TO {table}")


def _stock_on_postgres() -> None:
    op.execute(
        "ALTER TABLE stock ADD COLUMN backorder BOOLEAN NOT NULL DEFAULT false, "
        "ADD COLUMN low_stock_level BIGINT "
        "CONSTRAINT ck_stock_low_stock_level CHECK (low_stock_level >= 0), "
        "DROP CONSTRAINT ck_stock_reserved, "
        f"ADD CONSTRAINT ck_stock_reserved CHECK ({_RESERVED})"
    )
    op.execute(
        "ALTER TABLE stock_movements DROP CONSTRAINT ck_stock_movements_kind, "
        f"ADD CONSTRAINT ck_stock_movements_kind CHECK ({_KINDS})"
    )


def _products(instant: str, integer: str) -> None:
    """In words of its own: Alembic adds checks apart from columns, which SQLite cannot."""
    op.execute(f"ALTER TABLE products ADD COLUMN lowest_amount {integer}")
    op.execute(
        f"ALTER TABLE products ADD COLUMN publish_at {instant} "
        "CONSTRAINT ck_products_publish_at CHECK (publish_at IS NULL OR status = 'draft')"
    )
    op.execute(
        f"ALTER TABLE products ADD COLUMN archive_at {instant} CONSTRAINT ck_products_archive_at "
        "CHECK (archive_at IS NULL OR status IN ('draft', 'active'))"
    )
    for column in ("publish_at", "archive_at"):
        _index_what_is_set(f"ix_products_{column}", "products", column)


def _index_what_is_set(name: str, table: str, column: str) -> None:
    where = sa.text(f"{column} IS NOT NULL")
    op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)


def _price_history() -> None:
    op.create_table(
        "price_history",
        sa.Column("product_seq", Int, nullable=False),
        sa.Column("version", Int, nullable=False),
        sa.Column("amount", Int, nullable=False),
        sa.Column("currency", Str, nullable=False),
        sa.Column("compare_at_amount", Int),
        sa.Column("offered", Flag, nullable=False),
        sa.Column("since", Instant, nullable=False),
        sa.Column("change_id", Id),
        sa.PrimaryKeyConstraint("product_seq", "version", name="pk_price_history"),
        sa.ForeignKeyConstraint(
            ["product_seq"], ["products.seq"], name="fk_price_history_product_seq"
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    # How long these prices have been so is not known; they have been since the last change.
    op.execute(
        "INSERT INTO price_history (product_seq, version, amount, currency, compare_at_amount, "
        "offered, since) SELECT seq, version, price_amount, price_currency, "
        "compare_at_amount, status = 'active', updated_at "
        "FROM products WHERE status <> 'deleted'"
    )


def _price_changes() -> None:
    op.create_table(
        "price_changes",
        sa.Column("id", Id, nullable=False),
        sa.Column("product_id", Id, nullable=False),
        sa.Column("amount", Int, nullable=False),
        sa.Column("currency", Str, nullable=False),
        sa.Column("compare_at_amount", Int),
        sa.Column("starts_at", Instant, nullable=False),
        sa.Column("ends_at", Instant),
        sa.Column("status", Str, nullable=False),
        sa.Column("due_at", Instant),
        sa.Column("amount_before", Int),
        sa.Column("compare_at_before", Int),
        sa.Column("created_by", Str, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_price_changes"),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name="fk_price_changes_product_id"
        ),
        sa.CheckConstraint(_STATUSES, name=op.f("ck_price_changes_status")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_price_changes_ends_at")),
        sa.CheckConstraint(
            "(due_at IS NULL) = (status NOT IN ('scheduled', 'active'))",
            name=op.f("ck_price_changes_due_at"),
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_price_changes_product", "price_changes", ["product_id", "starts_at"])
    _index_what_is_set("ix_price_changes_due_at", "price_changes", "due_at")
    active = sa.text("status = 'active'")
    op.create_index(
        "ix_price_changes_active",
        "price_changes",
        ["product_id"],
        unique=True,
        sqlite_where=active,
        postgresql_where=active,
    )


def _append_only_on_sqlite() -> None:
    for table in _LEDGERS:
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def _append_only_on_postgres() -> None:
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    op.execute(
        "CREATE TRIGGER price_history_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
        "ON price_history FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
