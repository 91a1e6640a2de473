"""Conditions on the attributes of products, each with parameters of its own."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import (
    Connection,
    FromClause,
    Select,
    bindparam,
    func,
    select,
)
from sqlalchemy.sql.elements import ColumnElement

from catalog.models import (
    attribute_values,
    attributes,
    product_categories,
    product_values,
    products,
)
from catalog.repository.category_filters import CATEGORY, is_listed, is_within
from shopkit.tables import Int, Real

Kind = Literal["values", "range"]
a, v, pv = attributes.c, attribute_values.c, product_values.c
_pc = product_categories.c
_FILTERABLE = (
    select(a.seq, a.code, a.type, a.indexed)
    .where(a.filterable, a.code.is_not(None))
    .order_by(a.code)
)
_SEQS = select(v.seq).where(
    v.attribute_seq == bindparam("attribute"), v.key.in_(bindparam("keys", expanding=True))
)
_NEWEST = select(func.coalesce(func.max(products.c.seq), 0))
COUNTED = 50_000
"""Which filter lets the fewest through is told by so many of the newest products."""


def list_filterable(conn: Connection) -> list[Any]:
    """seq, code, type and `indexed` of each, by code."""
    return list(conn.execute(_FILTERABLE).all())


def value_seqs(conn: Connection, *, attribute: int, keys: list[str]) -> list[int]:
    """Of the values that products have, or had."""
    return list(conn.execute(_SEQS, {"attribute": attribute, "keys": keys}).scalars())


def has_values(
    kinds: Iterable[tuple[int, Kind]], seq: ColumnElement[int], of: FromClause
) -> list[ColumnElement[bool]]:
    """The product `seq` of the table `of` is let through by numbered filters, cheapest first."""
    ordered = sorted(kinds, key=lambda one: one[1] == "range")
    return [_has_value(number, kind, seq, of) for number, kind in ordered]


def _has_value(
    number: int, kind: Kind, seq: ColumnElement[int], of: FromClause
) -> ColumnElement[bool]:
    """By the index of a value, which is small and near; numbers by what the product has."""
    held = product_values.alias("held")
    one = select(held.c.product_seq).where(held.c.product_seq == seq).correlate(of)
    if kind == "values":
        return one.where(held.c.value_seq.in_(_values(number))).exists()
    amount = select(v.number).where(v.seq == held.c.value_seq).scalar_subquery()
    its = held.c.attribute_seq == bindparam(f"attribute_{number}", type_=Int)
    return one.where(its, amount.between(*_ends(number))).exists()


def _values(number: int) -> Any:
    return bindparam(f"values_{number}", expanding=True)


def _ends(number: int) -> tuple[Any, Any]:
    return bindparam(f"low_{number}", type_=Real), bindparam(f"high_{number}", type_=Real)


def _products_with(number: int, kind: Kind) -> Select[Any]:
    """The `product_seq` of all that a filter lets through, some of them more than once."""
    if kind == "values":
        return select(pv.product_seq).where(pv.value_seq.in_(_values(number)))
    its = v.attribute_seq == bindparam(f"attribute_{number}", type_=Int)
    of_number = select(pv.product_seq).join(attribute_values, v.seq == pv.value_seq)
    return of_number.where(its, v.number.between(*_ends(number)))


def find_few(
    conn: Connection,
    kinds: tuple[Kind, ...],
    filters: frozenset[str],
    values: dict[str, Any],
    *,
    most: int,
) -> list[int] | None:
    """What attributes and category let through together; None when that is more than `most`.

    The smallest of the lists is gone through, in indexes only. With lists that are large, but
    have little in common, that takes 0.5 ms for each 1,000 of the smallest.
    """
    category = filters & CATEGORY
    newest = conn.execute(_NEWEST).scalar_one()
    asked = {**values, "recent": newest - COUNTED, "most": most + 1}
    places = [-1, *range(len(kinds))] if category else list(range(len(kinds)))
    recent = {at: conn.execute(_recent(kinds, category, at), asked).scalar_one() for at in places}
    smallest = min(places, key=lambda place: recent[place])
    found = conn.execute(_driven(kinds, category, smallest), asked).scalars().all()
    return None if len(found) > most else sorted(set(found))


def _list_of(
    kinds: tuple[Kind, ...], category: frozenset[str], place: int
) -> tuple[Select[Any], ColumnElement[int], FromClause]:
    """Products of the filter at `place` (-1: the category), their `seq`, and whose it is."""
    if place < 0:
        listed = is_listed(category, _pc.category_id)
        return select(_pc.product_seq).where(*listed), _pc.product_seq, product_categories
    return _products_with(place, kinds[place]), pv.product_seq, product_values


@lru_cache(maxsize=1024)
def _recent(kinds: tuple[Kind, ...], category: frozenset[str], place: int) -> Select[Any]:
    """How many of the newest products are in a list."""
    every, seq, _ = _list_of(kinds, category, place)
    some = every.where(seq > bindparam("recent", type_=Int)).subquery()
    return select(func.count()).select_from(some)


@lru_cache(maxsize=1024)
def _driven(kinds: tuple[Kind, ...], category: frozenset[str], place: int) -> Select[Any]:
    """Products of the filter at `place` which all others let through too."""
    statement, seq, of = _list_of(kinds, category, place)
    every = [one for one in enumerate(kinds) if one[0] != place]
    values = has_values([one for one in every if one[1] == "values"], seq, of)
    ranges = has_values([one for one in every if one[1] == "range"], seq, of)
    within = is_within(category, seq, of) if place >= 0 else []
    return statement.where(*values, *within, *ranges).limit(bindparam("most"))
