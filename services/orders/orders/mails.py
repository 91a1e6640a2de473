"""The mails that customers get, guests too: queued in the transaction of what they tell."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from orders.domain import Order
from orders.models import outbox
from orders.records import Fulfillment, Refund
from orders.states import PaymentStatus
from shopkit.ids import new_id
from shopkit.money import written
from shopkit.outbox import emit
from shopkit.postman import MAIL, Postman

CONFIRMED, SHIPPED, REFUNDED = "order_confirmed", "order_shipped", "order_refunded"
Values = dict[str, Any]


def tell_confirmed(conn: Connection, order: Order, now: datetime) -> None:
    sums = {name: _money(getattr(order, name), order) for name in ("subtotal", "total")}
    parts = {
        name: _money(amount, order)
        for name in ("discount", "shipping", "tax")
        if (amount := getattr(order, name))
    }
    lines = [
        {
            "name": line.name,
            "quantity": line.quantity,
            "total": _money(line.line_total, order),
        }
        for line in order.lines
    ]
    unpaid = order.payment_status == PaymentStatus.UNPAID
    _queue(conn, order, CONFIRMED, {**sums, "parts": parts, "lines": lines, "unpaid": unpaid}, now)


def tell_shipped(conn: Connection, order: Order, parcel: Fulfillment, now: datetime) -> None:
    names = {line.product_id: line.name for line in order.lines}
    lines = [
        {"name": names[item["product_id"]], "quantity": item["quantity"]} for item in parcel.items
    ]
    tracking = {
        "carrier": parcel.carrier,
        "tracking_number": parcel.tracking_number,
        "tracking_url": parcel.tracking_url,
    }
    _queue(conn, order, SHIPPED, {"lines": lines, **tracking}, now)


def tell_refunded(conn: Connection, order: Order, refund: Refund, now: datetime) -> None:
    _queue(conn, order, REFUNDED, {"amount": _money(refund.amount, order)}, now)


def _money(amount: int | None, order: Order) -> str:
    assert amount is not None and order.currency is not None  # noqa: S101 - it was confirmed
    return written(amount, order.currency)


def _queue(conn: Connection, order: Order, template: str, values: Values, now: datetime) -> None:
    """With all that the mail says, as it is now: nothing is looked up when it is sent."""
    if not order.email:  # whoever it was has been erased
        return
    payload = {
        "id": new_id(),
        "to": order.email,
        "template": template,
        "values": {**values, "number": order.number},
        "order_id": order.id,
        "at": now.isoformat(),
    }
    emit(conn, outbox, topic=MAIL, payload=payload, now=now)


class OrderMails:
    def __init__(self, postman: Postman, link: Callable[[str], str]) -> None:
        self._postman, self._link = postman, link

    async def deliver(self, payload: Mapping[str, Any]) -> None:
        """Raises MailDelayed."""
        await self._postman.send(
            id=payload["id"],
            to=payload["to"],
            template=payload["template"],
            values={**payload["values"], "link": self._link(f"/orders/{payload['order_id']}")},
            made_at=datetime.fromisoformat(payload["at"]),
        )
