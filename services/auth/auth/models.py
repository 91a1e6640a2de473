"""The tables of auth."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    false,
    text,
)

from shopkit.audit_table import new_audit_table
from shopkit.idempotency import new_key_table
from shopkit.outbox import new_outbox_table
from shopkit.tables import (
    Flag,
    Id,
    Instant,
    Int,
    Json,
    Str,
    new_metadata,
    new_table,
    one_of,
)

metadata = new_metadata()

users = new_table(
    metadata,
    "users",
    Column("id", Id, primary_key=True),
    Column("email", Str, nullable=False),
    Column("email_key", Str, nullable=False),
    Column("name", Str),
    Column("password_hash", Str, nullable=False),
    Column("email_verified", Flag, nullable=False),
    Column("disabled", Flag, nullable=False),
    Column("token_version", Int, nullable=False, server_default="0"),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("locale", Str),
    Column("marketing", Flag, nullable=False, server_default=false()),
    Column("marketing_changed_at", Instant),
    UniqueConstraint("email_key"),
)

roles = new_table(
    metadata,
    "roles",
    Column("name", Str, primary_key=True),
    Column("description", Str, nullable=False),
    Column("scopes", Json, nullable=False),
    Column("built_in", Flag, nullable=False),
)

user_roles = new_table(
    metadata,
    "user_roles",
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("role", Str, ForeignKey("roles.name"), nullable=False),
    PrimaryKeyConstraint("user_id", "role"),
    Index("ix_user_roles_role", "role"),
)

sessions = new_table(
    metadata,
    "sessions",
    Column("id", Id, primary_key=True),
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("revoked_reason", Str),
    Column("user_agent", Str),
    Column("second_factor", Flag, nullable=False),
    Index("ix_sessions_user_id_last_used_at", "user_id", "last_used_at"),
    Index("ix_sessions_expires_at", "expires_at"),
)

events = new_table(
    metadata,
    "events",
    Column("seq", Int, primary_key=True, autoincrement=False),
    Column("kind", Str, nullable=False),
    Column("user_id", Id, nullable=False),  # outlives the user
    Column("session_id", Id),
    Column("payload", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),  # none: it is kept
    Index("ix_events_expires_at", "expires_at"),
)

event_counter = new_table(
    metadata,
    "event_counter",
    Column("id", Int, primary_key=True, autoincrement=False),
    Column("last_seq", Int, nullable=False),  # one row: whoever writes an event holds it
    CheckConstraint("id = 1", name="id"),
)


def _counters(name: str) -> Table:
    return new_table(
        metadata,
        name,
        Column("key", Str, primary_key=True),  # a keyed hash: no address is stored in clear
        Column("failures", Int, nullable=False),
        Column("blocked_until", Instant),
        Column("expires_at", Instant, nullable=False),
        CheckConstraint("failures >= 0", name="failures"),
        Index(f"ix_{name}_expires_at", "expires_at"),
    )


login_failures = _counters("login_failures")
mail_counts = _counters("mail_counts")  # each mail asked for counts like a failure

second_factors = new_table(
    metadata,
    "second_factors",
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("sealed_secret", Str, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("confirmed_at", Instant),
    Column("last_step", Int),  # whose code was used last; earlier ones are worth nothing
    CheckConstraint("(confirmed_at IS NULL) = (last_step IS NULL)", name="confirmed"),
)

recovery_codes = new_table(
    metadata,
    "recovery_codes",
    Column("user_id", Id, ForeignKey("second_factors.user_id", ondelete="CASCADE"), nullable=False),
    Column("code_hash", Str, nullable=False),
    PrimaryKeyConstraint("user_id", "code_hash"),
)

api_keys = new_table(
    metadata,
    "api_keys",
    Column("id", Id, primary_key=True),
    Column("prefix", Str, nullable=False),
    Column("key_hash", Str, nullable=False),
    Column("name", Str, nullable=False),
    Column("scopes", Json, nullable=False),
    Column("rate_class", Str, nullable=False),
    Column("made_by", Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("last_used_at", Instant),
    Column("revoked_at", Instant),  # the row stays: the audit log names keys as actors
    UniqueConstraint("prefix"),
    one_of("rate_class", "standard", "high"),
    Index("ix_api_keys_made_by", "made_by"),
)

_LIVE = text("state = 'live'")
refresh_tokens = new_table(
    metadata,
    "refresh_tokens",
    Column("token_hash", Str, primary_key=True),
    Column("session_id", Id, ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    Column("generation", Int, nullable=False),
    Column("parent", Int),
    Column("state", Str, nullable=False),
    Column("spent_at", Instant),
    Column("retries", Int, nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("session_id", "generation"),
    CheckConstraint("state IN ('live', 'spent', 'superseded')", name="state"),
    # One live token in a session, whatever runs at once.
    Index(
        "ix_refresh_tokens_live",
        "session_id",
        unique=True,
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    ),
)

audit_log = new_audit_table(metadata)

email_tokens = new_table(
    metadata,
    "email_tokens",
    Column("token_hash", Str, primary_key=True),
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("purpose", Str, nullable=False),
    Column("email", Str, nullable=False),  # that it proves
    Column("bound_to", Str, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    CheckConstraint(
        "purpose IN ('verify_email', 'reset_password', 'change_email')", name="purpose"
    ),
    Index("ix_email_tokens_user_id", "user_id"),
    Index("ix_email_tokens_created_at", "created_at"),
)

invitations = new_table(  # those that are open: one that is accepted or withdrawn is gone
    metadata,
    "invitations",
    Column("id", Id, primary_key=True),
    Column("email", Str, nullable=False),
    Column("email_key", Str, nullable=False),
    Column("name", Str),
    Column("roles", Json, nullable=False),
    Column("token_hash", Str),  # when its mail is written
    Column("invited_by", Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    UniqueConstraint("email_key"),
    UniqueConstraint("token_hash"),
    Index("ix_invitations_invited_by", "invited_by"),
    Index("ix_invitations_expires_at", "expires_at"),
)

outbox = new_outbox_table(metadata)
idempotency_keys = new_key_table(metadata)
