"""Words of name, SKU and attributes are marked in SQLite's search index; see search_text.py."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    op.execute("DROP TABLE product_fts")
    op.execute("ALTER TABLE product_search RENAME COLUMN description TO anywhere")
    op.execute(
        "UPDATE product_search SET "
        "anywhere = name || ' ' || sku || ' ' || attributes || ' ' || anywhere, "
        + ", ".join(f"{field} = {_marked(field)}" for field in ("name", "sku", "attributes"))
    )
    op.execute(
        "CREATE VIRTUAL TABLE product_fts USING fts5(name, sku, attributes, anywhere, "
        "content='product_search', content_rowid='seq', prefix='1 2 3 4', "
        "tokenize=\"ascii tokenchars '_'\")"
    )
    op.execute("INSERT INTO product_fts (product_fts, rank) VALUES ('usermerge', 2)")
    op.execute("INSERT INTO product_fts (product_fts) VALUES ('rebuild')")


def _marked(field: str) -> str:
    return f"CASE {field} WHEN '' THEN '' ELSE '_' || replace({field}, ' ', ' _') END"
