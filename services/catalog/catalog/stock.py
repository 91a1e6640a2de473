"""Stock as staff see and change it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection

from catalog.domain import MAX_ON_HAND, stock_state
from catalog.errors import (
    BackorderInUse,
    ProductNotFound,
    StockBelowReserved,
    StockChanged,
    invalid_field,
)
from catalog.models import audit_log, idempotency_keys
from catalog.repository import stock as rows
from catalog.schemas.stock import StockAdjust, StockPatch, StockQuery, StockSet
from shopkit.audit import By, record
from shopkit.conditional import check_if_match, etag
from shopkit.idempotency import Answer, fingerprint, replayable
from shopkit.ids import LOWEST_ID
from shopkit.pagination import Cursors


def get_stock(conn: Connection, *, product_id: str, low_stock: int) -> dict[str, Any]:
    """Raises ProductNotFound."""
    return _shown(rows.find_stock(conn, product_id=product_id), low_stock)


def set_stock(
    conn: Connection,
    *,
    product_id: str,
    payload: StockSet,
    if_match: str | None,
    key: str | None,
    by: By,
    now: datetime,
    low_stock: int,
) -> Answer:
    """Raises StockChanged, StockBelowReserved, PreconditionFailed."""

    def effect() -> dict[str, Any]:
        current = _shown(rows.lock_stock(conn, product_id=product_id), low_stock)
        check_if_match(if_match, current["version"])
        if payload.expected not in (None, current["on_hand"]):
            raise StockChanged(f"{current['on_hand']} are on hand.", on_hand=current["on_hand"])
        _change(conn, current, payload.on_hand, payload, "product.set_stock", by, now)
        return get_stock(conn, product_id=product_id, low_stock=low_stock)

    return _once(conn, "set_stock", product_id, payload, key, by, now, effect)


def adjust_stock(
    conn: Connection,
    *,
    product_id: str,
    payload: StockAdjust,
    key: str | None,
    by: By,
    now: datetime,
    low_stock: int,
) -> Answer:
    """Raises StockBelowReserved, Invalid."""

    def effect() -> dict[str, Any]:
        current = _shown(rows.lock_stock(conn, product_id=product_id), low_stock)
        on_hand = current["on_hand"] + payload.delta
        if payload.delta == 0:
            why = "Say how many to add, or with a minus how many to take away; 0 changes nothing."
            raise invalid_field("/delta", "out_of_range", why)
        if abs(on_hand) > MAX_ON_HAND:
            why = f"{on_hand} would be on hand; {MAX_ON_HAND} is the most."
            raise invalid_field("/delta", "out_of_range", why)
        if payload.kind == "receipt" and payload.delta < 0:
            raise invalid_field("/delta", "out_of_range", "A receipt is positive.")
        _change(conn, current, on_hand, payload, "product.adjust_stock", by, now)
        return get_stock(conn, product_id=product_id, low_stock=low_stock)

    return _once(conn, "adjust_stock", product_id, payload, key, by, now, effect)


def patch_stock(
    conn: Connection,
    *,
    product_id: str,
    payload: StockPatch,
    if_match: str | None,
    by: By,
    now: datetime,
    low_stock: int,
) -> dict[str, Any]:
    """On which terms it is sold. Raises BackorderInUse, PreconditionFailed."""
    current = _shown(rows.lock_stock(conn, product_id=product_id), low_stock)
    check_if_match(if_match, current["version"])
    was = {name: current[name] for name in StockPatch.model_fields}
    wanted = was | payload.model_dump(exclude_unset=True)
    if wanted == was:
        return current
    if not rows.set_terms(conn, product_id=product_id, **wanted):
        short = -current["available"]
        detail = f"{short} more are sold than there are: wait for goods, or cancel orders."
        raise BackorderInUse(detail, short=short)
    record(
        conn, audit_log, by, "product.patch_stock", product_id, before=was, after=wanted, now=now
    )
    return get_stock(conn, product_id=product_id, low_stock=low_stock)


def _once(
    conn: Connection,
    route: str,
    product_id: str,
    payload: BaseModel,
    key: str | None,
    by: By,
    now: datetime,
    effect: Callable[[], dict[str, Any]],
) -> Answer:
    def answer() -> Answer:
        changed = effect()
        return Answer(200, changed, {"ETag": etag(changed["version"])})

    return replayable(
        conn,
        table=idempotency_keys,
        key=key,
        caller=by.actor,
        route=route,
        fingerprint=fingerprint(payload, product_id),
        now=now,
        effect=answer,
    )


def _change(
    conn: Connection,
    current: dict[str, Any],
    on_hand: int,
    payload: StockSet | StockAdjust,
    action: str,
    by: By,
    now: datetime,
) -> None:
    product_id = current["product_id"]
    if not rows.set_on_hand(conn, product_id=product_id, on_hand=on_hand):
        there, reserved = current["on_hand"], current["reserved"]
        raise StockBelowReserved(
            f"{there} are on hand, and {reserved} of them are reserved for orders: at most "
            f"{there - reserved} can be taken away.",
            reserved=reserved,
        )
    rows.record_movements(
        conn,
        {product_id: on_hand - current["on_hand"]},
        kind=payload.kind,
        reason=payload.reason,
        actor=by.actor,
        now=now,
    )
    was, is_now = {"on_hand": current["on_hand"]}, {"on_hand": on_hand}
    record(conn, audit_log, by, action, product_id, before=was, after=is_now, now=now)


def _shown(row: dict[str, Any] | None, low_stock: int) -> dict[str, Any]:
    if row is None:
        raise ProductNotFound
    level = low_stock if row["low_stock_level"] is None else row["low_stock_level"]
    available = row["on_hand"] - row["reserved"]
    return {**row, "available": available, "state": stock_state(available, level)}


def list_short(
    conn: Connection, *, query: StockQuery, low_stock: int, cursors: Cursors
) -> dict[str, Any]:
    """A page of what is low or out, of the products that are sold. Raises InvalidCursor."""
    name = f"stock {query.state}"
    after = cursors.decode(name, query.cursor)[0] if query.cursor is not None else LOWEST_ID
    found = rows.list_short(
        conn, state=query.state, low_stock=low_stock, after=after, limit=query.limit + 1
    )
    items = [_shown(row, low_stock) for row in found[: query.limit]]
    more = len(found) > query.limit
    last = cursors.encode(name, [items[-1]["product_id"]]) if more else None
    return {"items": items, "next_cursor": last}


def list_movements(
    conn: Connection, *, product_id: str, after: int | None, limit: int
) -> list[dict[str, Any]]:
    """One row more than `limit` when there are more. Raises ProductNotFound."""
    if rows.find_stock(conn, product_id=product_id) is None:
        raise ProductNotFound
    return rows.list_movements(conn, product_id=product_id, after=after, limit=limit + 1)
