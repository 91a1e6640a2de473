"""An order as clients get it."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from orders.records import PaymentState
from orders.states import FulfillmentStatus, PaymentStatus
from shopkit.schemas import Id, Money, Output, Timestamp


class OrderItem(Output):
    """What was bought, at the price agreed; it does not change when the catalog does."""

    product_id: Id
    sku: str
    name: str
    quantity: int
    unit_price: Money
    line_total: Money


class AddressOut(Output):
    name: str
    company: str | None
    line1: str
    line2: str | None
    city: str
    region: str | None
    postal_code: str | None
    country: str
    phone: str | None


class TimelineEntry(Output):
    """`event` is `placed`, `payment_authorized`, `confirmed`, `paid`, `failed`, `cancelled`,
    `fulfilled`, `delivered`, `refund_requested`, `refunded`, `refund_failed`, `return_requested`,
    `return_received` or `return_rejected`; others will be added."""

    at: Timestamp
    event: str
    actor: Literal["customer", "staff", "system"]
    reason: Annotated[
        str | None, Field(description="What was given, or the error code of a failed checkout.")
    ]
    by: Annotated[Id | None, Field(description="Which member of the staff; only staff see it.")]


OrderStatus = Literal["pending", "confirmed", "completed", "cancelled", "failed"]
PlacedStatus = Literal["pending", "confirmed", "completed", "cancelled"]
Amount = Annotated[
    Money | None, Field(description="null only while the cart has not been priced yet.")
]


EXAMPLE: dict[str, Any] = {
    "id": "019ab1d2-7c40-7a31-8f52-3b6c1d2e4f50",
    "number": "7KQ2M9XD",
    "status": "confirmed",
    "payment_status": "unpaid",
    "fulfillment_status": "unfulfilled",
    "email": "ada@example.com",
    "items": [
        {
            "product_id": "019ab1d2-1111-7a31-8f52-3b6c1d2e4f50",
            "sku": "TEA-EG-100",
            "name": "Earl Grey, 100 g",
            "quantity": 2,
            "unit_price": {"amount": 899, "currency": "USD"},
            "line_total": {"amount": 1798, "currency": "USD"},
        }
    ],
    "subtotal": {"amount": 1798, "currency": "USD"},
    "discount": {"amount": 0, "currency": "USD"},
    "shipping": {"amount": 0, "currency": "USD"},
    "tax": {"amount": 0, "currency": "USD"},
    "total": {"amount": 1798, "currency": "USD"},
    "shipping_address": None,
    "billing_address": None,
    "note": None,
    "timeline": [
        {
            "at": "2026-11-22T10:00:00Z",
            "event": "placed",
            "actor": "customer",
            "reason": None,
            "by": None,
        },
        {
            "at": "2026-11-22T10:00:00.041Z",
            "event": "confirmed",
            "actor": "system",
            "reason": None,
            "by": None,
        },
    ],
    "next_action": None,
    "payments": [],
    "refunds": [],
    "fulfillments": [],
    "returns": [],
    "placed_at": "2026-11-22T10:00:00Z",
    "version": 3,
}


class NextAction(Output):
    """What the customer must do. `redirect`: open `url`; `stripe_sdk`: give `client_secret` to
    Stripe's script; `pay_again`: send another means of payment to `POST …/payment`."""

    type: Literal["redirect", "stripe_sdk", "pay_again"]
    url: str | None
    client_secret: str | None


class PaymentOut(Output):
    """One attempt to pay."""

    id: Id
    method: str
    status: PaymentState
    amount: Money
    captured: Money
    refunded: Money
    decline_code: str | None
    created_at: Timestamp


class PaperItem(Output):
    product_id: Id
    quantity: int


class RefundItem(PaperItem):
    amount: Money


class RefundOut(Output):
    """`pending` until the provider has said yes or no; that follows by itself."""

    id: Id
    status: Literal["pending", "succeeded", "failed"]
    amount: Money
    shipping: Annotated[Money, Field(description="The part of `amount` that is for shipping.")]
    items: list[RefundItem]
    reason: str | None
    created_at: Timestamp


class FulfillmentOut(Output):
    """A parcel."""

    id: Id
    status: Literal["shipped", "delivered"]
    items: list[PaperItem]
    carrier: str | None
    tracking_number: str | None
    tracking_url: str | None
    created_at: Timestamp
    delivered_at: Timestamp | None


class ReturnOut(Output):
    id: Id
    status: Literal["requested", "received", "rejected"]
    items: list[PaperItem]
    reason: str | None
    restocked: bool
    refund_id: Id | None
    created_at: Timestamp
    closed_at: Timestamp | None


class OrderOut(Output):
    """An order. `number` is for people; `id` is for machines."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: Id
    number: Annotated[str, Field(examples=["7KQ2M9XD"])]
    status: OrderStatus
    payment_status: PaymentStatus
    fulfillment_status: FulfillmentStatus
    email: str
    items: list[OrderItem]
    subtotal: Amount
    discount: Amount
    shipping: Amount
    tax: Amount
    total: Amount
    shipping_address: AddressOut | None
    billing_address: AddressOut | None
    note: Annotated[str | None, Field(description="What the customer wants the shop to know.")]
    next_action: NextAction | None
    payments: list[PaymentOut]
    refunds: list[RefundOut]
    fulfillments: list[FulfillmentOut]
    returns: list[ReturnOut]
    timeline: list[TimelineEntry]
    placed_at: Timestamp
    version: int
