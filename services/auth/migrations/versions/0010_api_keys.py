"""API keys, and the scopes with which admins make and see them."""

import sqlalchemy as sa
from alembic import op

from shopkit.tables import Id, Instant, Json, Str

revision = "0010"
down_revision = "0009"

roles = sa.table("roles", sa.column("name", Str), sa.column("scopes", Json))


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", Id, nullable=False),
        sa.Column("prefix", Str, nullable=False),
        sa.Column("key_hash", Str, nullable=False),
        sa.Column("name", Str, nullable=False),
        sa.Column("scopes", Json, nullable=False),
        sa.Column("rate_class", Str, nullable=False),
        sa.Column("made_by", Id, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant),
        sa.Column("last_used_at", Instant),
        sa.Column("revoked_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("prefix", name="uq_api_keys_prefix"),
        sa.ForeignKeyConstraint(
            ["made_by"], ["users.id"], name="fk_api_keys_made_by", ondelete="CASCADE"
        ),
        sa.CheckConstraint(
            "rate_class IN ('standard', 'high')", name=op.f("ck_api_keys_rate_class")
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_api_keys_made_by", "api_keys", ["made_by"])
    of_admin = roles.c.name == "admin"
    scopes = op.get_bind().execute(sa.select(roles.c.scopes).where(of_admin)).scalar_one()
    wider = sorted({*scopes, "keys:read", "keys:write"})
    op.execute(sa.update(roles).where(of_admin).values(scopes=wider))
