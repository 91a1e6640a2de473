"""What lists of products are made of: where their rows come from, conditions and order."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    FromClause,
    String,
    bindparam,
    select,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.elements import ColumnElement, KeyedColumnElement

from catalog.models import product_categories, product_groups, products
from catalog.repository.attribute_filters import Kind, has_values
from catalog.repository.cards import (
    SIBLING,
    SIBLING_STOCK,
    newer,
    not_by_index,
    sorted_before,
    stands_for_its_group,
)
from catalog.repository.category_filters import CATEGORY, id_by_slug, is_listed
from catalog.repository.products import FROM, p, s
from catalog.repository.search import index_of, newest_matches
from catalog.search_text import FIELDS
from shopkit.tables import among

Columns = ReadOnlyColumnCollection[str, KeyedColumnElement[Any]]
PRICES = frozenset({"min_price", "max_price"})
_SORTS = {
    "price": ("price_amount", False),
    "-price": ("price_amount", True),
    "name": ("name_key", False),
    "-name": ("name_key", True),
}
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
    """One variant of each group: the first that matches. Not of what is ranked."""
    attributes: tuple[Kind, ...] = ()
    few: bool = False
    """What attributes and category let through is known: `seqs`."""
    upto: bool = False
    """No further than a place in the list's order."""
    by_prices: bool = False
    """An index of prices may lead to what their filters let through, whatever the order."""
    fields: int = len(FIELDS)
    """In how many of FIELDS a search by relevance looks."""

    @property
    def in_category(self) -> bool:
        return not self.few and bool(self.filters & CATEGORY)

    @property
    def by_rank(self) -> bool:
        return self.search and self.sort == "relevance"

    @property
    def key(self) -> tuple[str, bool] | None:
        """The column of the order, and whether it goes down; None: only newest first."""
        return _SORTS.get(self.sort)

    @property
    def by_price(self) -> bool:
        return self.key is not None and self.key[0] == "price_amount"

    @property
    def place(self) -> Any:
        """The table that has the list's order in an index."""
        return _in_category if self.in_category else p


def source_of(
    shape: Shape, *, by_rank: bool, every_column: bool
) -> tuple[ColumnElement[int], FromClause, list[ColumnElement[bool]]]:
    """Where the rows come from, the column that says which is newer, and the conditions."""
    conditions = [_CONDITIONS[name] for name in sorted(shape.filters) if name in _CONDITIONS]
    conditions += price_conditions(shape)
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
        conditions.append(among(p.seq, "seqs"))
        seq = not_by_index(p.seq)
    else:
        conditions += has_values(enumerate(shape.attributes), seq, where)
    if shape.cards:
        conditions.append(_is_card(shape))
    return seq, source, conditions


def price_conditions(shape: Shape) -> list[ColumnElement[bool]]:
    """By an index only where it leads along the list's order, or may lead anywhere: SQLite takes
    any range of prices for a small one, and would put half of a catalog in order."""
    column = shape.place.price_amount
    led = shape.by_prices or (shape.by_price and not shape.few)
    return _price_conditions(shape, column if led else not_by_index(column))


def _price_conditions(shape: Shape, price: ColumnElement[int]) -> list[ColumnElement[bool]]:
    low, high = price >= bindparam("min_price"), price <= bindparam("max_price")
    found = {"min_price": low, "max_price": high}
    return [condition for name, condition in found.items() if name in shape.filters]


def status_conditions(filters: frozenset[str]) -> list[ColumnElement[bool]]:
    """Where no index of them is to lead: what may pass is known otherwise."""
    status = not_by_index(p.status)
    passes = {
        "status": status == bindparam("status", type_=String),
        "any_status": status != "deleted",
    }
    return [condition for name, condition in passes.items() if name in filters]


def _is_card(shape: Shape) -> ColumnElement[bool]:
    """No sibling that the filters let through comes before."""
    matches = [_OF_SIBLING[name] for name in sorted(shape.filters) if name in _OF_SIBLING]
    matches += _price_conditions(shape, not_by_index(SIBLING.c.price_amount))
    if shape.few:
        matches.append(among(not_by_index(SIBLING.c.seq), "seqs"))
    else:
        matches += [_BESIDE] if shape.in_category else []
        matches += has_values(enumerate(shape.attributes), SIBLING.c.seq, SIBLING)
    if shape.search:
        matches.append(newest_matches(shape.dialect, SIBLING.c.seq))
    before = newer() if shape.key is None else sorted_before(shape.key[0], down=shape.key[1])
    return stands_for_its_group(matches, before, in_stock=bool(shape.filters & _STOCK))


def _sibling_beside() -> ColumnElement[bool]:
    """The sibling is in the category that is listed."""
    beside = product_categories.alias("beside").c
    same = beside.category_id == _in_category.category_id
    one = select(beside.product_seq).where(same, beside.product_seq == SIBLING.c.seq)
    return one.correlate(SIBLING, product_categories).exists()


_BESIDE = _sibling_beside()


def _conditions(p: Columns, s: Columns) -> dict[str, ColumnElement[bool]]:
    return {
        "status": p.status == bindparam("status", type_=String),
        "any_status": p.status != "deleted",
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
