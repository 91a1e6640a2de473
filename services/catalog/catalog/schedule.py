"""What happens to a product at a time: prices that begin or end, publication, archiving.

All that is due of one product happens in one transaction, which locks the product first and then
looks again: whoever comes second, be it another copy or the same after a crash, finds nothing due.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from catalog.product_forms import wanted_of
from catalog.products import change_and_record
from catalog.repository import price_changes as rows
from catalog.repository.products import lock_product
from shopkit.audit import SYSTEM, By
from shopkit.money import money


def bring_up_to_date(conn: Connection, *, product_id: str, now: datetime) -> None:
    """Prices first: one that comes with the publication was never another to anybody."""
    row = lock_product(conn, id=product_id)
    for change in rows.list_open(conn, product_id=product_id):  # by time, and none overlap
        if row is None:
            rows.move(conn, change, "skipped")
        elif change["due_at"] <= now:
            _follow(conn, row, change, now)
            row = lock_product(conn, id=product_id)
    if row is not None:
        _publish(conn, row, now)


def _follow(conn: Connection, row: dict[str, Any], change: dict[str, Any], now: datetime) -> None:
    if change["status"] == "active":
        end_change(conn, row, change, by=SYSTEM, now=now)
    elif change["ends_at"] is not None and change["ends_at"] <= now:
        rows.move(conn, change, "skipped")  # nobody has paid it: its time went by while we slept
    elif change["currency"] != row["price_currency"]:
        rows.move(conn, change, "skipped")
    else:
        _begin(conn, row, change, now)


def _begin(conn: Connection, row: dict[str, Any], change: dict[str, Any], now: datetime) -> None:
    wanted = wanted_of(row) | {"price": money(change["amount"], change["currency"])}
    if change["compare_at_amount"] is not None:
        wanted["compare_at_price"] = money(change["compare_at_amount"], change["currency"])
    change_and_record(conn, row, wanted, by=SYSTEM, now=now, change_id=change["id"])
    if change["ends_at"] is None:
        rows.move(conn, change, "over")
    else:
        before = {
            "amount_before": row["price_amount"],
            "compare_at_before": row["compare_at_amount"],
        }
        rows.move(conn, change, "active", due_at=change["ends_at"], **before)


def end_change(
    conn: Connection, row: dict[str, Any], change: dict[str, Any], *, by: By, now: datetime
) -> None:
    """The prices from before come back, but what staff have set meanwhile stays."""
    wanted, currency = wanted_of(row), row["price_currency"]
    if wanted["price"] == money(change["amount"], change["currency"]):
        wanted["price"] = money(change["amount_before"], currency)
    compare_at = change["compare_at_amount"]
    if compare_at is not None and wanted["compare_at_price"] == money(compare_at, currency):
        before = change["compare_at_before"]
        wanted["compare_at_price"] = None if before is None else money(before, currency)
    change_and_record(conn, row, wanted, by=by, now=now, change_id=change["id"])
    rows.move(conn, change, "over")


def _publish(conn: Connection, row: dict[str, Any], now: datetime) -> None:
    wanted = wanted_of(row)
    if row["archive_at"] is not None and row["archive_at"] <= now:
        wanted |= {"status": "archived", "publish_at": None, "archive_at": None}
    elif row["publish_at"] is not None and row["publish_at"] <= now:
        wanted |= {"status": "active", "publish_at": None}
    change_and_record(conn, row, wanted, by=SYSTEM, now=now)
