"""What clients send to orders, and what they get."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field

from orders.countries import COUNTRIES
from shopkit.schemas import Email, Id, Input, Line, LongText, Money, MoneyInput, Output, Timestamp


def _country(code: str) -> str:
    if code not in COUNTRIES:
        raise ValueError("not an ISO 3166-1 alpha-2 code")
    return code


Country = Annotated[str, Field(pattern="^[A-Z]{2}$", examples=["DE"]), AfterValidator(_country)]
Phone = Annotated[str, Field(pattern=r"^\+?[0-9 ()./-]{3,30}$", examples=["+49 30 901820"])]
PostalCode = Annotated[Line, Field(max_length=20, examples=["10117"])]


class Address(Input):
    """A postal address. Whether it can be delivered to is not checked here."""

    name: Annotated[Line, Field(examples=["Ada Lovelace"])]
    company: Line | None = None
    line1: Annotated[Line, Field(examples=["Unter den Linden 1"])]
    line2: Line | None = None
    city: Annotated[Line, Field(examples=["Berlin"])]
    region: Annotated[Line | None, Field(description="State, province or county.")] = None
    postal_code: PostalCode | None = None
    country: Country
    phone: Phone | None = None


class PaymentInput(Input):
    """How the customer pays. `manual` is pay later, by invoice or on delivery."""

    method: Literal["manual"] = "manual"
    token: Annotated[
        Line | None, Field(description="Of the means of payment; `manual` needs none.")
    ] = None


class TotalInput(MoneyInput):
    """A whole order may cost more than one price can."""

    amount: Annotated[int, Field(ge=0, lt=2**63, examples=[4997])]


class CheckoutInput(Input):
    """Everything is optional for a customer with an account; a guest must give `email`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "email": "ada@example.com",
                    "shipping_address": {
                        "name": "Ada Lovelace",
                        "line1": "Unter den Linden 1",
                        "city": "Berlin",
                        "postal_code": "10117",
                        "country": "DE",
                    },
                    "payment": {"method": "manual"},
                }
            ]
        }
    )

    shipping_address: Address | None = None
    billing_address: Annotated[
        Address | None, Field(description="The shipping address when it is absent.")
    ] = None
    shipping_method: Literal["standard"] = "standard"
    email: Annotated[
        Email | None, Field(description="The account's address when it is absent.")
    ] = None
    note: Annotated[LongText | None, Field(max_length=2000)] = None
    payment: PaymentInput | None = None
    expected_total: Annotated[
        TotalInput | None,
        Field(description="The total that you showed; another one is refused (`price_changed`)."),
    ] = None


class CancelInput(Input):
    reason: Annotated[Line | None, Field(max_length=200, examples=["Ordered by mistake"])] = None


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
    """`event` is `placed`, `confirmed`, `failed` or `cancelled`; others will be added."""

    at: Timestamp
    event: str
    actor: Literal["customer", "staff", "system"]
    reason: Annotated[
        str | None, Field(description="What was given, or the error code of a failed checkout.")
    ]


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
    "timeline": [
        {"at": "2026-11-22T10:00:00Z", "event": "placed", "actor": "customer", "reason": None},
        {"at": "2026-11-22T10:00:00.041Z", "event": "confirmed", "actor": "system", "reason": None},
    ],
    "placed_at": "2026-11-22T10:00:00Z",
    "version": 3,
}


class OrderOut(Output):
    """An order. `number` is for people; `id` is for machines."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: Id
    number: Annotated[str, Field(examples=["7KQ2M9XD"])]
    status: OrderStatus
    payment_status: Literal["unpaid"]
    fulfillment_status: Literal["unfulfilled"]
    email: str
    items: list[OrderItem]
    subtotal: Amount
    discount: Amount
    shipping: Amount
    tax: Amount
    total: Amount
    shipping_address: AddressOut | None
    billing_address: AddressOut | None
    timeline: list[TimelineEntry]
    placed_at: Timestamp
    version: int
