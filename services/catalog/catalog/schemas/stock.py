"""Stock, for staff."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from shopkit.schemas import Input, Limit, Output, Page, Timestamp, absent, clean_line

_OnHand = Annotated[int, Field(ge=0, le=1_000_000_000, examples=[25])]
Reason = Annotated[
    str, Field(min_length=1, max_length=200, examples=["stocktaking"]), AfterValidator(clean_line)
]
_Delta = Annotated[int, Field(ge=-1_000_000_000, le=1_000_000_000, examples=[-2])]


_Kind = Annotated[
    Literal["adjustment", "correction"],
    Field(description="A correction puts a wrong entry right."),
]
Level = Annotated[int, Field(ge=0, le=1_000_000, examples=[10])]


class StockSet(Input):
    on_hand: _OnHand
    expected: Annotated[
        int | None,
        Field(
            ge=-1_000_000_000,
            le=1_000_000_000,
            description="What you think `on_hand` is; 409 when it is not.",
        ),
    ] = None
    reason: Reason | None = None
    kind: _Kind = "adjustment"


class StockAdjust(Input):
    delta: Annotated[_Delta, Field(description="What to add; not 0.")]
    reason: Reason
    kind: Annotated[
        Literal["adjustment", "receipt", "correction"],
        Field(
            description="A receipt is goods that came in; a correction puts a wrong entry right."
        ),
    ] = "adjustment"


class StockPatch(Input):
    """RFC 7396: what is absent stays."""

    low_stock_level: Annotated[
        Level | None,
        Field(description="So many or fewer available: `low_stock`. null: the shop's level."),
    ] = None
    backorder: Annotated[
        bool, Field(description="Whether more may be sold than there is.", examples=[True])
    ] = absent()


class Stock(Output):
    """`available` = `on_hand` - `reserved`. With backorder both may be below 0: that is owed."""

    product_id: str
    on_hand: int
    reserved: int
    available: int
    state: Literal["in_stock", "low_stock", "out_of_stock"]
    low_stock_level: Annotated[int | None, Field(description="null: the shop's level.")]
    backorder: bool
    version: int


class ListedStock(Stock):
    sku: str
    name: str


class StockPage(Page[ListedStock]):
    """By product id: the oldest product first."""


class StockQuery(Input):
    """What `GET /api/stock` takes."""

    state: Annotated[
        Literal["low_stock", "out_of_stock"],
        Field(description="As products show it: what is low is not out."),
    ]
    limit: Limit = 20
    cursor: Annotated[str | None, Field(max_length=1000)] = None


class StockMovement(Output):
    """One change of `on_hand`. The sum of all of a product's is what is on hand."""

    id: str
    kind: Literal["opening", "receipt", "sale", "return", "adjustment", "correction"]
    quantity: int
    order_id: str | None
    reason: str | None
    created_at: Timestamp


class StockMovementPage(Page[StockMovement]):
    """Newest first."""


class MovementQuery(Input):
    limit: Limit = 20
    cursor: Annotated[str | None, Field(max_length=1000)] = None
