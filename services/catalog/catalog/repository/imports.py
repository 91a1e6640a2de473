"""Rows of imports, of their errors, and of what was before them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from catalog.models import import_changes, import_errors, imports
from shopkit.background import delete_batch
from shopkit.tables import insert_rows

i, e, b = imports.c, import_errors.c, import_changes.c
UNFINISHED = ("queued", "running")
_BY_ID = select(imports).where(i.id == bindparam("id"))
_LOCK = _BY_ID.with_for_update()
_LOCK_FREE = _BY_ID.with_for_update(skip_locked=True)
_UNFINISHED = select(imports).where(i.state.in_(UNFINISHED)).order_by(i.id)
_MOVE = (
    update(import_changes)
    .where(b.import_id == bindparam("of"), b.object_id == bindparam("touched"))
    .values(version=bindparam("after"))
)


def insert_import(conn: Connection, values: dict[str, Any]) -> None:
    conn.execute(insert(imports), values)


def find_import(conn: Connection, *, id: str) -> dict[str, Any] | None:
    row = conn.execute(_BY_ID, {"id": id}).mappings().first()
    return None if row is None else dict(row)


def lock_import(conn: Connection, *, id: str, if_free: bool = False) -> dict[str, Any] | None:
    """With `if_free` None as well where somebody else has it."""
    row = conn.execute(_LOCK_FREE if if_free else _LOCK, {"id": id}).mappings().first()
    return None if row is None else dict(row)


def update_import(conn: Connection, *, id: str, values: dict[str, Any]) -> None:
    conn.execute(update(imports).where(i.id == id).values(**values))


def list_imports(conn: Connection, *, after: str | None, limit: int) -> list[dict[str, Any]]:
    """Newest first."""
    statement = select(imports).order_by(i.id.desc()).limit(limit)
    if after is not None:
        statement = statement.where(i.id < after)
    return [dict(row) for row in conn.execute(statement).mappings()]


def unfinished_imports(conn: Connection) -> list[dict[str, Any]]:
    """Oldest first."""
    return [dict(row) for row in conn.execute(_UNFINISHED).mappings()]


def is_being_undone(conn: Connection, *, id: str) -> bool:
    some = select(i.id).where(i.undo_of == id, i.state.in_(UNFINISHED))
    return conn.execute(some).first() is not None


def add_errors(conn: Connection, rows: list[dict[str, Any]]) -> None:
    """Where a row has errors already those stay: an undo may leave much of what a row has made."""
    insert_rows(conn, import_errors, rows, or_ignore=True)


def list_errors(
    conn: Connection, *, import_id: str, after: int, limit: int
) -> list[dict[str, Any]]:
    """In the order of the rows."""
    statement = (
        select(e.number, e.sku, e.errors)
        .where(e.import_id == import_id, e.number > after)
        .order_by(e.number)
        .limit(limit)
    )
    return [dict(row) for row in conn.execute(statement).mappings()]


def add_changes(conn: Connection, rows: list[dict[str, Any]], *, import_id: str) -> None:
    insert_rows(conn, import_changes, rows, same={"import_id": import_id})


def versions_left(conn: Connection, *, import_id: str, ids: Iterable[str]) -> dict[str, int]:
    """The version that an import left of each of `ids` that it has touched already."""
    some = select(b.object_id, b.version).where(
        b.import_id == import_id, b.object_id.in_(list(ids))
    )
    return {row.object_id: row.version for row in conn.execute(some)}


def move_versions(conn: Connection, *, import_id: str, versions: dict[str, int]) -> None:
    """The import has touched them again."""
    if versions:
        rows = [{"of": import_id, "touched": id_, "after": v} for id_, v in versions.items()]
        conn.execute(_MOVE, rows)


def count_changes(conn: Connection, *, import_id: str) -> int:
    some = select(func.count()).select_from(import_changes).where(b.import_id == import_id)
    return int(conn.execute(some).scalar_one())


def take_last_changes(conn: Connection, *, import_id: str, limit: int) -> list[dict[str, Any]]:
    """Of what is left the last to be done, which is forgotten here: of a row first the product,
    then its group and its categories, children first."""
    statement = (
        select(import_changes)
        .where(b.import_id == import_id)
        .order_by(b.number.desc(), b.kind.desc(), b.object_id.desc())
        .limit(limit)
    )
    found = [dict(row) for row in conn.execute(statement).mappings()]
    taken = [row["object_id"] for row in found]
    if taken:
        here = (b.import_id == import_id, b.object_id.in_(taken))
        conn.execute(delete(import_changes).where(*here))
    return found


def oldest_kept(conn: Connection, *, before: datetime) -> str | None:
    """An import that ended before then and is not forgotten."""
    statement = (
        select(i.id).where(~i.forgotten, i.finished_at < before).order_by(i.finished_at).limit(1)
    )
    return conn.execute(statement).scalar()


def forget_rows(conn: Connection, *, import_id: str, limit: int) -> int:
    """How many errors and changes of an import went."""
    for table in (import_errors, import_changes):
        here = table.c.import_id == import_id
        if gone := delete_batch(conn, table, here, limit=limit):
            return gone
    return 0
