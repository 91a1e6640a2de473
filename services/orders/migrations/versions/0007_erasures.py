"""Whom to erase, and up to where auth's events are read."""

import sqlalchemy as sa
from alembic import op

from shopkit.tables import Id, Instant, Int

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    place = op.create_table(
        "followed_events",
        sa.Column("id", Int, nullable=False, autoincrement=False),
        sa.Column("after", Int, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_followed_events"),
        sqlite_strict=True,
    )
    op.bulk_insert(place, [{"id": 1, "after": 0}])
    op.create_table(
        "erasures",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("asked_at", Instant, nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_erasures"),
        sqlite_strict=True,
    )
    op.create_index("ix_erasures_due_at", "erasures", ["due_at"])
