"""What staff send to orders, and what only they get."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from orders.schemas.checkout import Items, Reason
from shopkit.schemas import Id, Input, Line, LongText, MoneyInput, Output, Timestamp

ID = "019ab1d2-1111-7a31-8f52-3b6c1d2e4f50"


class FulfillmentInput(Input):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"carrier": "DHL", "tracking_number": "JJD000390007"}]}
    )

    items: Annotated[
        Items | None, Field(description="All that is left and not refunded when absent.")
    ] = None
    carrier: Annotated[Line | None, Field(max_length=60, examples=["DHL"])] = None
    tracking_number: Annotated[Line | None, Field(max_length=60, examples=["JJD000390007"])] = None
    tracking_url: Annotated[
        Line | None,
        Field(max_length=200, pattern="^https?://[!-~]+$", examples=["https://example.com/track"]),
    ] = None


class RefundInput(Input):
    """By line, the shipping, any amount, or several of them together."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"amount": {"amount": 500, "currency": "USD"}, "reason": "Arrived late"},
                {"items": [{"product_id": ID, "quantity": 1}], "shipping": True},
            ]
        }
    )

    items: Items | None = None
    shipping: Annotated[bool, Field(description="What is left of the shipping.")] = False
    amount: Annotated[MoneyInput | None, Field(description="Beside `items` and `shipping`.")] = None
    reason: Reason = None


class MarkPaidInput(Input):
    reference: Annotated[
        Line | None, Field(max_length=200, examples=["Bank statement 2026-11-25, line 3"])
    ] = None


class ReceiveInput(Input):
    restock: Annotated[bool, Field(description="Whether the goods can be sold again.")] = True
    refund: Annotated[bool, Field(description="Whether what they cost goes back.")] = True


class RejectInput(Input):
    reason: Reason = None


class CloseInput(Input):
    note: LongText | None = None


class DiscrepancyOut(Output):
    """Something that does not fit together and needs a person."""

    id: Id
    kind: Annotated[str, Field(examples=["unknown_payment"])]
    subject: str
    order_id: Id | None
    detail: str
    found_at: Timestamp
    closed_at: Timestamp | None
    closed_by: str | None
    note: str | None


DiscrepancyState = Literal["open", "any"]
