"""The addresses that customers keep, with at most one default for shipping and one for billing."""

import sqlalchemy as sa
from alembic import op

from shopkit.tables import Flag, Id, Instant, Int, Json, Str

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "addresses",
        sa.Column("id", Id, nullable=False),
        sa.Column("owner", Str, nullable=False),
        sa.Column("address", Json, nullable=False),
        sa.Column("default_shipping", Flag, nullable=False),
        sa.Column("default_billing", Flag, nullable=False),
        sa.Column("version", Int, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_addresses"),
        sqlite_strict=True,
    )
    op.create_index("ix_addresses_owner_id", "addresses", ["owner", "id"])
    for default in ("default_shipping", "default_billing"):
        op.create_index(
            f"uq_addresses_{default}",
            "addresses",
            ["owner"],
            unique=True,
            sqlite_where=sa.text(default),
            postgresql_where=sa.text(default),
        )
