"""An order as the public API shows it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from orders.domain import Line, Order
from orders.records import Fulfillment, Payment, Refund, Return
from orders.schemas.orders import AddressOut
from shopkit.money import money


def render(order: Order, *, for_staff: bool = False) -> dict[str, Any]:
    """The public form, JSON-able: what is stored for an idempotency key is exactly this. Which
    member of the staff did something is for staff."""
    return {
        "id": order.id,
        "number": order.number,
        "status": order.status,
        "payment_status": order.payment_status,
        "fulfillment_status": order.fulfillment_status,
        "email": order.email,
        "items": [_item(line, order.currency or "") for line in order.lines],
        "subtotal": _amount(order.subtotal, order.currency),
        "discount": _amount(order.discount, order.currency),
        "shipping": _amount(order.shipping, order.currency),
        "tax": _amount(order.tax, order.currency),
        "total": _amount(order.total, order.currency),
        "shipping_address": _address(order.shipping_address),
        "billing_address": _address(order.billing_address),
        "note": order.note,
        "next_action": _next_action(order),
        "payments": [_payment(payment) for payment in order.payments],
        "refunds": [_refund(refund, order.currency or "") for refund in order.refunds],
        "fulfillments": [_fulfillment(one) for one in order.fulfillments],
        "returns": [_return(one) for one in order.returns],
        "timeline": [_entry(entry, for_staff) for entry in order.timeline],
        "placed_at": timestamp(order.placed_at),
        "version": order.version,
    }


def _entry(entry: dict[str, Any], for_staff: bool) -> dict[str, Any]:
    """In one order of members, whatever the database makes of it."""
    shown = {name: entry[name] for name in ("at", "event", "actor", "reason")}
    return shown | {"by": entry.get("by") if for_staff else None}


def _address(address: dict[str, Any] | None) -> dict[str, Any] | None:
    return address and {name: address[name] for name in AddressOut.model_fields}


def render_address(row: Mapping[Any, Any]) -> dict[str, Any]:
    """One of the address book."""
    address = row["address"]
    return {
        "id": row["id"],
        **{name: address[name] for name in AddressOut.model_fields},
        **{name: row[name] for name in ("default_shipping", "default_billing", "version")},
        "created_at": timestamp(row["created_at"]),
        "updated_at": timestamp(row["updated_at"]),
    }


def _next_action(order: Order) -> dict[str, Any] | None:
    """What the customer must do, where the order waits for that."""
    if not order.waits:
        return None
    action = order.payment.next_action or {"type": "pay_again"}
    return {"url": None, "client_secret": None} | action


def _payment(payment: Payment) -> dict[str, Any]:
    return {
        "id": payment.id,
        "method": payment.method,
        "status": payment.state,
        "amount": money(payment.amount, payment.currency),
        "captured": money(payment.captured, payment.currency),
        "refunded": money(payment.refunded, payment.currency),
        "decline_code": payment.decline_code,
        "created_at": timestamp(payment.created_at),
    }


def _refund(refund: Refund, currency: str) -> dict[str, Any]:
    return {
        "id": refund.id,
        "status": refund.status,
        "amount": money(refund.amount, currency),
        "shipping": money(refund.shipping, currency),
        "items": [item | {"amount": money(item["amount"], currency)} for item in refund.items],
        "reason": refund.reason,
        "created_at": timestamp(refund.created_at),
    }


def _fulfillment(one: Fulfillment) -> dict[str, Any]:
    return {
        "id": one.id,
        "status": one.status,
        "items": one.items,
        "carrier": one.carrier,
        "tracking_number": one.tracking_number,
        "tracking_url": one.tracking_url,
        "created_at": timestamp(one.created_at),
        "delivered_at": timestamp(one.delivered_at) if one.delivered_at else None,
    }


def _return(one: Return) -> dict[str, Any]:
    return {
        "id": one.id,
        "status": one.status,
        "items": one.items,
        "reason": one.reason,
        "restocked": one.restocked,
        "refund_id": one.refund_id,
        "created_at": timestamp(one.created_at),
        "closed_at": timestamp(one.closed_at) if one.closed_at else None,
    }


def _item(line: Line, currency: str) -> dict[str, Any]:
    return {
        "product_id": line.product_id,
        "sku": line.sku,
        "name": line.name,
        "quantity": line.quantity,
        "unit_price": money(line.unit_price, currency),
        "line_total": money(line.line_total, currency),
    }


def _amount(amount: int | None, currency: str | None) -> dict[str, Any] | None:
    return None if amount is None or currency is None else money(amount, currency)


def timestamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def render_discrepancy(row: Mapping[Any, Any]) -> dict[str, Any]:
    times = {
        name: timestamp(row[name]) if row[name] else None for name in ("found_at", "closed_at")
    }
    return {**row, **times}
