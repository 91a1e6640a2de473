"""When the feed and the sitemap were made, and who makes them."""

from sqlalchemy import Column, Table

from catalog.models.metadata import metadata
from shopkit.tables import Instant, Int, Str, new_table

# One row, `public`. Of several copies of the service one is the maker, until a moment that it moves
# on while it works: when it dies, another takes its place.
feeds: Table = new_table(
    metadata,
    "feeds",
    Column("name", Str, primary_key=True),
    Column("asked_at", Instant),
    Column("begun_at", Instant),  # of the last run; made_at is earlier until it is done
    Column("made_at", Instant),
    Column("offers", Int, nullable=False),
    Column("left_out", Int, nullable=False),
    Column("addresses", Int, nullable=False),
    Column("maker", Str),
    Column("maker_until", Instant),
)
