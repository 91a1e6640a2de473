"""What clients send and get."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from shopkit.guests import TOKEN_PATTERN
from shopkit.ids import LOWEST_ID
from shopkit.schemas import Id, Input, Limit, Money, Output, Timestamp

PRODUCT_ID = "0192f0a0-0000-7000-8000-000000000001"
TOKEN = "3q2-7wAAbbCCddEEffGGhhIIjjKKllMMnnOOppQQrrS"  # noqa: S105 - an example


class CartItemInput(Input):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"product_id": PRODUCT_ID, "quantity": 2}]}
    )

    product_id: Annotated[str, Field(min_length=1, max_length=64)]
    quantity: Annotated[int, Field(ge=1, le=9999, description="Added to what is in the cart.")] = 1


class QuantityInput(Input):
    model_config = ConfigDict(json_schema_extra={"examples": [{"quantity": 3}]})

    quantity: Annotated[int, Field(ge=0, le=9999, description="The new quantity; 0 removes.")]


class MergeInput(Input):
    model_config = ConfigDict(json_schema_extra={"examples": [{"cart_token": TOKEN}]})

    cart_token: Annotated[
        str, Field(pattern=TOKEN_PATTERN, description="The guest's `X-Cart-Token`.")
    ]


class CartItem(Output):
    """`unit_price` is today's, `added_price` that of the day it was put in."""

    product_id: Id
    sku: str
    name: str
    quantity: int
    unit_price: Money
    line_total: Annotated[Money, Field(description="0 while the product is not sold.")]
    added_price: Money
    available: Annotated[int, Field(description="Pieces that are there now.")]
    backorder: Annotated[bool, Field(description="Whether more than `available` can be bought.")]


class CartWarning(Output):
    code: Literal["price_changed", "insufficient_stock", "unavailable"]
    product_id: Id
    detail: Annotated[str, Field(examples=["Only 2 are available."])]


class CartOut(Output):
    """A cart at today's prices: `total` = `subtotal` − `discount` + `shipping` + `tax`."""

    id: Annotated[Id | None, Field(description="null until the first write.")]
    version: Annotated[int, Field(description="Grows with every write; 0 before the first.")]
    currency: Annotated[str, Field(examples=["USD"])]
    items: list[CartItem]
    item_count: Annotated[int, Field(description="Pieces, all lines together.")]
    subtotal: Money
    discount: Money
    shipping: Money
    tax: Money
    total: Money
    warnings: list[CartWarning]


class KeptItem(Output):
    product_id: Id
    sku: str
    name: str
    quantity: int
    added_price: Money


class KeptCart(Output):
    """A cart as it is stored."""

    id: Id
    state: Literal["open", "claimed", "converted", "merged"]
    order_id: Annotated[Id | None, Field(description="The order that it became or is becoming.")]
    version: int
    created_at: Timestamp
    expires_at: Annotated[Timestamp, Field(description="When it will be forgotten.")]
    items: list[KeptItem]


class CartsExport(Output):
    """Everything that cart keeps of a user."""

    exported_at: Timestamp
    carts: list[KeptCart]


class MergeLine(Output):
    """What became of one line of the guest's cart."""

    product_id: Id
    sku: str
    name: str
    outcome: Literal["moved", "summed", "capped", "dropped"]
    reason: Annotated[
        Literal["insufficient_stock", "quantity_limit", "unavailable", "currency_mismatch",
                "cart_full"] | None,
        Field(description="Why it was capped or dropped."),
    ]  # fmt: skip
    guest_quantity: Annotated[int, Field(description="Pieces in the guest's cart.")]
    quantity: Annotated[int, Field(description="Pieces in the user's cart after the merge.")]


class MergedCartOut(CartOut):
    """The user's cart, with a report of the merge."""

    report: list[MergeLine]


class ClaimInput(Input):
    """Whose cart: exactly one of the two."""

    user_id: Id | None = None
    cart_token: Annotated[str, Field(pattern=TOKEN_PATTERN)] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "ClaimInput":
        if (self.user_id is None) == (self.cart_token is None):
            raise ValueError("name exactly one of user_id and cart_token")
        return self


class SnapshotItem(Output):
    product_id: Id
    sku: str
    name: str
    quantity: int
    unit_price: Money
    line_total: Money


class SnapshotOut(Output):
    """What an order agrees on; it never changes."""

    order_id: Id
    cart_id: Id
    version: int
    currency: str
    items: list[SnapshotItem]
    subtotal: Money
    discount: Money
    shipping: Money
    tax: Money
    total: Money


class ClaimOut(Output):
    order_id: Id
    status: Literal["claimed", "converted", "released"]


class ClaimQuery(Input):
    after: Annotated[Id, Field(description="Order ids greater than this one.")] = LOWEST_ID
    limit: Limit = 100


class ClaimLookup(Input):
    order_ids: Annotated[list[Id], Field(max_length=200)]


class ClaimsOut(Output):
    items: list[ClaimOut]
