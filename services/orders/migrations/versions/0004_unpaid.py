"""For whom an order counts as long as it is unpaid; only those are in the index."""

import sqlalchemy as sa
from alembic import op

from shopkit.tables import Str

revision = "0004"
down_revision = "0003"

OWED = (
    "status IN ('pending', 'confirmed') AND payment_status = 'unpaid' "
    "AND fulfillment_status = 'unfulfilled'"
)


def upgrade() -> None:
    op.add_column("orders", sa.Column("debtor", Str))
    op.execute(f"UPDATE orders SET debtor = owner WHERE {OWED}")
    op.drop_index("ix_orders_pending_owner", "orders")
    known = sa.text("debtor IS NOT NULL")
    op.create_index(
        "ix_orders_debtor_status",
        "orders",
        ["debtor", "status"],
        sqlite_where=known,
        postgresql_where=known,
    )
