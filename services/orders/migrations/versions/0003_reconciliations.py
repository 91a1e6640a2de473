"""Who reconciles, and when it was last done; what is not at its end is found without a scan."""

import sqlalchemy as sa
from alembic import op

from shopkit.tables import Id, Instant, Str

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "reconciliations",
        sa.Column("name", Str, nullable=False),
        sa.Column("holder", Id),
        sa.Column("lease_until", Instant),
        sa.Column("completed_at", Instant),
        sa.PrimaryKeyConstraint("name", name="pk_reconciliations"),
        sqlite_strict=True,
    )
    _partial_index("payments", "state IN ('pending', 'authorized') OR refund_pending > 0")
    _partial_index("refunds", "status <> 'succeeded'")


def _partial_index(table: str, where: str) -> None:
    condition = sa.text(where)
    op.create_index(
        f"ix_{table}_open", table, ["id"], sqlite_where=condition, postgresql_where=condition
    )
