"""Goods that customers send back after they were sold."""

import sqlalchemy as sa
from alembic import op

from shopkit.tables import Id, Instant, Str

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _returned()
    op.create_table(
        "returns",
        sa.Column("id", Id, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("lines", Str, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_returns"),
        sa.ForeignKeyConstraint(
            ["order_id"], ["reservations.order_id"], name="fk_returns_order_id"
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_returns_order_id", "returns", ["order_id"])


def _returned() -> None:
    """In words of its own: Alembic adds the check apart from the column, which SQLite cannot."""
    kind = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f"ALTER TABLE reservation_lines ADD COLUMN returned {kind} NOT NULL DEFAULT 0 "
        "CONSTRAINT ck_reservation_lines_returned CHECK (returned >= 0 AND returned <= quantity)"
    )
