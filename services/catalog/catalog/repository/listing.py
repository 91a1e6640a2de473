"""Pages of products. Every combination of filters and sort is one statement, built once."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Connection,
    FromClause,
    Row,
    Select,
    String,
    Text,
    bindparam,
    func,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy.sql.elements import ColumnElement

from catalog.models import categories, old_slugs, product_categories, product_groups, products
from catalog.repository.products import FROM, PUBLIC_COLUMNS, p, s
from catalog.repository.search import index_of, newest_matches
from catalog.search_text import FIELDS
from shopkit.ids import is_id

COUNT_LIMIT = 10_001
FIRST = 2**62
_KEYS = {
    "price": ("price_amount", False),
    "-price": ("price_amount", True),
    "name": ("name_key", False),
    "-name": ("name_key", True),
}
_CATEGORY = {"category", "category_slug"}
_in_category = product_categories.c


@dataclass(frozen=True)
class Shape:
    """What decides the text of a statement; values come as parameters."""

    dialect: str
    sort: str
    filters: frozenset[str]
    search: bool
    after: bool
    fields: int = len(FIELDS)
    """In how many of FIELDS a search by relevance looks."""


def list_page(
    conn: Connection, *, shape: Shape, values: dict[str, Any]
) -> list[Row[*tuple[Any, ...]]]:
    """`values`: one per filter, `limit`, with a search `match`, after a page `key` and `seq`."""
    return list(conn.execute(_page(shape), values).all())


def count_page(conn: Connection, *, shape: Shape, values: dict[str, Any]) -> int:
    """How many there are, up to COUNT_LIMIT; `match` is for all words anywhere."""
    return int(conn.execute(_count(shape), values).scalar_one())


def newest_seq(conn: Connection) -> int:
    """The `seq` of the newest product, 0 where there is none."""
    return int(conn.execute(select(func.coalesce(func.max(p.seq), 0))).scalar_one())


def filter_values(filters: dict[str, Any]) -> dict[str, Any]:
    """Filters as parameters; ids and slugs go into parameters of their own."""
    found = dict(filters)
    for name in ("category", "group"):
        if name in found and not is_id(found[name]):
            found[f"{name}_slug"] = found.pop(name)
    return found


@lru_cache(maxsize=2048)
def _page(shape: Shape) -> Select[Any]:
    by_rank = shape.search and shape.sort == "relevance"
    seq, source, conditions = _source(shape, by_rank=by_rank, every_column=True)
    statement = select(*PUBLIC_COLUMNS).select_from(source).where(*conditions)
    if shape.sort in _KEYS:
        name, down = _KEYS[shape.sort]
        sorted_in = _in_category if shape.filters & _CATEGORY else p
        key = sorted_in[name]
        order = (key.desc(), seq.desc()) if down else (key, seq)
        statement = statement.order_by(*order)
        if shape.after:
            last = tuple_(bindparam("key", type_=key.type), bindparam("seq", type_=p.seq.type))
            here = tuple_(key, seq)
            statement = statement.where(here < last if down else here > last)
    else:
        statement = statement.order_by(seq.desc())
        if shape.after:
            statement = statement.where(seq < bindparam("seq", type_=p.seq.type))
    return statement.limit(bindparam("limit"))


@lru_cache(maxsize=512)
def _count(shape: Shape) -> Select[Any]:
    _, source, conditions = _source(shape, by_rank=False, every_column=False)
    some: Select[Any] = (
        select(literal_column("1")).select_from(source).where(*conditions).limit(COUNT_LIMIT)
    )
    return select(func.count()).select_from(some.subquery())


def _source(
    shape: Shape, *, by_rank: bool, every_column: bool
) -> tuple[ColumnElement[int], FromClause, list[ColumnElement[bool]]]:
    """Where the rows come from, the column that says which is newer, and the conditions."""
    conditions = [_CONDITIONS[name] for name in sorted(shape.filters) if name in _CONDITIONS]
    seq: ColumnElement[int] = p.seq
    stock = every_column or shape.filters & {"in_stock", "out_of_stock"}
    source: FromClause = FROM if stock else products
    if shape.filters & _CATEGORY:
        source = source.join(product_categories, _in_category.product_seq == p.seq)
        seq = _in_category.product_seq
    if by_rank:
        index, index_seq, matches = index_of(shape.dialect, shape.fields)
        source = source.join(index, index_seq == p.seq)
        seq = index_seq
        conditions.append(matches)
        if "oldest" in shape.filters:
            conditions.append(index_seq > bindparam("oldest", type_=p.seq.type))
    elif shape.search:
        conditions.append(newest_matches(shape.dialect))
    return seq, source, conditions


def _id_by_slug(table: Any, kind: str) -> ColumnElement[Any]:
    """The id of what has a slug, or else had it once."""
    slug, old = bindparam(f"{kind}_slug", type_=Text), old_slugs.c
    has = select(table.c.id).where(table.c.slug == slug)
    had = select(old.target_id).where(old.kind == kind, old.slug == slug)
    return func.coalesce(has.scalar_subquery(), had.scalar_subquery())


_CONDITIONS: dict[str, ColumnElement[bool]] = {
    "status": p.status == bindparam("status", type_=String),
    "any_status": p.status != "deleted",
    "category": _in_category.category_id == bindparam("category"),
    "category_slug": _in_category.category_id == _id_by_slug(categories, "category"),
    "group": p.group_id == bindparam("group"),
    "group_slug": p.group_id == _id_by_slug(product_groups, "group"),
    "sku_key": p.sku_key == bindparam("sku_key"),
    "min_price": p.price_amount >= bindparam("min_price"),
    "max_price": p.price_amount <= bindparam("max_price"),
    "in_stock": s.on_hand > s.reserved,
    "out_of_stock": s.on_hand == s.reserved,
}
