"""What customers send to orders."""

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from orders.countries import COUNTRIES
from shopkit.schemas import Email, Id, Input, Line, LongText, MoneyInput


def _country(code: str) -> str:
    if code not in COUNTRIES:
        raise ValueError("not an ISO 3166-1 alpha-2 code, like DE")
    return code


Country = Annotated[
    str,
    Field(json_schema_extra={"pattern": "^[A-Z]{2}$"}, examples=["DE"]),
    AfterValidator(_country),
]
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
    """How the customer pays. `manual` is paid later; which others there are tells
    `GET /api/payments/methods`."""

    method: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,39}$", examples=["manual"])] = "manual"
    token: Annotated[
        Line | None,
        Field(description="Of the means of payment, from the provider; `manual` takes none."),
    ] = None


class OtherPaymentInput(PaymentInput):
    """Another means, by a method with a provider."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"method": "sandbox", "token": "tok_success"}]}
    )


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
        Address | None,
        Field(
            description="When it is absent, the default of the address book or else the shipping "
            "address."
        ),
    ] = None
    shipping_address_id: Annotated[
        Id | None,
        Field(
            description="Of the address book, instead of `shipping_address`. Without either, its "
            "default."
        ),
    ] = None
    billing_address_id: Annotated[
        Id | None, Field(description="Of the address book, instead of `billing_address`.")
    ] = None
    shipping_method: Literal["standard"] = "standard"
    email: Annotated[
        Email | None, Field(description="The account's address when it is absent.")
    ] = None
    note: Annotated[
        LongText | None,
        Field(
            max_length=2000,
            description="What the customer wants the shop to know; the order shows it.",
            examples=["Please ring twice"],
        ),
    ] = None
    payment: PaymentInput | None = None
    expected_total: Annotated[
        TotalInput | None,
        Field(description="The total that you showed; another one is refused (`price_changed`)."),
    ] = None


class CancelInput(Input):
    reason: Annotated[Line | None, Field(max_length=200, examples=["Ordered by mistake"])] = None
    restock: Annotated[
        bool,
        Field(description="Whether the goods go back into stock. Only staff may say `false`."),
    ] = True


class ItemInput(Input):
    product_id: Id
    quantity: Annotated[int, Field(ge=1, le=10_000, examples=[1])]


Items = Annotated[list[ItemInput], Field(min_length=1, max_length=200)]
Reason = Annotated[Line | None, Field(max_length=200, examples=["Too small"])]


class ReturnInput(Input):
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "Too small"}]})

    items: Annotated[Items | None, Field(description="All that was sent when absent.")] = None
    reason: Reason = None
