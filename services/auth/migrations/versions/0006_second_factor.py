"""Second factors with their recovery codes; sessions remember whether they were opened with one."""

import sqlalchemy as sa
from alembic import op

from shopkit.tables import Flag, Id, Instant, Int, Str

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column(
        "sessions", sa.Column("second_factor", Flag, nullable=False, server_default=sa.false())
    )
    op.create_table(
        "second_factors",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("sealed_secret", Str, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("confirmed_at", Instant),
        sa.Column("last_step", Int),
        sa.PrimaryKeyConstraint("user_id", name="pk_second_factors"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_second_factors_user_id", ondelete="CASCADE"
        ),
        sa.CheckConstraint(
            "(confirmed_at IS NULL) = (last_step IS NULL)", name=op.f("ck_second_factors_confirmed")
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("code_hash", Str, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "code_hash", name="pk_recovery_codes"),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["second_factors.user_id"],
            name="fk_recovery_codes_user_id",
            ondelete="CASCADE",
        ),
        sqlite_strict=True,
    )
