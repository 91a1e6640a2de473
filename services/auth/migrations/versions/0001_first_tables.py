"""Users, roles with their scopes, sessions and refresh tokens."""

import sqlalchemy as sa
from alembic import op

from shopkit.tables import Flag, Id, Instant, Int, Json, Str

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

RESOURCES = (
    "products",
    "categories",
    "inventory",
    "orders",
    "payments",
    "refunds",
    "promotions",
    "users",
    "webhooks",
)
READ = [f"{resource}:read" for resource in RESOURCES]
WRITE = [f"{resource}:write" for resource in RESOURCES]
ROLES = {
    "customer": ("Buys; needs no scope for what is their own", []),
    "support": (
        "Sees what customers ask about",
        [scope for scope in READ if scope != "webhooks:read"],
    ),
    "catalog_manager": (
        "Keeps products, categories, stock and promotions",
        [
            f"{resource}:{verb}"
            for resource in ("products", "categories", "inventory", "promotions")
            for verb in ("read", "write")
        ],
    ),
    "order_manager": (
        "Handles orders, payments and refunds",
        [
            f"{resource}:{verb}"
            for resource in ("orders", "payments", "refunds")
            for verb in ("read", "write")
        ]
        + ["products:read", "categories:read", "inventory:read", "users:read"],
    ),
    "admin": ("May do everything", READ + WRITE),
}


def upgrade() -> None:
    _create_users()
    _create_roles()
    _create_sessions()


def _create_users() -> None:
    op.create_table(
        "users",
        sa.Column("id", Id, nullable=False),
        sa.Column("email", Str, nullable=False),
        sa.Column("email_key", Str, nullable=False),
        sa.Column("name", Str),
        sa.Column("password_hash", Str, nullable=False),
        sa.Column("email_verified", Flag, nullable=False),
        sa.Column("disabled", Flag, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email_key", name="uq_users_email_key"),
        sqlite_strict=True,
    )


def _create_roles() -> None:
    roles = op.create_table(
        "roles",
        sa.Column("name", Str, nullable=False),
        sa.Column("description", Str, nullable=False),
        sa.Column("scopes", Json, nullable=False),
        sa.Column("built_in", Flag, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_roles"),
        sqlite_strict=True,
    )
    op.bulk_insert(
        roles,
        [
            {"name": name, "description": text, "scopes": sorted(scopes), "built_in": True}
            for name, (text, scopes) in ROLES.items()
        ],
    )
    op.create_table(
        "user_roles",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("role", Str, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "role", name="pk_user_roles"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_user_roles_user_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["role"], ["roles.name"], name="fk_user_roles_role"),
        sqlite_strict=True,
    )
    op.create_index("ix_user_roles_role", "user_roles", ["role"])


def _create_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("last_used_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("revoked_at", Instant),
        sa.Column("revoked_reason", Str),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_sessions_user_id", ondelete="CASCADE"
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_sessions_user_id_last_used_at", "sessions", ["user_id", "last_used_at"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    _create_refresh_tokens()


def _create_refresh_tokens() -> None:
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", Str, nullable=False),
        sa.Column("session_id", Id, nullable=False),
        sa.Column("generation", Int, nullable=False),
        sa.Column("parent", Int),
        sa.Column("state", Str, nullable=False),
        sa.Column("spent_at", Instant),
        sa.Column("retries", Int, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_refresh_tokens"),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["sessions.id"],
            name="fk_refresh_tokens_session_id",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint(
            "session_id", "generation", name="uq_refresh_tokens_session_id_generation"
        ),
        sa.CheckConstraint(
            "state IN ('live', 'spent', 'superseded')", name=op.f("ck_refresh_tokens_state")
        ),
        sqlite_strict=True,
    )
    live = sa.text("state = 'live'")
    op.create_index(
        "ix_refresh_tokens_live",
        "refresh_tokens",
        ["session_id"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )


def downgrade() -> None:
    for name in ("refresh_tokens", "sessions", "user_roles", "roles", "users"):
        op.drop_table(name)
