"""One card per product group: which variant stands for its group, and what all of them are."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, FromClause, Row, func, not_, or_, select, tuple_
from sqlalchemy.sql.elements import ColumnElement

from catalog.models import product_groups, products, stock
from catalog.repository.products import FROM, p, s
from shopkit.tables import among

SIBLING = products.alias("sibling")
SIBLING_STOCK = stock.alias("sibling_stock")
_LISTED = (
    select(
        p.group_id,
        p.price_amount,
        p.price_currency,
        p.details,
        or_(s.on_hand > s.reserved, s.backorder).label("available"),
        product_groups.c.name,
        product_groups.c.slug,
    )
    .select_from(FROM.join(product_groups, product_groups.c.id == p.group_id))
    .where(among(p.group_id, "group_ids"), p.status != "deleted")
    .order_by(p.group_id, p.seq)
)
_ACTIVE = _LISTED.where(p.status == "active")


def stands_for_its_group(
    matches: Iterable[ColumnElement[bool]], before: ColumnElement[bool], *, in_stock: bool
) -> ColumnElement[bool]:
    """A condition on products: no SIBLING of the same group that `matches` comes `before`.

    What has no group has no siblings: they are not looked for. With `in_stock`, SIBLING_STOCK is
    joined.
    """
    source: FromClause = SIBLING
    if in_stock:
        source = source.join(SIBLING_STOCK, SIBLING_STOCK.c.product_id == SIBLING.c.id)
    sibling = (
        select(SIBLING.c.seq)
        .select_from(source)
        .where(SIBLING.c.group_id == p.group_id, before, *matches)
    )
    return not_(sibling.correlate_except(SIBLING, SIBLING_STOCK).exists())


def not_by_index(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Where few rows are looked at and put in order, no index may lead through all others."""
    return func.coalesce(column, column)


def newer() -> ColumnElement[bool]:
    return SIBLING.c.seq > p.seq


def sorted_before(key: str, *, down: bool) -> ColumnElement[bool]:
    """Whether the sibling comes first when sorted by a column, and by `seq` where that is equal."""
    theirs = tuple_(not_by_index(SIBLING.c[key]), SIBLING.c.seq)
    ours = tuple_(p[key], p.seq)
    return theirs > ours if down else theirs < ours


def list_variants_of(
    conn: Connection, *, group_ids: list[str], only_active: bool
) -> list[Row[*tuple[Any, ...]]]:
    """What cards tell of the variants of some groups, by group, oldest first."""
    statement = _ACTIVE if only_active else _LISTED
    return list(conn.execute(statement, {"group_ids": group_ids}).all())
