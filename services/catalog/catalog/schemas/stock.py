"""Stock, for staff."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from shopkit.schemas import Input, Limit, Output, Page, Timestamp, clean_line

_OnHand = Annotated[int, Field(ge=0, le=1_000_000_000, examples=[25])]
Reason = Annotated[
    str, Field(min_length=1, max_length=200, examples=["stocktaking"]), AfterValidator(clean_line)
]
_Delta = Annotated[int, Field(ge=-1_000_000_000, le=1_000_000_000, examples=[-2])]


class StockSet(Input):
    on_hand: _OnHand
    expected: Annotated[
        _OnHand | None, Field(description="What you think `on_hand` is; 409 when it is not.")
    ] = None
    reason: Reason | None = None


class StockAdjust(Input):
    delta: Annotated[_Delta, Field(description="What to add; not 0.")]
    reason: Reason
    kind: Annotated[
        Literal["adjustment", "receipt"], Field(description="A receipt is goods that came in.")
    ] = "adjustment"


class Stock(Output):
    product_id: str
    on_hand: int
    reserved: int
    available: int
    version: int


class StockMovement(Output):
    """One change of `on_hand`. The sum of all of a product's is what is on hand."""

    id: str
    kind: Literal["opening", "receipt", "adjustment", "sale", "return"]
    quantity: int
    order_id: str | None
    reason: str | None
    created_at: Timestamp


class StockMovementPage(Page[StockMovement]):
    """Newest first."""


class MovementQuery(Input):
    limit: Limit = 20
    cursor: Annotated[str | None, Field(max_length=1000)] = None
