"""The words in the search index on both databases, and synonyms."""

import sqlalchemy as sa
from alembic import op

from shopkit.tables import Id, Instant, Int, Json, Str

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "search_words",
        sa.Column("seq", Int, sa.Identity(), nullable=False),
        sa.Column("word", Str, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_search_words"),
        sa.UniqueConstraint("word", name="uq_search_words_word"),
        sqlite_strict=True,
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute("INSERT INTO search_words (word) SELECT word FROM product_search_words")
        op.execute("DROP TABLE product_search_words")
    else:
        op.execute(
            "INSERT INTO search_words (word) SELECT DISTINCT word FROM product_search, "
            "unnest(tsvector_to_array(document)) AS word WHERE word !~ '[0-9]'"
        )
        # With fewer, every rare word is taken for one that half a percent of the products have.
        op.execute("ALTER TABLE product_search ALTER COLUMN document SET STATISTICS 1000")
        # GIN does not know in which field a word is: without these, a common word that is in no
        # name is looked for in all products that have it anywhere.
        for name, fields in (("name", "a"), ("sku", "a,b"), ("attributes", "a,b,c")):
            op.execute(
                f"CREATE INDEX ix_product_search_{name} ON product_search "
                f"USING gin (ts_filter(document, '{{{fields}}}'))"
            )
    op.create_table(
        "synonyms",
        sa.Column("id", Id, nullable=False),
        sa.Column("terms", Json, nullable=False),
        sa.Column("version", Int, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_synonyms"),
        sqlite_strict=True,
    )
    op.create_table(
        "synonym_edition",
        sa.Column("id", Int, autoincrement=False, nullable=False),
        sa.Column("number", Int, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_synonym_edition"),
        sa.CheckConstraint("id = 1", name=op.f("ck_synonym_edition_one")),
        sqlite_strict=True,
    )
    op.execute("INSERT INTO synonym_edition (id, number) VALUES (1, 0)")
