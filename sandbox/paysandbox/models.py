"""The sandbox's tables; made at the start when they are not there."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, text

from paysandbox.domain import Kind, Status
from shopkit.idempotency import new_key_table
from shopkit.outbox import new_outbox_table
from shopkit.tables import Flag, Id, Instant, Int, Str, new_metadata, new_table, one_of

metadata = new_metadata()


intents = new_table(
    metadata,
    "intents",
    Column("seq", Int, primary_key=True),
    Column("id", Id, nullable=False, unique=True),
    Column("reference", Str, nullable=False, unique=True),
    Column("amount", Int, nullable=False),
    Column("currency", Str, nullable=False),
    Column("status", Str, nullable=False),
    Column("captured", Int, nullable=False),
    Column("refunded", Int, nullable=False),
    Column("token", Str),
    Column("decline", Str),
    Column("silent", Flag, nullable=False),
    Column("created_at", Instant, nullable=False, index=True),
    one_of("status", *Status),
    CheckConstraint("0 <= refunded AND refunded <= captured AND captured <= amount", name="money"),
    CheckConstraint("(status = 'captured') = (captured > 0)", name="captured"),
)

# Rows are only ever added: this is what was charged.
ledger = new_table(
    metadata,
    "ledger",
    Column("seq", Int, primary_key=True),
    Column("intent", Id, ForeignKey("intents.id"), nullable=False),
    Column("reference", Str, nullable=False, index=True),
    Column("kind", Str, nullable=False),
    Column("amount", Int, nullable=False),
    Column("currency", Str, nullable=False),
    Column("key", Str),
    Column("at", Instant, nullable=False),
    one_of("kind", *Kind),
    CheckConstraint("amount > 0", name="amount"),
    # Nothing but a refund happens to an intent twice.
    Index(
        "uq_ledger_intent_kind",
        "intent",
        "kind",
        unique=True,
        sqlite_where=text("kind <> 'refund'"),
    ),
)

keys = new_key_table(metadata)
outbox = new_outbox_table(metadata)
