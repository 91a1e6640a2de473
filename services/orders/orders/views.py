"""An order as the public API shows it."""

from datetime import UTC, datetime
from typing import Any

from orders.domain import Line, Order
from shopkit.money import money


def render(order: Order) -> dict[str, Any]:
    """The public form, JSON-able: what is stored for an idempotency key is exactly this."""
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
        "shipping_address": order.shipping_address,
        "billing_address": order.billing_address,
        "timeline": order.timeline,
        "placed_at": _timestamp(order.placed_at),
        "version": order.version,
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


def _timestamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
