"""Events that other services follow, and a version of each user's tokens."""

import sqlalchemy as sa
from alembic import op

from shopkit.tables import Id, Instant, Int, Json, Str

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("users", sa.Column("token_version", Int, nullable=False, server_default="0"))
    op.create_table(
        "events",
        sa.Column("seq", Int, nullable=False, autoincrement=False),
        sa.Column("kind", Str, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("session_id", Id),
        sa.Column("payload", Json, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant),
        sa.PrimaryKeyConstraint("seq", name="pk_events"),
        sqlite_strict=True,
    )
    op.create_index("ix_events_expires_at", "events", ["expires_at"])
    counter = op.create_table(
        "event_counter",
        sa.Column("id", Int, nullable=False, autoincrement=False),
        sa.Column("last_seq", Int, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event_counter"),
        sa.CheckConstraint("id = 1", name=op.f("ck_event_counter_id")),
        sqlite_strict=True,
    )
    op.bulk_insert(counter, [{"id": 1, "last_seq": 0}])
