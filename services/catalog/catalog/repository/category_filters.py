"""Conditions on the category of products, which is asked for by id or by slug."""

from typing import Any

from sqlalchemy import FromClause, Text, bindparam, func, select
from sqlalchemy.sql.elements import ColumnElement

from catalog.models import categories, old_slugs, product_categories

CATEGORY = frozenset({"category", "category_slug"})
"""Filters of a list."""


def id_by_slug(table: Any, kind: str) -> ColumnElement[Any]:
    """The id of what has a slug, or else had it once."""
    slug, old = bindparam(f"{kind}_slug", type_=Text), old_slugs.c
    has = select(table.c.id).where(table.c.slug == slug)
    had = select(old.target_id).where(old.kind == kind, old.slug == slug)
    return func.coalesce(has.scalar_subquery(), had.scalar_subquery())


_IDS = {"category": bindparam("category"), "category_slug": id_by_slug(categories, "category")}


def is_listed(
    filters: frozenset[str], category_id: ColumnElement[Any]
) -> list[ColumnElement[bool]]:
    """`category_id` is the one that is asked for, if one is."""
    return [category_id == _IDS[name] for name in sorted(filters & CATEGORY)]


def is_within(
    filters: frozenset[str], seq: ColumnElement[int], of: FromClause
) -> list[ColumnElement[bool]]:
    """The product `seq` is in the category that is asked for, or below it."""
    beside = product_categories.alias("beside")
    one = select(beside.c.product_seq).where(beside.c.product_seq == seq).correlate(of)
    return [one.where(listed).exists() for listed in is_listed(filters, beside.c.category_id)]
