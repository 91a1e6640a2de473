"""Pages of products. Every combination of filters and sort is one statement, built once."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    FromClause,
    Row,
    Select,
    String,
    bindparam,
    func,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.elements import ColumnElement, KeyedColumnElement

from catalog.models import product_categories, product_groups, products
from catalog.repository.attribute_filters import Kind, has_values
from catalog.repository.cards import (
    SIBLING,
    SIBLING_STOCK,
    better,
    newer,
    not_by_index,
    sorted_before,
    stands_for_its_group,
)
from catalog.repository.category_filters import CATEGORY, id_by_slug, is_listed
from catalog.repository.products import FROM, PUBLIC_COLUMNS, p, s
from catalog.repository.search import index_of, newest_matches
from catalog.search_text import FIELDS
from shopkit.ids import is_id

Columns = ReadOnlyColumnCollection[str, KeyedColumnElement[Any]]
COUNT_LIMIT = 10_001
FIRST = 2**62
_KEYS = {
    "price": ("price_amount", False),
    "-price": ("price_amount", True),
    "name": ("name_key", False),
    "-name": ("name_key", True),
}
_SEQS: BindParameter[int] = bindparam("seqs", expanding=True)
_STOCK = {"in_stock", "out_of_stock"}
_in_category = product_categories.c


@dataclass(frozen=True)
class Shape:
    """What decides the text of a statement; values come as parameters."""

    dialect: str
    sort: str
    filters: frozenset[str]
    search: bool
    after: bool
    cards: bool = False
    """One variant of each group: the first that matches. Ranked, `above` may find siblings too."""
    above: bool = False
    attributes: tuple[Kind, ...] = ()
    few: bool = False
    """What attributes and category let through is known: `seqs`."""

    @property
    def in_category(self) -> bool:
        return not self.few and bool(self.filters & CATEGORY)

    fields: int = len(FIELDS)
    """In how many of FIELDS a search by relevance looks."""


def list_page(
    conn: Connection, *, shape: Shape, values: dict[str, Any]
) -> list[Row[*tuple[Any, ...]]]:
    """`values`: one per filter, `limit`, with a search `match`, after a page `key` and `seq`,
    and for cards of a tier that is not the best `above`, which matches all tiers before."""
    return list(conn.execute(_page(shape), values).all())


def count_page(conn: Connection, *, shape: Shape, values: dict[str, Any]) -> int:
    """How many there are, up to COUNT_LIMIT; `match` is for all words anywhere."""
    return int(conn.execute(_count(shape), values).scalar_one())


def list_matches(
    conn: Connection, *, shape: Shape, values: dict[str, Any]
) -> list[Row[*tuple[Any, ...]]]:
    """seq, group, price and availability of the newest; `values` as for `count_page`, `limit`."""
    return list(conn.execute(_matches(shape), values).all())


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
        column = (_in_category if shape.in_category else p)[name]
        key: ColumnElement[Any] = not_by_index(column) if shape.few else column
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
def _matches(shape: Shape) -> Select[Any]:
    every = replace(shape, cards=False)
    seq, source, conditions = _source(every, by_rank=False, every_column=True)
    shown = (p.seq, p.group_id, p.price_amount, (s.on_hand > s.reserved).label("available"))
    found = select(*shown).select_from(source).where(*conditions)
    return found.order_by(seq.desc()).limit(bindparam("limit"))


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
    where: FromClause = products
    stock = every_column or shape.filters & _STOCK
    source: FromClause = FROM if stock else products
    if shape.in_category:
        conditions += is_listed(shape.filters, _in_category.category_id)
        source = source.join(product_categories, _in_category.product_seq == p.seq)
        seq, where = _in_category.product_seq, product_categories
    if by_rank:
        index, index_seq, matches = index_of(shape.dialect, shape.fields)
        source = source.join(index, index_seq == p.seq)
        seq, where = index_seq, index
        conditions.append(matches)
        if "oldest" in shape.filters:
            conditions.append(index_seq > bindparam("oldest", type_=p.seq.type))
    elif shape.search:
        conditions.append(newest_matches(shape.dialect))
    if shape.few:
        conditions.append(p.seq.in_(_SEQS))
        seq = not_by_index(p.seq)
    else:
        conditions += has_values(enumerate(shape.attributes), seq, where)
    if shape.cards:
        conditions.append(_is_card(shape, by_rank=by_rank))
    return seq, source, conditions


def _is_card(shape: Shape, *, by_rank: bool) -> ColumnElement[bool]:
    """No sibling that the filters let through comes before."""
    matches = [_OF_SIBLING[name] for name in sorted(shape.filters) if name in _OF_SIBLING]
    if shape.few:
        matches.append(SIBLING.c.seq.in_(_SEQS))
    else:
        matches += [_BESIDE] if shape.in_category else []
        matches += has_values(enumerate(shape.attributes), SIBLING.c.seq, SIBLING)
    if "oldest" in shape.filters:
        matches.append(SIBLING.c.seq > bindparam("oldest", type_=p.seq.type))
    before = newer()
    if shape.sort in _KEYS:
        key, down = _KEYS[shape.sort]
        before = sorted_before(key, down=down)
    if by_rank and shape.above:
        before = better(_sibling_found(shape, "above"), _sibling_found(shape, "match"))
    elif by_rank:
        matches.append(_sibling_found(shape, "match"))
    elif shape.search:
        matches.append(newest_matches(shape.dialect, SIBLING.c.seq))
    return stands_for_its_group(matches, before, in_stock=bool(shape.filters & _STOCK))


def _sibling_beside() -> ColumnElement[bool]:
    """The sibling is in the category that is listed."""
    beside = product_categories.alias("beside").c
    same = beside.category_id == _in_category.category_id
    one = select(beside.product_seq).where(same, beside.product_seq == SIBLING.c.seq)
    return one.correlate(SIBLING, product_categories).exists()


_BESIDE = _sibling_beside()


def _sibling_found(shape: Shape, parameter: str) -> ColumnElement[bool]:
    index, seq, found = index_of(shape.dialect, parameter=parameter)
    one = select(seq).select_from(index).where(seq == SIBLING.c.seq, found)
    return one.correlate(SIBLING).exists()


def _conditions(p: Columns, s: Columns) -> dict[str, ColumnElement[bool]]:
    return {
        "status": p.status == bindparam("status", type_=String),
        "any_status": p.status != "deleted",
        "min_price": p.price_amount >= bindparam("min_price"),
        "max_price": p.price_amount <= bindparam("max_price"),
        "in_stock": s.on_hand > s.reserved,
        "out_of_stock": s.on_hand <= s.reserved,
    }


_CONDITIONS: dict[str, ColumnElement[bool]] = {
    **_conditions(p, s),
    "group": p.group_id == bindparam("group"),
    "group_slug": p.group_id == id_by_slug(product_groups, "group"),
    "sku_key": p.sku_key == bindparam("sku_key"),
}
_OF_SIBLING = _conditions(SIBLING.c, SIBLING_STOCK.c)
