"""Imports: files of upserts that are done in the background, and what they changed."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    Table,
)

from catalog.models.metadata import metadata
from shopkit.tables import Flag, Id, Instant, Int, Str, Verbatim, new_table, one_of, partial_index

# `position` and `line`: bytes and lines of the file that are done; `total` and `done` are rows.
imports = new_table(
    metadata,
    "imports",
    Column("id", Id, primary_key=True),
    Column("kind", Str, nullable=False),
    Column("state", Str, nullable=False),
    Column("undo_of", Id, ForeignKey("imports.id"), index=True),
    Column("create_categories", Flag, nullable=False),
    Column("actor", Str, nullable=False),
    Column("request_id", Str),
    Column("size", Int, nullable=False),
    Column("position", Int, nullable=False),
    Column("line", Int, nullable=False),
    Column("total", Int, nullable=False),
    Column("done", Int, nullable=False),
    Column("created", Int, nullable=False),
    Column("updated", Int, nullable=False),
    Column("unchanged", Int, nullable=False),
    Column("deleted", Int, nullable=False),
    Column("failed", Int, nullable=False),
    Column("forgotten", Flag, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    one_of("kind", "import", "undo"),
    one_of("state", "queued", "running", "done", "cancelled"),
    CheckConstraint("(kind = 'undo') = (undo_of IS NOT NULL)", name="undo_of"),
    partial_index("ix_imports_unfinished", "id", where="state IN ('queued', 'running')"),
    Index("ix_imports_finished_at", "forgotten", "finished_at"),
)

# Both are forgotten with the import's file.
import_errors = Table(
    "import_errors",
    metadata,
    Column("import_id", Id, ForeignKey("imports.id"), nullable=False),
    Column("number", Int, nullable=False),  # of the row
    Column("sku", Str),
    Column("errors", Verbatim, nullable=False),
    PrimaryKeyConstraint("import_id", "number"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# How it was before the import: `was` is NULL for what it made. `version` is the one that it left:
# with another one somebody has changed it since.
import_changes = Table(
    "import_changes",
    metadata,
    Column("import_id", Id, ForeignKey("imports.id"), nullable=False),
    Column("object_id", Id, nullable=False),
    Column("kind", Str, nullable=False),
    Column("number", Int, nullable=False),  # of the row that was first to touch it
    Column("version", Int, nullable=False),
    Column("was", Verbatim),
    PrimaryKeyConstraint("import_id", "object_id"),
    one_of("kind", "product", "category", "group"),
    Index("ix_import_changes_number", "import_id", "number", "kind", "object_id"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
