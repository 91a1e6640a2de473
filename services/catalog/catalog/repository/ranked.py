"""What is found before a place in the order of relevance."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, or_, select
from sqlalchemy.sql.elements import ColumnElement

from catalog.models import products
from catalog.repository.search import index_of
from catalog.repository.shapes import Shape, source_of
from shopkit.tables import among

p = products.c


def groups_found_before(conn: Connection, *, shape: Shape, values: dict[str, Any]) -> set[str]:
    """Those of `group_ids` of which a ranked search finds a variant before a place: not older than
    `seq` by `match`, or by `above`, which matches all tiers before."""
    return set(conn.execute(_groups_before(shape, "above" in values), values).scalars())


@lru_cache(maxsize=512)
def _groups_before(shape: Shape, above: bool) -> Select[Any]:
    unsearched = replace(shape, search=False)
    _, source, conditions = source_of(unsearched, by_rank=False, every_column=False)
    if "oldest" in shape.filters:
        conditions.append(p.seq > bindparam("oldest", type_=p.seq.type))
    before = and_(p.seq >= bindparam("seq", type_=p.seq.type), _is_found(shape, "match"))
    if above:
        before = or_(_is_found(shape, "above"), before)
    of_groups = among(p.group_id, "group_ids")
    return select(p.group_id).distinct().select_from(source).where(of_groups, before, *conditions)


def _is_found(shape: Shape, parameter: str) -> ColumnElement[bool]:
    index, seq, found = index_of(shape.dialect, parameter=parameter)
    return select(seq).select_from(index).where(seq == p.seq, found).correlate(products).exists()
