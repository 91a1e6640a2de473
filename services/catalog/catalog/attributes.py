"""Define attributes, change and delete definitions."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from catalog.domain import MAX_DEFINITIONS, ancestors_of
from catalog.errors import TooManyAttributes, invalid_field
from catalog.models import audit_log, idempotency_keys
from catalog.repository import attributes as rows
from catalog.repository.categories import parents
from catalog.repository.values import fill_some
from catalog.schemas.attributes import AttributeCreate, AttributePatch
from shopkit.audit import By, record
from shopkit.conditional import check_if_match, etag
from shopkit.errors import NotFound
from shopkit.idempotency import Answer, fingerprint, replayable
from shopkit.ids import new_id

FILLED_AT_ONCE = 100
"""So many products are indexed at once; the worker does the others."""
_INNER = ("seq", "after_seq")


def list_attributes(conn: Connection) -> list[dict[str, Any]]:
    """All definitions, by code."""
    return [_shown(one) for one in rows.list_attributes(conn)]


def attributes_of_category(conn: Connection, *, category_id: str) -> list[dict[str, Any]]:
    """The definitions that apply to what is in a category."""
    above = ancestors_of(parents(conn), {category_id})
    return [_shown(one) for one in rows.list_attributes(conn) if applies(one, above)]


def applies(definition: dict[str, Any], places: set[str]) -> bool:
    """`places` are the categories of a product and all above them."""
    scope = definition["category_ids"]
    return not scope or not places.isdisjoint(scope)


def get_attribute(conn: Connection, *, id: str) -> dict[str, Any]:
    """Raises NotFound."""
    return _shown(_found(conn, id))


def create_attribute(
    conn: Connection, *, payload: AttributeCreate, key: str | None, by: By, now: datetime
) -> Answer:
    """Raises AttributeTaken, TooManyAttributes, Invalid."""

    def effect() -> Answer:
        rows.lock_definitions(conn, "change")
        if rows.count_attributes(conn) >= MAX_DEFINITIONS:
            raise TooManyAttributes(f"A shop may have {MAX_DEFINITIONS} attributes.")
        id, made = new_id(), payload.model_dump()
        values = {**made, "id": id, "indexed": "none", "after_seq": 0, "version": 1}
        rows.insert_attribute(conn, {**values, "created_at": now, "updated_at": now})
        if payload.filterable:
            _start_filling(conn, _found(conn, id))
        record(conn, audit_log, by, "attribute.create", id, before=None, after=made, now=now)
        shown = _shown(_found(conn, id))
        return Answer(201, shown, {"Location": f"/api/attributes/{id}", "ETag": etag(1)})

    return replayable(
        conn,
        table=idempotency_keys,
        key=key,
        caller=by.actor,
        route="create_attribute",
        fingerprint=fingerprint(payload),
        now=now,
        effect=effect,
    )


def patch_attribute(
    conn: Connection,
    *,
    id: str,
    payload: AttributePatch,
    if_match: str | None,
    by: By,
    now: datetime,
) -> dict[str, Any]:
    """RFC 7396. Raises Invalid."""
    definition = _locked(conn, id, if_match)
    sent = payload.model_dump(exclude_unset=True)
    if "category_ids" in sent:
        sent["category_ids"] = sent["category_ids"] or []
    wanted = {**definition, **sent}
    if (wanted["type"] == "choice") != bool(wanted["choices"]):
        raise invalid_field("/choices", "type_mismatch", "They are for choice, which needs some.")
    if wanted["unit"] is not None and wanted["type"] != "number":
        raise invalid_field("/unit", "type_mismatch", "Only numbers have a unit.")
    changed = {"version": definition["version"] + 1, "updated_at": now}
    if "category_ids" in sent:
        rows.set_scope(conn, seq=definition["seq"], category_ids=wanted["category_ids"])
    columns = {name: value for name, value in sent.items() if name != "category_ids"}
    rows.update_attribute(conn, seq=definition["seq"], values=columns | changed)
    if wanted["filterable"] and not definition["filterable"]:
        _start_filling(conn, wanted)
    elif definition["filterable"] and not wanted["filterable"]:
        rows.update_attribute(conn, seq=definition["seq"], values={"indexed": "clearing"})
    was, is_now = _written(definition), _written(wanted)
    record(conn, audit_log, by, "attribute.update", id, before=was, after=is_now, now=now)
    return get_attribute(conn, id=id)


def delete_attribute(
    conn: Connection, *, id: str, if_match: str | None, by: By, now: datetime
) -> None:
    """Products keep what they say of it, as something that nobody has defined."""
    definition = _locked(conn, id, if_match)
    rows.set_scope(conn, seq=definition["seq"], category_ids=[])
    gone = {"code": None, "filterable": False, "indexed": "clearing", "updated_at": now}
    rows.update_attribute(conn, seq=definition["seq"], values=gone)
    was = _written(definition)
    record(conn, audit_log, by, "attribute.delete", id, before=was, after=None, now=now)


def _start_filling(conn: Connection, definition: dict[str, Any]) -> None:
    started = {"indexed": "filling", "after_seq": 0}
    rows.update_attribute(conn, seq=definition["seq"], values=started)
    fill_some(conn, definition | started, limit=FILLED_AT_ONCE)


def _found(conn: Connection, id: str) -> dict[str, Any]:
    definition = rows.find_attribute(conn, id=id)
    if definition is None:
        raise NotFound("There is no such attribute.")
    return definition


def _locked(conn: Connection, id: str, if_match: str | None) -> dict[str, Any]:
    rows.lock_definitions(conn, "change")
    definition = _found(conn, id)
    check_if_match(if_match, definition["version"])
    return definition


def _shown(definition: dict[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in definition.items() if name not in _INNER}
    return shown | {"indexed": definition["indexed"] == "ready"}


def _written(definition: dict[str, Any]) -> dict[str, Any]:
    """What staff wrote of it."""
    return {name: definition[name] for name in AttributeCreate.model_fields}
