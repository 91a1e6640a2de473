"""Erasing a user does not read everybody's merges."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_index("ix_cart_merges_merged_by", "cart_merges", ["merged_by"])
