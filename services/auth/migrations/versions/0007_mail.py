"""Mails wait in an outbox and are counted; their tokens prove that somebody reads there."""

import sqlalchemy as sa
from alembic import op

from shopkit.tables import Id, Instant, Int, Json, Str

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "email_tokens",
        sa.Column("token_hash", Str, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("purpose", Str, nullable=False),
        sa.Column("email", Str, nullable=False),
        sa.Column("bound_to", Str, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("used_at", Instant),
        sa.PrimaryKeyConstraint("token_hash", name="pk_email_tokens"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_email_tokens_user_id", ondelete="CASCADE"
        ),
        sa.CheckConstraint(
            "purpose IN ('verify_email', 'reset_password', 'change_email')",
            name=op.f("ck_email_tokens_purpose"),
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_email_tokens_user_id", "email_tokens", ["user_id"])
    op.create_index("ix_email_tokens_created_at", "email_tokens", ["created_at"])
    op.create_table(
        "mail_counts",
        sa.Column("key", Str, nullable=False),
        sa.Column("failures", Int, nullable=False),
        sa.Column("blocked_until", Instant),
        sa.Column("expires_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_mail_counts"),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_mail_counts_failures")),
        sqlite_strict=True,
    )
    op.create_index("ix_mail_counts_expires_at", "mail_counts", ["expires_at"])
    op.create_table(
        "outbox",
        sa.Column("id", Id, nullable=False),
        sa.Column("topic", Str, nullable=False),
        sa.Column("payload", Json, nullable=False),
        sa.Column("attempts", Int, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sqlite_strict=True,
    )
    op.create_index("ix_outbox_due_at", "outbox", ["due_at"])
