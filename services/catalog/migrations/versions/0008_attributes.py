"""Attributes are defined, and lists filter by their values."""

import sqlalchemy as sa
from alembic import op

from shopkit.tables import Flag, Id, Instant, Int, Real, Str

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    _definitions()
    _values()


def _definitions() -> None:
    op.create_table(
        "attributes",
        sa.Column("seq", Int, sa.Identity(), nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("code", Str),
        sa.Column("name", Str, nullable=False),
        sa.Column("type", Str, nullable=False),
        sa.Column("unit", Str),
        sa.Column("choices", Str, nullable=False),
        sa.Column("filterable", Flag, nullable=False),
        sa.Column("indexed", Str, nullable=False),
        sa.Column("after_seq", Int, nullable=False),
        sa.Column("version", Int, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_attributes"),
        sa.UniqueConstraint("id", name="uq_attributes_id"),
        sa.UniqueConstraint("code", name="uq_attributes_code"),
        sa.CheckConstraint(
            "type IN ('text', 'number', 'boolean', 'choice')", name=op.f("ck_attributes_type")
        ),
        sa.CheckConstraint(
            "indexed IN ('none', 'filling', 'ready', 'clearing')",
            name=op.f("ck_attributes_indexed"),
        ),
        sa.CheckConstraint(
            "code IS NOT NULL OR indexed = 'clearing'", name=op.f("ck_attributes_deleted")
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "attribute_categories",
        sa.Column("attribute_seq", Int, nullable=False),
        sa.Column("category_id", Id, nullable=False),
        sa.PrimaryKeyConstraint("attribute_seq", "category_id", name="pk_attribute_categories"),
        sa.ForeignKeyConstraint(
            ["attribute_seq"], ["attributes.seq"], name="fk_attribute_categories_attribute_seq"
        ),
        sa.ForeignKeyConstraint(
            ["category_id"], ["categories.id"], name="fk_attribute_categories_category_id"
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_attribute_categories_category_id", "attribute_categories", ["category_id"])


def _values() -> None:
    op.create_table(
        "attribute_values",
        sa.Column("seq", Int, sa.Identity(), nullable=False),
        sa.Column("attribute_seq", Int, nullable=False),
        sa.Column("key", Str, nullable=False),
        sa.Column("label", Str, nullable=False),
        sa.Column("number", Real),
        sa.PrimaryKeyConstraint("seq", name="pk_attribute_values"),
        sa.UniqueConstraint("attribute_seq", "key", name="uq_attribute_values_attribute_seq_key"),
        sa.ForeignKeyConstraint(
            ["attribute_seq"], ["attributes.seq"], name="fk_attribute_values_attribute_seq"
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_attribute_values_number", "attribute_values", ["attribute_seq", "number"])
    op.create_table(
        "product_values",
        sa.Column("product_seq", Int, nullable=False),
        sa.Column("attribute_seq", Int, nullable=False),
        sa.Column("value_seq", Int, nullable=False),
        sa.PrimaryKeyConstraint(
            "product_seq", "attribute_seq", "value_seq", name="pk_product_values"
        ),
        sa.ForeignKeyConstraint(
            ["product_seq"], ["products.seq"], name="fk_product_values_product_seq"
        ),
        sa.ForeignKeyConstraint(
            ["value_seq"], ["attribute_values.seq"], name="fk_product_values_value_seq"
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_product_values_value", "product_values", ["value_seq", "product_seq"])
