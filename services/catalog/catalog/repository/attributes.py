"""Rows of the definitions of attributes."""

import json
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from catalog.errors import AttributeTaken, invalid_field
from catalog.models import attribute_categories, attributes
from shopkit.tables import among, violated

a, ac = attributes.c, attribute_categories.c
_ALL = select(attributes).where(a.code.is_not(None)).order_by(a.code)
_SOME = _ALL.where(among(a.code, "codes"))
_ONE = select(attributes).where(a.id == bindparam("id"), a.code.is_not(None))
_SCOPES = select(ac.attribute_seq, ac.category_id).order_by(ac.category_id)
# Whoever changes what is indexed waits for those who write products, and they for him.
_LOCKS = {
    "change": text("LOCK TABLE attributes IN SHARE ROW EXCLUSIVE MODE"),
    "use": text("LOCK TABLE attributes IN SHARE MODE"),
}


def lock_definitions(conn: Connection, purpose: str) -> None:
    """`change` them, or `use` them for products, until the end of the transaction."""
    if conn.dialect.name == "postgresql":
        conn.execute(_LOCKS[purpose])


def list_attributes(conn: Connection, *, codes: list[str] | None = None) -> list[dict[str, Any]]:
    """Those that are not deleted, or some of them, by code, each with its `category_ids`."""
    statement = _ALL if codes is None else _SOME
    rows = conn.execute(statement, {"codes": codes} if codes else {}).mappings().all()
    if not rows:
        return []
    scopes: dict[int, list[str]] = {}
    for seq, category_id in conn.execute(_SCOPES):
        scopes.setdefault(seq, []).append(category_id)
    return [_definition(row, scopes.get(row["seq"], [])) for row in rows]


def find_attribute(conn: Connection, *, id: str) -> dict[str, Any] | None:
    row = conn.execute(_ONE, {"id": id}).mappings().first()
    if row is None:
        return None
    scope = _SCOPES.where(ac.attribute_seq == row["seq"])
    return _definition(row, [category_id for _, category_id in conn.execute(scope)])


def _definition(row: Any, category_ids: list[str]) -> dict[str, Any]:
    choices = json.loads(row["choices"])
    return {**row, "choices": choices, "category_ids": category_ids}


def count_attributes(conn: Connection) -> int:
    return int(conn.execute(select(func.count()).select_from(attributes)).scalar_one())


def insert_attribute(conn: Connection, values: dict[str, Any]) -> int:
    """The new row's `seq`. Raises AttributeTaken, Invalid."""
    row = {name: value for name, value in values.items() if name != "category_ids"}
    try:
        seq = int(conn.execute(insert(attributes).returning(a.seq), _stored(row)).scalar_one())
    except IntegrityError as exc:
        if violated(exc) == "uq_attributes_code":
            raise AttributeTaken("Another attribute has this code.") from None
        raise
    set_scope(conn, seq=seq, category_ids=values["category_ids"])
    return seq


def update_attribute(conn: Connection, *, seq: int, values: dict[str, Any]) -> None:
    conn.execute(update(attributes).where(a.seq == seq).values(**_stored(values)))


def set_scope(conn: Connection, *, seq: int, category_ids: list[str]) -> None:
    """Raises Invalid when there is no such category."""
    conn.execute(delete(attribute_categories).where(ac.attribute_seq == seq))
    for number, id_ in enumerate(category_ids):
        try:
            conn.execute(insert(attribute_categories), {"attribute_seq": seq, "category_id": id_})
        except IntegrityError:
            where = f"/category_ids/{number}"
            raise invalid_field(where, "not_found", "No such category.") from None


def _stored(values: dict[str, Any]) -> dict[str, Any]:
    if "choices" not in values:
        return values
    return {**values, "choices": json.dumps(values["choices"], ensure_ascii=False)}
