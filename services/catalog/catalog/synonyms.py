"""Create, read, change and delete synonyms."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from catalog.errors import TooManySynonyms
from catalog.models import audit_log, idempotency_keys
from catalog.repository import synonyms as rows
from catalog.schemas.synonyms import SynonymsInput, SynonymsQuery
from shopkit.audit import By, record
from shopkit.conditional import check_if_match, etag
from shopkit.errors import NotFound
from shopkit.idempotency import Answer, fingerprint, replayable
from shopkit.ids import new_id
from shopkit.pagination import Cursors

MAX_GROUPS = 1_000


def list_synonyms(conn: Connection, *, query: SynonymsQuery, cursors: Cursors) -> dict[str, Any]:
    """A page, newest first. Raises InvalidCursor."""
    after = cursors.decode("synonyms", query.cursor)[0] if query.cursor is not None else None
    found = rows.list_synonyms(conn, after=after, limit=query.limit + 1)
    items, more = found[: query.limit], len(found) > query.limit
    last = cursors.encode("synonyms", [items[-1]["id"]]) if more else None
    return {"items": items, "next_cursor": last}


def get_synonyms(conn: Connection, *, id: str) -> dict[str, Any]:
    """Raises NotFound."""
    group = rows.find_synonyms(conn, id=id)
    if group is None:
        raise NotFound("There are no such synonyms.")
    return group


def create_synonyms(
    conn: Connection, *, payload: SynonymsInput, key: str | None, by: By, now: datetime
) -> Answer:
    """Raises TooManySynonyms."""

    def effect() -> Answer:
        rows.new_edition(conn)
        if rows.count_synonyms(conn) >= MAX_GROUPS:
            raise TooManySynonyms(f"A shop may have {MAX_GROUPS} groups of synonyms.")
        made = payload.model_dump()
        group = {"id": new_id(), "version": 1, **made, "created_at": now, "updated_at": now}
        rows.insert_synonyms(conn, group)
        id = group["id"]
        record(conn, audit_log, by, "synonyms.create", id, before=None, after=made, now=now)
        location = f"/api/search/synonyms/{id}"
        return Answer(201, group, {"Location": location, "ETag": etag(1)})

    return replayable(
        conn,
        table=idempotency_keys,
        key=key,
        caller=by.actor,
        route="create_synonyms",
        fingerprint=fingerprint(payload),
        now=now,
        effect=effect,
    )


def replace_synonyms(
    conn: Connection,
    *,
    id: str,
    payload: SynonymsInput,
    if_match: str | None,
    by: By,
    now: datetime,
) -> dict[str, Any]:
    group = _locked(conn, id, if_match)
    is_now, was = payload.model_dump(), {"terms": group["terms"]}
    if is_now == was:
        return group
    changed = {**is_now, "version": group["version"] + 1, "updated_at": now}
    rows.update_synonyms(conn, id=id, values=changed)
    record(conn, audit_log, by, "synonyms.update", id, before=was, after=is_now, now=now)
    return group | changed


def delete_synonyms(
    conn: Connection, *, id: str, if_match: str | None, by: By, now: datetime
) -> None:
    group = _locked(conn, id, if_match)
    rows.delete_synonyms(conn, id=id)
    was = {"terms": group["terms"]}
    record(conn, audit_log, by, "synonyms.delete", id, before=was, after=None, now=now)


def _locked(conn: Connection, id: str, if_match: str | None) -> dict[str, Any]:
    rows.new_edition(conn)
    group = get_synonyms(conn, id=id)
    check_if_match(if_match, group["version"])
    return group
