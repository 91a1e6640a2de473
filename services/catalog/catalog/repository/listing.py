"""Pages of products. Every combination of filters and sort is one statement, built once."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    bindparam,
    func,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy.sql.elements import ColumnElement

from catalog.models import product_categories
from catalog.repository.as_one import as_one, rows_of
from catalog.repository.cards import not_by_index
from catalog.repository.category_filters import CATEGORY, is_listed
from catalog.repository.products import FROM, PUBLIC_COLUMNS, p, s
from catalog.repository.shapes import (
    Shape,
    price_conditions,
    source_of,
    status_conditions,
)
from shopkit.ids import is_id
from shopkit.tables import among

COUNT_LIMIT = 10_001
FIRST = 2**62
Key = tuple[ColumnElement[Any], ...]
_ORDERED = CATEGORY | {"status"}
"""Filters of which at least one stands before the order in an index."""


def list_page(
    conn: Connection, *, shape: Shape, values: dict[str, Any]
) -> list[Row[*tuple[Any, ...]]]:
    """`values`: one per filter, `limit`, with a search `match`, after a page `key` and `seq`, and
    up to a place `last_key` and `last_seq`."""
    return list(conn.execute(_page(shape), values).all())


def list_rows(
    conn: Connection, *, shape: Shape, values: dict[str, Any]
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Those of `seqs` that the filters of their status let through, in any order: to put wide rows
    in order costs SQLite as much as to read them."""
    return conn.execute(_rows(shape.filters), values).all()


def has_order(shape: Shape) -> bool:
    """Whether the list's order is in an index."""
    alone = shape.filters & {"group", "group_slug", "sku_key"}
    return bool(shape.filters & _ORDERED) and not (alone or shape.search or shape.few)


def find_place(conn: Connection, *, shape: Shape, values: dict[str, Any], ahead: int) -> Any:
    """`last_key` and `last_seq` of what comes so far ahead in a list's order, whether the filters
    let it through or not; None when the list ends before."""
    place = conn.execute(_place(shape), {**values, "ahead": ahead}).first()
    return None if place is None else {"last_key": place[0], "last_seq": place[-1]}


def count_page(conn: Connection, *, shape: Shape, values: dict[str, Any]) -> int:
    """How many there are, up to COUNT_LIMIT; `match` is for all words anywhere."""
    return int(conn.execute(_count(shape), values).scalar_one())


def list_matches(conn: Connection, *, shape: Shape, values: dict[str, Any]) -> list[Any]:
    """seq, group, price and availability of the newest, in any order; `values` as for
    `list_page`."""
    return rows_of(conn, _matches(shape), values)


def filter_values(filters: dict[str, Any]) -> dict[str, Any]:
    """Filters as parameters; ids and slugs go into parameters of their own."""
    found = dict(filters)
    for name in ("category", "group"):
        if name in found and not is_id(found[name]):
            found[f"{name}_slug"] = found.pop(name)
    return found


@lru_cache(maxsize=2048)
def _page(shape: Shape) -> Select[Any]:
    seq, source, conditions = source_of(shape, by_rank=shape.by_rank, every_column=True)
    statement = select(*PUBLIC_COLUMNS).select_from(source).where(*conditions)
    return _in_order(statement, shape, seq).limit(bindparam("limit"))


@lru_cache(maxsize=8)
def _rows(filters: frozenset[str]) -> Select[Any]:
    conditions = [among(p.seq, "seqs"), *status_conditions(filters)]
    return select(*PUBLIC_COLUMNS).select_from(FROM).where(*conditions)


@lru_cache(maxsize=512)
def _place(shape: Shape) -> Select[Any]:
    conditions = price_conditions(shape) if shape.by_price else []
    if shape.in_category:
        conditions += is_listed(shape.filters, product_categories.c.category_id)
        seq: ColumnElement[int] = product_categories.c.product_seq
    else:
        conditions.append(p.status == bindparam("status"))
        seq = p.seq
    statement = select(*_key(shape, seq)).where(*conditions)
    return _in_order(statement, shape, seq).offset(bindparam("ahead")).limit(1)


def _key(shape: Shape, seq: ColumnElement[int]) -> Key:
    """By what a list is ordered, the last making it unique."""
    if shape.key is None:
        return (seq,)
    column = shape.place[shape.key[0]]
    return (not_by_index(column) if shape.few else column, seq)


def _in_order(statement: Select[Any], shape: Shape, seq: ColumnElement[int]) -> Select[Any]:
    key, down = _key(shape, seq), shape.key is None or shape.key[1]
    statement = statement.order_by(*(column.desc() if down else column for column in key))
    if shape.after:
        before = _bound(key, "key", "seq")
        statement = statement.where(tuple_(*key) < before if down else tuple_(*key) > before)
    if shape.upto:
        last = _bound(key, "last_key", "last_seq")
        statement = statement.where(tuple_(*key) >= last if down else tuple_(*key) <= last)
    return statement


def _bound(key: Key, name: str, seq: str) -> Any:
    names = [seq] if len(key) == 1 else [name, seq]
    bounds = (bindparam(at, type_=one.type) for at, one in zip(names, key, strict=True))
    return tuple_(*bounds)


@lru_cache(maxsize=512)
def _matches(shape: Shape) -> Select[Any]:
    every = replace(shape, cards=False, sort="newest")
    seq, source, conditions = source_of(every, by_rank=False, every_column=True)
    shown = (p.seq, p.group_id, p.price_amount, (s.on_hand > s.reserved).label("available"))
    found = select(*shown).select_from(source).where(*conditions)
    newest = _in_order(found, every, seq).limit(bindparam("limit"))
    return as_one(newest) if shape.dialect == "sqlite" else newest


@lru_cache(maxsize=512)
def _count(shape: Shape) -> Select[Any]:
    anyhow = replace(shape, by_prices=True)
    _, source, conditions = source_of(anyhow, by_rank=False, every_column=False)
    some: Select[Any] = (
        select(literal_column("1")).select_from(source).where(*conditions).limit(COUNT_LIMIT)
    )
    return select(func.count()).select_from(some.subquery())
