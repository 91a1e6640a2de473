"""Imports: begin, look at, cancel and undo them. `import_steps` does their work."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from catalog.errors import ImportFinished, ImportNotUndoable, TooManyImports
from catalog.import_files import ImportFiles
from catalog.models import audit_log, idempotency_keys
from catalog.repository import imports as rows
from catalog.schemas.imports import ImportQuery
from shopkit.audit import By, record
from shopkit.db import Database
from shopkit.errors import FieldError, Invalid, NotFound, Unavailable
from shopkit.idempotency import Answer, fingerprint, replayable
from shopkit.ids import new_id
from shopkit.pagination import Cursors

MOST_WAITING = 20
COUNTS = ("created", "updated", "unchanged", "deleted", "failed")
_SHOWN = (
    "id", "kind", "state", "undo_of", "create_categories", "forgotten",
    "created_at", "started_at", "finished_at",
)  # fmt: skip


def import_of(row: dict[str, Any]) -> dict[str, Any]:
    """The public form."""
    return {
        **{name: row[name] for name in _SHOWN},
        "rows": {"done": row["done"], "total": row["total"]},
        "counts": {name: row[name] for name in COUNTS},
    }


async def receive_import(
    database: Database,
    files: ImportFiles,
    chunks: AsyncIterator[bytes],
    *,
    key: str | None,
    **more: Any,
) -> Answer:
    """Keep the file, then begin its import: `more` is for `create_import`. Raises what that does,
    and PayloadTooLarge, StorageFull, Invalid."""
    id_, begun = new_id(), False
    received = await files.receive(id_, chunks)
    try:
        if not received.total:
            detail = "The file is empty: send one product in each line."
            raise Invalid(detail, errors=[FieldError("", "missing", detail)])
        answer = await database.run(
            create_import,
            id=id_,
            size=received.size,
            total=received.total,
            digest=received.digest,
            key=key,
            **more,
        )
        begun = not answer.replayed
    except Unavailable:
        begun = True  # perhaps it is; else the file is a stray, which goes after a day
        raise
    finally:
        if not begun:
            files.remove(id_)
    return answer


def create_import(
    conn: Connection,
    *,
    id: str,
    size: int,
    total: int,
    digest: str,
    create_categories: bool,
    key: str | None,
    by: By,
    now: datetime,
) -> Answer:
    """Its file is in its place already. Raises TooManyImports."""

    def effect() -> Answer:
        if len(rows.unfinished_imports(conn)) >= MOST_WAITING:
            raise TooManyImports("Wait until one of them has ended, or cancel one.")
        values = {"size": size, "total": total, "create_categories": create_categories}
        return _begun(conn, "import", by, now, id=id, **values)

    return replayable(
        conn,
        table=idempotency_keys,
        key=key,
        caller=by.actor,
        route="create_import",
        fingerprint=fingerprint(None, digest, str(create_categories)),
        now=now,
        effect=effect,
    )


def undo_import(conn: Connection, *, id: str, key: str | None, by: By, now: datetime) -> Answer:
    """Raises NotFound, ImportNotUndoable."""

    def effect() -> Answer:
        found = _locked(conn, id)
        if found["kind"] != "import":
            raise ImportNotUndoable("An undo is not undone; run the import again.")
        if found["state"] in rows.UNFINISHED:
            raise ImportNotUndoable("It has not ended yet: cancel it before.")
        if found["forgotten"]:
            raise ImportNotUndoable("What was before it is not remembered any more.")
        total = rows.count_changes(conn, import_id=id)
        if rows.is_being_undone(conn, id=id) or total == 0:
            raise ImportNotUndoable("There is nothing left to undo, or it is being undone.")
        return _begun(conn, "undo", by, now, id=new_id(), undo_of=id, total=total)

    return replayable(
        conn,
        table=idempotency_keys,
        key=key,
        caller=by.actor,
        route="undo_import",
        fingerprint=fingerprint(None, id),
        now=now,
        effect=effect,
    )


def _begun(conn: Connection, kind: str, by: By, now: datetime, **values: Any) -> Answer:
    counts = dict.fromkeys((*COUNTS, "size", "position", "line", "total", "done"), 0)
    rest = dict.fromkeys(("undo_of", "started_at", "finished_at"))
    flags = {"create_categories": False, "forgotten": False}
    who = {"actor": by.actor, "request_id": by.request_id, "created_at": now}
    row: dict[str, Any] = {**counts, **rest, **flags, **who, "kind": kind, "state": "queued"}
    row |= values
    rows.insert_import(conn, row)
    return Answer(202, import_of(row), {"Location": f"/api/imports/{row['id']}"})


def get_import(conn: Connection, *, id: str) -> dict[str, Any]:
    """Raises NotFound."""
    found = rows.find_import(conn, id=id)
    if found is None:
        raise _not_found()
    return import_of(found)


def list_imports(conn: Connection, *, query: ImportQuery, cursors: Cursors) -> dict[str, Any]:
    """A page, newest first. Raises InvalidCursor."""
    after = cursors.decode("imports", query.cursor)[0] if query.cursor is not None else None
    found = rows.list_imports(conn, after=after, limit=query.limit + 1)
    items, more = found[: query.limit], len(found) > query.limit
    last = cursors.encode("imports", [items[-1]["id"]]) if more else None
    return {"items": [import_of(row) for row in items], "next_cursor": last}


def list_errors(conn: Connection, *, id: str, after: int, limit: int) -> list[dict[str, Any]]:
    """Some rows that failed, those after `after`. Raises NotFound."""
    get_import(conn, id=id)
    found = rows.list_errors(conn, import_id=id, after=after, limit=limit)
    return [{"row": one["number"], "sku": one["sku"], "errors": one["errors"]} for one in found]


def cancel_import(conn: Connection, *, id: str, by: By, now: datetime) -> dict[str, Any]:
    """What is done stays. Raises NotFound, ImportFinished."""
    found = _locked(conn, id)
    if found["state"] == "done":
        raise ImportFinished("It is done. `undo` takes its effects back.")
    if found["state"] != "cancelled":
        found = finish(conn, found, "cancelled", by=by, now=now)
    return import_of(found)


def finish(
    conn: Connection, row: dict[str, Any], state: str, *, by: By, now: datetime
) -> dict[str, Any]:
    """The end of an import, which is the one thing that the audit log has of it."""
    values = {"state": state, "finished_at": now}
    rows.update_import(conn, id=row["id"], values=values)
    row = {**row, **values}
    action = f"import.{'cancel' if state == 'cancelled' else row['kind']}"
    shown = import_of(row)
    after = {name: shown[name] for name in ("kind", "state", "undo_of", "rows", "counts")}
    record(conn, audit_log, by, action, row["id"], before=None, after=after, now=now)
    return row


def _locked(conn: Connection, id: str) -> dict[str, Any]:
    found = rows.lock_import(conn, id=id)
    if found is None:
        raise _not_found()
    return found


def _not_found() -> NotFound:
    return NotFound("There is no such import.")
