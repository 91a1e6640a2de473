"""Counts over products that are known by their `seq`."""

import json
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, TextClause, bindparam, case, column, func, select, text

from catalog.models import attribute_values, categories
from catalog.repository.as_one import as_one, rows_of
from catalog.repository.category_filters import is_listed
from shopkit.tables import Id, among

c, v = categories.c, attribute_values.c
_COUNTED = {
    "sqlite": "(SELECT CAST(key AS INTEGER) AS seq, value AS card FROM json_each(:cards))",
    "postgresql": "unnest(CAST(:seqs AS bigint[]), CAST(:cards AS bigint[]))",
}
_NAMED = among(v.seq, "seqs")
_EVERY_DIGIT = case((v.number.is_not(None), func.printf("%!.17g", v.number)))
"""As text: in JSON SQLite writes fractions with fifteen."""
_NAMES = {
    "sqlite": as_one(select(v.seq, v.label, _EVERY_DIGIT).where(_NAMED)),
    "postgresql": select(v.seq, v.label, v.number).where(_NAMED),
}
# CROSS JOIN: SQLite goes from the products to what they have, not the other way.
_VALUES = (
    "SELECT min(attribute_seq) AS c1, value_seq AS c2, count({card}) AS c3 "
    "FROM {counted} AS m (seq, card) "
    "CROSS JOIN product_values WHERE product_seq = m.seq{only} GROUP BY value_seq"
)
_ALL_VALUES = _VALUES.replace("{only}", "")
_ONE_ATTRIBUTE = _VALUES.replace("{only}", " AND attribute_seq = :attribute")
_PLACES = (
    "SELECT category_id AS c1, count({card}) AS c2 FROM {counted} AS m (seq, card) CROSS JOIN "
    "product_categories WHERE product_seq = m.seq AND category_id IN :ids GROUP BY category_id"
)


@cache
def _statement(sql: str, dialect: str, distinct: bool) -> TextClause | Select[Any]:
    if dialect == "sqlite":
        sql = sql.replace(" (seq, card)", "")  # it names them itself
    card = "DISTINCT card" if distinct else "*"
    statement = text(sql.format(card=card, counted=_COUNTED[dialect]))
    if ":ids" in sql:
        statement = statement.bindparams(bindparam("ids", type_=Id, expanding=True))
    if dialect != "sqlite":
        return statement
    names = [name for name in ("c1", "c2", "c3") if name in sql]
    return as_one(statement.columns(*map(column, names)))


def _count(conn: Connection, sql: str, cards: dict[int, int], **more: Any) -> list[Any]:
    """`cards`: the card that a product is shown on, by its `seq`."""
    dialect = conn.dialect.name
    distinct = any(seq != card for seq, card in cards.items())
    if dialect == "sqlite":
        values: dict[str, Any] = {"cards": json.dumps(cards)}
    else:
        values = {"seqs": list(cards), "cards": list(cards.values())}
    return rows_of(conn, _statement(sql, dialect, distinct), {**values, **more})


def count_values(
    conn: Connection, cards: dict[int, int], attribute: int | None = None
) -> list[tuple[int, int, int]]:
    """attribute_seq, value_seq and how many cards have it; of all attributes, or of one."""
    if attribute is None:
        found = _count(conn, _ALL_VALUES, cards)
    else:
        found = _count(conn, _ONE_ATTRIBUTE, cards, attribute=attribute)
    return [(row[0], row[1], row[2]) for row in found]


def count_places(conn: Connection, cards: dict[int, int], ids: list[str]) -> dict[str, int]:
    """How many cards are in each of these categories, or below it."""
    return {str(row[0]): row[1] for row in _count(conn, _PLACES, cards, ids=ids)}


def find_values(conn: Connection, seqs: list[int]) -> dict[int, tuple[str, float | None]]:
    """Label and number, by `seq`."""
    found = rows_of(conn, _NAMES[conn.dialect.name], {"seqs": seqs})
    return {seq: (label, number and float(number)) for seq, label, number in found}


def list_children(
    conn: Connection, filters: frozenset[str], values: dict[str, Any]
) -> list[dict[str, Any]]:
    """Categories below the one that is asked for, or of the first level."""
    below = is_listed(filters, c.parent_id) or [c.parent_id.is_(None)]
    statement = select(c.id, c.slug, c.name).where(*below).order_by(c.position, c.name, c.id)
    return [dict(row) for row in conn.execute(statement, values).mappings()]
