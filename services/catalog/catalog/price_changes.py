"""Changes of prices that staff schedule.

Whoever writes here locks the product first: changes of one product wait for each other, for edits
of it and for the worker (see schedule.py).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from catalog.errors import (
    PriceChangeOver,
    PriceChangeOverlaps,
    ProductNotFound,
    TooManyPriceChanges,
    invalid_field,
)
from catalog.models import audit_log, idempotency_keys
from catalog.repository import price_changes as rows
from catalog.repository.products import lock_product
from catalog.repository.stock import find_stock
from catalog.schedule import bring_up_to_date, end_change
from catalog.schemas.prices import PriceChangeCreate
from shopkit.audit import By, record
from shopkit.conditional import etag
from shopkit.errors import NotFound
from shopkit.idempotency import Answer, fingerprint, replayable
from shopkit.ids import new_id
from shopkit.money import money
from shopkit.pagination import Cursors

MAX_OPEN = 100


def create_change(
    conn: Connection,
    *,
    product_id: str,
    payload: PriceChangeCreate,
    key: str | None,
    by: By,
    now: datetime,
) -> Answer:
    """Raises PriceChangeOverlaps, TooManyPriceChanges, Invalid."""

    def effect() -> Answer:
        product = lock_product(conn, id=product_id)
        if product is None:
            raise ProductNotFound
        values = _columns(payload, product, now)
        _check_room(rows.list_open(conn, product_id=product_id), values)
        rows.insert_change(conn, {**values, "created_by": by.actor, "created_at": now})
        made, id_ = {"product_id": product_id, **payload.model_dump()}, values["id"]
        record(conn, audit_log, by, "price_change.create", id_, before=None, after=made, now=now)
        bring_up_to_date(conn, product_id=product_id, now=now)
        location = f"/api/products/{product_id}/price-changes/{id_}"
        shown = get_change(conn, product_id=product_id, change_id=id_)
        return Answer(201, shown, {"Location": location, "ETag": etag(shown["status"])})

    return replayable(
        conn,
        table=idempotency_keys,
        key=key,
        caller=by.actor,
        route="create_price_change",
        fingerprint=fingerprint(payload, product_id),
        now=now,
        effect=effect,
    )


def _columns(payload: PriceChangeCreate, product: dict[str, Any], now: datetime) -> dict[str, Any]:
    sent, currency = payload.model_dump(exclude_unset=True), product["price_currency"]
    for name in ("price", "compare_at_price"):
        if name in sent and sent[name]["currency"] != currency:
            why = f"The product costs {currency}."
            raise invalid_field(f"/{name}/currency", "currency_mismatch", why)
    starts_at, ends_at = payload.starts_at or now, payload.ends_at
    if starts_at < now:
        raise invalid_field("/starts_at", "in_the_past", "Leave it out to begin now.")
    if ends_at is not None and ends_at <= starts_at:
        raise invalid_field("/ends_at", "out_of_order", "It must end after it begins.")
    compare_at = sent.get("compare_at_price")
    return {
        "id": new_id(),
        "product_id": product["id"],
        "amount": payload.price.amount,
        "currency": currency,
        "compare_at_amount": compare_at["amount"] if compare_at else None,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "status": "scheduled",
        "due_at": starts_at,
    }


def _check_room(existing: list[dict[str, Any]], wanted: dict[str, Any]) -> None:
    """What does not end takes the moment at which it begins."""
    if len(existing) >= MAX_OPEN:
        raise TooManyPriceChanges(f"A product may have {MAX_OPEN} that are not over.")
    for other in existing:
        if wanted["starts_at"] == other["starts_at"] or (
            wanted["starts_at"] < (other["ends_at"] or other["starts_at"])
            and other["starts_at"] < (wanted["ends_at"] or wanted["starts_at"])
        ):
            raise PriceChangeOverlaps(
                "Another change is under way at that time: cancel it first, or choose other times.",
                item=_shown(other),
            )


def cancel_change(
    conn: Connection, *, product_id: str, change_id: str, by: By, now: datetime
) -> None:
    """It never begins; one that has begun ends. Raises NotFound, PriceChangeOver."""
    product = lock_product(conn, id=product_id)
    change = rows.find_change(conn, product_id=product_id, change_id=change_id)
    if product is None or change is None:
        raise _not_found()
    if change["status"] == "scheduled":
        rows.move(conn, change, "cancelled")
    elif change["status"] == "active":
        end_change(conn, product, change, by=by, now=now)
    else:
        raise PriceChangeOver(f"It is {change['status']}.")
    was = {"status": change["status"]}
    after = {"status": "cancelled" if change["status"] == "scheduled" else "over"}
    record(conn, audit_log, by, "price_change.cancel", change_id, before=was, after=after, now=now)


def get_change(conn: Connection, *, product_id: str, change_id: str) -> dict[str, Any]:
    """Raises NotFound."""
    change = rows.find_change(conn, product_id=product_id, change_id=change_id)
    if change is None:
        raise _not_found()
    return _shown(change)


def list_changes(
    conn: Connection, *, product_id: str, limit: int, cursor: str | None, cursors: Cursors
) -> dict[str, Any]:
    """A page, newest first. Raises ProductNotFound, InvalidCursor."""
    name = f"price changes {product_id}"
    before = cursors.decode(name, cursor)[0] if cursor is not None else None
    if find_stock(conn, product_id=product_id) is None:
        raise ProductNotFound
    found = rows.list_changes(conn, product_id=product_id, before=before, limit=limit + 1)
    items, more = found[:limit], len(found) > limit
    last = cursors.encode(name, [items[-1]["id"]]) if more else None
    return {"items": [_shown(row) for row in items], "next_cursor": last}


def _not_found() -> NotFound:
    return NotFound("The product has no such price change.")


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    currency, compare_at = row["currency"], row["compare_at_amount"]
    return {
        "id": row["id"],
        "product_id": row["product_id"],
        "price": money(row["amount"], currency),
        "compare_at_price": None if compare_at is None else money(compare_at, currency),
        "starts_at": row["starts_at"],
        "ends_at": row["ends_at"],
        "status": row["status"],
        "created_by": row["created_by"],
        "created_at": row["created_at"],
    }
