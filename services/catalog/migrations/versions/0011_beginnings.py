"""On PostgreSQL the table of indexed words tells how words with digits begin.

Copies of the service from before do not: what they write between this and their end is found by its
whole words only, until it is written again.
"""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":  # has them all
        return
    op.execute(
        "INSERT INTO search_words (word) SELECT DISTINCT substring(word from '^[^0-9]+') || '0' "
        "FROM product_search, unnest(tsvector_to_array(document)) AS found (word) "
        "WHERE word ~ '^[^0-9]' AND NOT EXISTS "
        "(SELECT FROM search_words known WHERE known.word = found.word) ON CONFLICT DO NOTHING"
    )
