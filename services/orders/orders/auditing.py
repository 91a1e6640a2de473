"""What staff did to orders, for the audit log: statuses and papers, without anybody's words."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from orders.domain import Actor, Order
from orders.models import audit_log
from shopkit.audit import By, record

_STATES = ("step", "status", "payment_status", "fulfillment_status", "restock")
_PAPERS = {
    "payments": ("method", "state", "amount", "captured", "refunded"),
    "refunds": ("status", "amount", "shipping", "items"),
    "fulfillments": ("status", "items", "carrier"),
    "returns": ("status", "items", "restocked", "refund_id"),
}


def record_change(
    conn: Connection, action: str, before: Order, after: Order, *, actor: Actor, now: datetime
) -> None:
    """In the transaction of the change, when it was staff who made it. What follows from that
    later, as the saga goes on, is theirs too, and has no entry of its own."""
    if actor.kind != "staff" or actor.by is None:
        return
    record(
        conn,
        audit_log,
        By(actor.by, actor.request_id),
        f"order.{action}",
        after.id,
        before=_seen(before),
        after=_seen(after),
        within=_PAPERS,
        now=now,
    )


def _seen(order: Order) -> dict[str, Any]:
    """Amounts are in minor units of the order's currency; papers by their ids."""
    papers = {
        kind: {one.id: {name: getattr(one, name) for name in names} for one in getattr(order, kind)}
        for kind, names in _PAPERS.items()
    }
    return {**{name: getattr(order, name) for name in _STATES}, **papers}
