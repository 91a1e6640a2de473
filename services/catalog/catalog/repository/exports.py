"""Pages of all products, whatever their status, in the order in which they were made."""

from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, exists, select

from catalog.models import product_groups, products
from catalog.repository.products import FROM, PUBLIC_COLUMNS, p, product_of

g = product_groups.c
_COLUMNS = (*PUBLIC_COLUMNS, p.group_id, g.slug, g.name)
_ALL = (
    select(*_COLUMNS)
    .select_from(FROM.outerjoin(product_groups, g.id == p.group_id))
    .where(p.status != "deleted")
)
_AFTER = p.seq > bindparam("after", type_=BigInteger)
_PAGE = _ALL.where(_AFTER).order_by(p.seq).limit(bindparam("limit"))
_sibling = products.alias()
_HEADS = (
    _ALL.where(
        _AFTER,
        ~exists().where(_sibling.c.group_id == p.group_id, _sibling.c.seq < p.seq),
    )
    .order_by(p.seq)
    .limit(bindparam("limit"))
)
_OF_GROUP = _ALL.where(p.group_id == bindparam("group_id")).order_by(p.seq)


def list_products(conn: Connection, *, after: int, limit: int) -> list[dict[str, Any]]:
    """In their public form, with `seq`; `group` has its `slug` and `name` as well."""
    return [_exported(row) for row in conn.execute(_PAGE, {"after": after, "limit": limit})]


def list_heads(conn: Connection, *, after: int, limit: int) -> list[dict[str, Any]]:
    """As `list_products`, but of each group only the first variant."""
    return [_exported(row) for row in conn.execute(_HEADS, {"after": after, "limit": limit})]


def list_variants(conn: Connection, *, group_id: str) -> list[dict[str, Any]]:
    return [_exported(row) for row in conn.execute(_OF_GROUP, {"group_id": group_id})]


def _exported(row: Any) -> dict[str, Any]:
    *public, _, slug, name = row
    product = product_of(row[: len(public)], low_stock=0)
    group = product["group"] and {**product["group"], "slug": slug, "name": name}
    return {**product, "seq": row[0], "group": group}
