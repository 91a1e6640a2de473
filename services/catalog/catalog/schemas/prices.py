"""What products cost before, and what they are to cost at a time."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from shopkit.schemas import Input, Limit, Moment, Money, MoneyInput, Output, Page, Timestamp, absent


class PastPrice(Output):
    """A price, or a change of whether it could be paid; it held until the next newer one."""

    price: Money
    compare_at_price: Money | None
    offered: Annotated[bool, Field(description="Whether the product was active.")]
    since: Timestamp
    change_id: Annotated[str | None, Field(description="The scheduled change that it came with.")]


class PastPricePage(Page[PastPrice]):
    """Newest first."""


_SALE: dict[str, Any] = {
    "price": {"amount": 1499, "currency": "USD"},
    "compare_at_price": {"amount": 1999, "currency": "USD"},
    "starts_at": "2030-11-29T00:00:00Z",
    "ends_at": "2030-12-02T00:00:00Z",
}


class PriceChangeCreate(Input):
    """Without `ends_at` the price stays; with it, the one before comes back then."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SALE]})

    price: MoneyInput
    compare_at_price: Annotated[MoneyInput, Field(description="Left out, it stays what it is.")] = (
        absent()
    )
    starts_at: Annotated[Moment | None, Field(description="Left out: now.")] = None
    ends_at: Moment | None = None


class PriceChange(Output):
    """`scheduled`, then `active` until `ends_at`, then `over`; or `cancelled` by staff, or
    `skipped` because its time had passed or the product had another currency or was deleted."""

    id: str
    product_id: str
    price: Money
    compare_at_price: Annotated[Money | None, Field(description="null: it stays what it is.")]
    starts_at: Timestamp
    ends_at: Timestamp | None
    status: Literal["scheduled", "active", "over", "cancelled", "skipped"]
    created_by: str
    created_at: Timestamp


class PriceChangePage(Page[PriceChange]):
    """Newest first."""


class PriceQuery(Input):
    limit: Limit = 20
    cursor: Annotated[str | None, Field(max_length=1000)] = None
