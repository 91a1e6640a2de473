"""What was made with an Idempotency-Key is not made again."""

import sqlalchemy as sa
from alembic import op

from shopkit.tables import Instant, Int, Str, Verbatim

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
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
