"""Uploaded images, and which products show them."""

from sqlalchemy import Column, ForeignKey, PrimaryKeyConstraint, Table

from catalog.models.metadata import metadata
from shopkit.tables import Flag, Id, Instant, Int, Str, new_table, one_of, partial_index

SUFFIXES = ("jpg", "png", "webp")

# A row is there only while its files are: it comes after them and goes before them.
media = new_table(
    metadata,
    "media",
    Column("id", Id, primary_key=True),
    Column("name", Str, nullable=False, unique=True),
    Column("suffix", Str, nullable=False),
    Column("width", Int, nullable=False),
    Column("height", Int, nullable=False),
    Column("unused_since", Instant),  # NULL while a product shows it
    Column("created_at", Instant, nullable=False),
    one_of("suffix", *SUFFIXES),
    partial_index("ix_media_unused", "unused_since", where="unused_since IS NOT NULL"),
)

# The foreign key to `media` keeps what a product shows, whoever would delete it.
product_media = new_table(
    metadata,
    "product_media",
    Column("product_seq", Int, ForeignKey("products.seq"), nullable=False),
    Column("media_id", Id, ForeignKey("media.id"), nullable=False, index=True),
    PrimaryKeyConstraint("product_seq", "media_id"),
)

# Files that no row of `media` speaks for: not yet, or no longer. Written down before the first file
# is, and until the last one is gone. Whoever removes them dooms the row first, so that an upload
# which was slow beyond measure cannot keep it any more.
media_leftovers: Table = new_table(
    metadata,
    "media_leftovers",
    Column("name", Str, primary_key=True),
    Column("suffix", Str, nullable=False),
    Column("due_at", Instant, nullable=False, index=True),
    Column("doomed", Flag, nullable=False),
    one_of("suffix", *SUFFIXES),
)
