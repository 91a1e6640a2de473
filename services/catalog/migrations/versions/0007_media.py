"""Uploaded images, which products show them, and when feeds were made."""

import sqlalchemy as sa
from alembic import op

from shopkit.tables import Flag, Id, Instant, Int, Str

revision = "0007"
down_revision = "0006"
_SUFFIX = "suffix IN ('jpg', 'png', 'webp')"


def upgrade() -> None:
    op.create_table(
        "media",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", Str, nullable=False),
        sa.Column("suffix", Str, nullable=False),
        sa.Column("width", Int, nullable=False),
        sa.Column("height", Int, nullable=False),
        sa.Column("unused_since", Instant),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_media"),
        sa.UniqueConstraint("name", name="uq_media_name"),
        sa.CheckConstraint(_SUFFIX, name=op.f("ck_media_suffix")),
        sqlite_strict=True,
    )
    unused = sa.text("unused_since IS NOT NULL")
    op.create_index(
        "ix_media_unused", "media", ["unused_since"], sqlite_where=unused, postgresql_where=unused
    )
    op.create_table(
        "product_media",
        sa.Column("product_seq", Int, nullable=False),
        sa.Column("media_id", Id, nullable=False),
        sa.PrimaryKeyConstraint("product_seq", "media_id", name="pk_product_media"),
        sa.ForeignKeyConstraint(
            ["product_seq"], ["products.seq"], name="fk_product_media_product_seq"
        ),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name="fk_product_media_media_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_product_media_media_id", "product_media", ["media_id"])
    op.create_table(
        "media_leftovers",
        sa.Column("name", Str, nullable=False),
        sa.Column("suffix", Str, nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("doomed", Flag, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_media_leftovers"),
        sa.CheckConstraint(_SUFFIX, name=op.f("ck_media_leftovers_suffix")),
        sqlite_strict=True,
    )
    op.create_index("ix_media_leftovers_due_at", "media_leftovers", ["due_at"])
    feeds = op.create_table(
        "feeds",
        sa.Column("name", Str, nullable=False),
        sa.Column("asked_at", Instant),
        sa.Column("begun_at", Instant),
        sa.Column("made_at", Instant),
        sa.Column("offers", Int, nullable=False),
        sa.Column("left_out", Int, nullable=False),
        sa.Column("addresses", Int, nullable=False),
        sa.Column("maker", Str),
        sa.Column("maker_until", Instant),
        sa.PrimaryKeyConstraint("name", name="pk_feeds"),
        sqlite_strict=True,
    )
    op.bulk_insert(feeds, [{"name": "public", "offers": 0, "left_out": 0, "addresses": 0}])
