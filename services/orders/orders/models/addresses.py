"""The addresses that customers keep. Orders have copies of their own."""

from sqlalchemy import Column, Index

from orders.models.orders import metadata
from shopkit.tables import Flag, Id, Instant, Int, Json, Str, new_table, partial_index

addresses = new_table(
    metadata,
    "addresses",
    Column("id", Id, primary_key=True),
    Column("owner", Str, nullable=False),
    Column("address", Json, nullable=False),
    Column("default_shipping", Flag, nullable=False),
    Column("default_billing", Flag, nullable=False),
    Column("version", Int, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("ix_addresses_owner_id", "owner", "id"),
    # At most one default of each kind, whatever runs at once.
    partial_index("uq_addresses_default_shipping", "owner", unique=True, where="default_shipping"),
    partial_index("uq_addresses_default_billing", "owner", unique=True, where="default_billing"),
)
