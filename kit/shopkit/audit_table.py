"""The table of an audit log, which only grows."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Index, MetaData, Table

from shopkit.tables import Id, Instant, Str, Verbatim, new_table

if TYPE_CHECKING:
    from alembic.operations import Operations

NAME = "audit_log"
INDEXES = {
    "ix_audit_log_at": ("at", "id"),
    "ix_audit_log_actor": ("actor", "at", "id"),
    "ix_audit_log_object": ("object_id", "at", "id"),
    "ix_audit_log_request_id": ("request_id",),
}


def new_audit_table(metadata: MetaData) -> Table:
    return new_table(
        metadata, NAME, *_columns(), *(Index(name, *of) for name, of in INDEXES.items())
    )


def _columns() -> list[Column[Any]]:
    return [
        Column("id", Id, primary_key=True),
        Column("at", Instant, nullable=False),
        Column("actor", Str, nullable=False),
        Column("action", Str, nullable=False),
        Column("object_id", Str, nullable=False),
        Column("before", Verbatim),
        Column("after", Verbatim),
        Column("request_id", Str),
    ]


def create_audit_table(op: "Operations") -> None:
    """The first form of the table, for a service's migration; whatever changes it later is a
    migration of its own. Whoever owns a table can take its triggers away, but not by mistake."""
    op.create_table(NAME, *_columns(), sqlite_strict=True)
    for name, of in INDEXES.items():
        op.create_index(name, NAME, list(of))
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _ON_SQLITE if sqlite else _ON_POSTGRESQL:
        op.execute(statement)


_ON_SQLITE = (
    "CREATE TRIGGER audit_log_update BEFORE UPDATE ON audit_log "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    "CREATE TRIGGER audit_log_delete BEFORE DELETE ON audit_log "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    # INSERT OR REPLACE deletes without the trigger for that.
    "CREATE TRIGGER audit_log_replace BEFORE INSERT ON audit_log "
    "WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id) "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
)
_ON_POSTGRESQL = (
    "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'restrict_violation'; END $$",
    "CREATE TRIGGER audit_log_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()",
)
