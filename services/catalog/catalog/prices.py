"""The history of prices, and what follows from it.

Written by whatever makes or changes a product (see products.py). A price counts as offered while
its product is active: only such can be the lowest, and only they can be reduced.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from catalog.errors import ProductNotFound
from catalog.repository import prices as rows
from catalog.repository.stock import find_stock
from shopkit.money import money
from shopkit.pagination import Cursors

BEFORE_REDUCTION = timedelta(days=30)
_PRICE = ("price_amount", "price_currency")
_WRITTEN = (*_PRICE, "compare_at_amount")


def begin_histories(conn: Connection, new: Mapping[int, dict[str, Any]], *, now: datetime) -> None:
    """The first prices of new products: their columns, by `seq`."""
    entries = [_entry(seq, values) for seq, values in new.items()]
    rows.insert_prices(conn, entries, since=now, change_id=None)


def follow_price(
    conn: Connection,
    row: dict[str, Any],
    values: dict[str, Any],
    *,
    now: datetime,
    change_id: str | None,
) -> dict[str, Any]:
    """Write down what becomes of a product's price, if anything; columns that follow from it."""
    was_offered, offered = row["status"] == "active", values["status"] == "active"
    if was_offered == offered and all(row[name] == values[name] for name in _WRITTEN):
        return {}
    seq, currency, found = row["seq"], values["price_currency"], dict[str, Any]()
    if any(row[name] != values[name] for name in _PRICE):
        same_currency = row["price_currency"] == currency
        reduced = was_offered and same_currency and values["price_amount"] < row["price_amount"]
        since = now - BEFORE_REDUCTION
        found["lowest_amount"] = (
            rows.lowest_offered(conn, seq=seq, currency=currency, since=since) if reduced else None
        )
    rows.insert_prices(conn, [_entry(seq, values)], since=now, change_id=change_id)
    return found


def _entry(seq: int, values: dict[str, Any]) -> dict[str, Any]:
    return {
        "product_seq": seq,
        "version": values["version"],
        "amount": values["price_amount"],
        "currency": values["price_currency"],
        "compare_at_amount": values["compare_at_amount"],
        "offered": values["status"] == "active",
    }


def list_prices(
    conn: Connection, *, product_id: str, limit: int, cursor: str | None, cursors: Cursors
) -> dict[str, Any]:
    """A page, newest first. Raises ProductNotFound, InvalidCursor."""
    name = f"prices {product_id}"
    before = cursors.decode(name, cursor)[0] if cursor is not None else 2**62
    found = rows.list_prices(conn, product_id=product_id, before=before, limit=limit + 1)
    if not found and find_stock(conn, product_id=product_id) is None:
        raise ProductNotFound
    items, more = found[:limit], len(found) > limit
    last = cursors.encode(name, [items[-1]["version"]]) if more else None
    return {"items": [_shown(row) for row in items], "next_cursor": last}


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    currency, compare_at = row["currency"], row["compare_at_amount"]
    return {
        "price": money(row["amount"], currency),
        "compare_at_price": None if compare_at is None else money(compare_at, currency),
        "offered": row["offered"],
        "since": row["since"],
        "change_id": row["change_id"],
    }
