"""Staff are invited by mail."""

import sqlalchemy as sa
from alembic import op

from shopkit.tables import Id, Instant, Json, Str

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", Id, nullable=False),
        sa.Column("email", Str, nullable=False),
        sa.Column("email_key", Str, nullable=False),
        sa.Column("name", Str),
        sa.Column("roles", Json, nullable=False),
        sa.Column("token_hash", Str),
        sa.Column("invited_by", Id, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.ForeignKeyConstraint(
            ["invited_by"], ["users.id"], name="fk_invitations_invited_by", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("email_key", name="uq_invitations_email_key"),
        sa.UniqueConstraint("token_hash", name="uq_invitations_token_hash"),
        sqlite_strict=True,
    )
    op.create_index("ix_invitations_invited_by", "invitations", ["invited_by"])
    op.create_index("ix_invitations_expires_at", "invitations", ["expires_at"])
