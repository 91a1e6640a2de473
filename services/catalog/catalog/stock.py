"""Stock as staff see and change it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from catalog.domain import MAX_ON_HAND
from catalog.errors import ProductNotFound, StockBelowReserved, StockChanged, invalid_field
from catalog.models import audit_log, idempotency_keys
from catalog.repository import stock as rows
from catalog.schemas.stock import StockAdjust, StockSet
from shopkit.audit import By, record
from shopkit.conditional import check_if_match, etag
from shopkit.idempotency import Answer, fingerprint, replayable


def get_stock(conn: Connection, *, product_id: str) -> dict[str, Any]:
    """Raises ProductNotFound."""
    return _shown(rows.find_stock(conn, product_id=product_id))


def set_stock(
    conn: Connection,
    *,
    product_id: str,
    payload: StockSet,
    if_match: str | None,
    by: By,
    now: datetime,
) -> dict[str, Any]:
    """Raises StockChanged, StockBelowReserved, PreconditionFailed."""
    current = _shown(rows.lock_stock(conn, product_id=product_id))
    check_if_match(if_match, current["version"])
    if payload.expected not in (None, current["on_hand"]):
        raise StockChanged(f"{current['on_hand']} are on hand.", on_hand=current["on_hand"])
    change: dict[str, Any] = {"kind": "adjustment", "reason": payload.reason, "now": now}
    return _change(conn, current, payload.on_hand, "product.set_stock", by, **change)


def adjust_stock(
    conn: Connection,
    *,
    product_id: str,
    payload: StockAdjust,
    key: str | None,
    by: By,
    now: datetime,
) -> Answer:
    """Raises StockBelowReserved, Invalid."""

    def effect() -> Answer:
        current = _shown(rows.lock_stock(conn, product_id=product_id))
        on_hand = current["on_hand"] + payload.delta
        if payload.delta == 0 or on_hand > MAX_ON_HAND:
            raise invalid_field("/delta", "out_of_range", f"Not 0, and {MAX_ON_HAND} may be there.")
        if payload.kind == "receipt" and payload.delta < 0:
            raise invalid_field("/delta", "out_of_range", "A receipt is positive.")
        change: dict[str, Any] = {"kind": payload.kind, "reason": payload.reason, "now": now}
        changed = _change(conn, current, on_hand, "product.adjust_stock", by, **change)
        return Answer(200, changed, {"ETag": etag(changed["version"])})

    return replayable(
        conn,
        table=idempotency_keys,
        key=key,
        caller=by.actor,
        route="adjust_stock",
        fingerprint=fingerprint(payload, product_id),
        now=now,
        effect=effect,
    )


def _change(
    conn: Connection,
    current: dict[str, Any],
    on_hand: int,
    action: str,
    by: By,
    *,
    now: datetime,
    **change: Any,
) -> dict[str, Any]:
    product_id = current["product_id"]
    if not rows.set_on_hand(conn, product_id=product_id, on_hand=on_hand):
        raise StockBelowReserved(
            f"{current['reserved']} are reserved for orders.", reserved=current["reserved"]
        )
    moved = {product_id: on_hand - current["on_hand"]}
    rows.record_movements(conn, moved, actor=by.actor, now=now, **change)
    was, is_now = {"on_hand": current["on_hand"]}, {"on_hand": on_hand}
    record(conn, audit_log, by, action, product_id, before=was, after=is_now, now=now)
    return get_stock(conn, product_id=product_id)


def _shown(row: dict[str, Any] | None) -> dict[str, Any]:
    if row is None:
        raise ProductNotFound
    return {**row, "available": row["on_hand"] - row["reserved"]}


def list_movements(
    conn: Connection, *, product_id: str, after: int | None, limit: int
) -> list[dict[str, Any]]:
    """One row more than `limit` when there are more. Raises ProductNotFound."""
    get_stock(conn, product_id=product_id)
    return rows.list_movements(conn, product_id=product_id, after=after, limit=limit + 1)
