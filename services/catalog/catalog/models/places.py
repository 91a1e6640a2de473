"""What once stood elsewhere: slugs of before, and products that follow a moved category."""

from sqlalchemy import Column, Identity, Index, PrimaryKeyConstraint

from catalog.models.metadata import metadata
from shopkit.tables import Id, Instant, Int, Str, new_table, one_of

# No foreign key: a target is in one of three tables.
old_slugs = new_table(
    metadata,
    "old_slugs",
    Column("kind", Str, nullable=False),
    Column("slug", Str, nullable=False),
    Column("target_id", Id, nullable=False),
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("kind", "slug"),
    one_of("kind", "category", "group", "product"),
    Index("ix_old_slugs_target", "kind", "target_id"),
)

refilings = new_table(
    metadata,
    "refilings",
    Column("seq", Int, Identity(), primary_key=True),
    Column("category_id", Id, nullable=False),
    Column("after_seq", Int, nullable=False),  # products up to this one are done
)
