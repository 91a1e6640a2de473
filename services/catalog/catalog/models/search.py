"""What searches know besides the index: the words in it, and what staff say means the same."""

from sqlalchemy import CheckConstraint, Column, Identity, UniqueConstraint

from catalog.models.metadata import metadata
from shopkit.tables import Id, Instant, Int, Json, Str, new_table

# Every word that was ever indexed; on PostgreSQL only those without a digit, since SKUs are many,
# and `ab0` for all that have one after these letters.
search_words = new_table(
    metadata,
    "search_words",
    Column("seq", Int, Identity(), primary_key=True),
    Column("word", Str, nullable=False),
    UniqueConstraint("word"),
)

synonyms = new_table(
    metadata,
    "synonyms",
    Column("id", Id, primary_key=True),
    Column("terms", Json, nullable=False),
    Column("version", Int, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

# One row, whose number grows with every change of synonyms: what is in memory is of one number.
synonym_edition = new_table(
    metadata,
    "synonym_edition",
    Column("id", Int, primary_key=True),
    Column("number", Int, nullable=False),
    CheckConstraint("id = 1", name="one"),
)
