"""Rows of the history of prices."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Text, bindparam, func, select

from catalog.models import price_history, products
from shopkit.tables import Instant, Int, insert_rows

h, p = price_history.c, products.c
_of_product = h.product_seq == bindparam("seq", type_=Int)
_at_first = (
    select(func.coalesce(func.max(h.version), 0))
    .where(_of_product, h.since <= bindparam("since", type_=Instant))
    .scalar_subquery()
)
_LOWEST = select(func.min(h.amount)).where(
    _of_product,
    h.version >= _at_first,
    h.offered,
    h.currency == bindparam("currency", type_=Text),
)
_LIST = (
    select(price_history)
    .join(products, p.seq == h.product_seq)
    .where(p.id == bindparam("product_id"), p.status != "deleted")
    .where(h.version < bindparam("before", type_=Int))
    .order_by(h.version.desc())
    .limit(bindparam("limit", type_=Int))
)


def insert_prices(
    conn: Connection, entries: list[dict[str, Any]], *, since: datetime, change_id: str | None
) -> None:
    insert_rows(conn, price_history, entries, same={"since": since, "change_id": change_id})


def lowest_offered(conn: Connection, *, seq: int, currency: str, since: datetime) -> int | None:
    """The lowest price that could be paid at some time since then."""
    values = {"seq": seq, "currency": currency, "since": since}
    found = conn.execute(_LOWEST, values).scalar()
    return None if found is None else int(found)


def list_prices(
    conn: Connection, *, product_id: str, before: int, limit: int
) -> list[dict[str, Any]]:
    """Newest first."""
    values = {"product_id": product_id, "before": before, "limit": limit}
    return [dict(row) for row in conn.execute(_LIST, values).mappings()]
