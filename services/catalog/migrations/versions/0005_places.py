"""Slugs keep working after a rename; large subtrees of categories are moved in batches."""

import sqlalchemy as sa
from alembic import op

from shopkit.tables import Id, Instant, Int, Str

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "old_slugs",
        sa.Column("kind", Str, nullable=False),
        sa.Column("slug", Str, nullable=False),
        sa.Column("target_id", Id, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("kind", "slug", name="pk_old_slugs"),
        sa.CheckConstraint(
            "kind IN ('category', 'group', 'product')", name=op.f("ck_old_slugs_kind")
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_old_slugs_target", "old_slugs", ["kind", "target_id"])
    op.create_table(
        "refilings",
        sa.Column("seq", Int, sa.Identity(), nullable=False),
        sa.Column("category_id", Id, nullable=False),
        sa.Column("after_seq", Int, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_refilings"),
        sqlite_strict=True,
    )
