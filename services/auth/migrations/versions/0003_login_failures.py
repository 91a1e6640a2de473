"""Failed logins are counted, for each account, client address and known device."""

import sqlalchemy as sa
from alembic import op

from shopkit.tables import Instant, Int, Str

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "login_failures",
        sa.Column("key", Str, nullable=False),
        sa.Column("failures", Int, nullable=False),
        sa.Column("blocked_until", Instant),
        sa.Column("expires_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_login_failures"),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_login_failures_failures")),
        sqlite_strict=True,
    )
    op.create_index("ix_login_failures_expires_at", "login_failures", ["expires_at"])
