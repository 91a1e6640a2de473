"""What providers told us, what does not fit together, and what staff did."""

from sqlalchemy import Column, PrimaryKeyConstraint

from orders.models.orders import metadata
from shopkit.audit_table import new_audit_table
from shopkit.erasure import new_erasure_tables
from shopkit.tables import Id, Instant, Str, new_table, partial_index

provider_events = new_table(
    metadata,
    "provider_events",
    Column("method", Str, nullable=False),
    Column("id", Str, nullable=False),
    Column("type", Str, nullable=False),
    Column("intent_id", Str),
    Column("received_at", Instant, nullable=False, index=True),
    PrimaryKeyConstraint("method", "id"),
)

# What does not fit together and is not ours to mend; staff close it, or it is gone the next time.
discrepancies = new_table(
    metadata,
    "discrepancies",
    Column("id", Id, primary_key=True),
    Column("kind", Str, nullable=False),
    Column("subject", Str, nullable=False),
    Column("order_id", Id),
    Column("detail", Str, nullable=False),
    Column("found_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("closed_by", Str),
    Column("note", Str),
    partial_index(
        "uq_discrepancies_open", "kind", "subject", unique=True, where="closed_at IS NULL"
    ),
)

# One row: of several copies of the service one reconciles at a time.
reconciliations = new_table(
    metadata,
    "reconciliations",
    Column("name", Str, primary_key=True),
    Column("holder", Id),
    Column("lease_until", Instant),
    Column("completed_at", Instant),
)

audit_log = new_audit_table(metadata)
erasure = new_erasure_tables(metadata)
