"""Imports in the background, with what they changed."""

import sqlalchemy as sa
from alembic import op

from shopkit.tables import Flag, Id, Instant, Int, Str, Verbatim

revision = "0010"
down_revision = "0009"

UNFINISHED = sa.text("state IN ('queued', 'running')")
COUNTS = (
    "size",
    "position",
    "line",
    "total",
    "done",
    "created",
    "updated",
    "unchanged",
    "deleted",
    "failed",
)


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", Id, nullable=False),
        sa.Column("kind", Str, nullable=False),
        sa.Column("state", Str, nullable=False),
        sa.Column("undo_of", Id),
        sa.Column("create_categories", Flag, nullable=False),
        sa.Column("actor", Str, nullable=False),
        sa.Column("request_id", Str),
        *(sa.Column(name, Int, nullable=False) for name in COUNTS),
        sa.Column("forgotten", Flag, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("started_at", Instant),
        sa.Column("finished_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_imports"),
        sa.ForeignKeyConstraint(["undo_of"], ["imports.id"], name="fk_imports_undo_of"),
        sa.CheckConstraint("kind IN ('import', 'undo')", name=op.f("ck_imports_kind")),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'cancelled')", name=op.f("ck_imports_state")
        ),
        sa.CheckConstraint(
            "(kind = 'undo') = (undo_of IS NOT NULL)", name=op.f("ck_imports_undo_of")
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_imports_undo_of", "imports", ["undo_of"])
    op.create_index(
        "ix_imports_unfinished",
        "imports",
        ["id"],
        sqlite_where=UNFINISHED,
        postgresql_where=UNFINISHED,
    )
    op.create_index("ix_imports_finished_at", "imports", ["forgotten", "finished_at"])
    _create_rows()


def _create_rows() -> None:
    op.create_table(
        "import_errors",
        sa.Column("import_id", Id, nullable=False),
        sa.Column("number", Int, nullable=False),
        sa.Column("sku", Str),
        sa.Column("errors", Verbatim, nullable=False),
        sa.PrimaryKeyConstraint("import_id", "number", name="pk_import_errors"),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name="fk_import_errors_import_id"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "import_changes",
        sa.Column("import_id", Id, nullable=False),
        sa.Column("object_id", Id, nullable=False),
        sa.Column("kind", Str, nullable=False),
        sa.Column("number", Int, nullable=False),
        sa.Column("version", Int, nullable=False),
        sa.Column("was", Verbatim),
        sa.PrimaryKeyConstraint("import_id", "object_id", name="pk_import_changes"),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name="fk_import_changes_import_id"),
        sa.CheckConstraint(
            "kind IN ('product', 'category', 'group')", name=op.f("ck_import_changes_kind")
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_import_changes_number", "import_changes", ["import_id", "number", "kind", "object_id"]
    )
