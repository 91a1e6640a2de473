"""What other services send and get."""

from typing import Annotated, Literal

from pydantic import Field

from catalog.schemas.fields import Quantity
from shopkit.ids import LOWEST_ID
from shopkit.schemas import Id, Input, Limit, Money, MoneyInput, Output, Timestamp

ReservationStatus = Literal["held", "committed", "released", "expired"]


class ProductLookup(Input):
    ids: Annotated[list[Id], Field(max_length=200)]


class LookedUpProduct(Output):
    id: str
    sku: str
    name: str
    slug: str
    status: Literal["draft", "active", "archived"]
    price: Money
    available: Annotated[int, Field(description="Below 0 when more is sold than there is.")]
    backorder: Annotated[bool, Field(description="Whether more than `available` may be sold.")]
    image: str | None


class LookedUpProducts(Output):
    """In the order of the request; products that do not exist (any more) are absent."""

    items: list[LookedUpProduct]


class ReservationLineInput(Input):
    product_id: Id
    quantity: Quantity
    unit_price: MoneyInput


class ReservationInput(Input):
    lines: Annotated[list[ReservationLineInput], Field(min_length=1, max_length=100)]
    ttl_seconds: Annotated[int, Field(ge=1, le=86_400)]


class ReservationLine(Output):
    product_id: str
    sku: str
    name: str
    quantity: int
    unit_price: Money


class Reservation(Output):
    """Lines are summed per product. A tombstone (`released` and never held) has no lines."""

    order_id: str
    status: ReservationStatus
    expires_at: Timestamp
    lines: list[ReservationLine]


class ReservationQuery(Input):
    after: Annotated[Id, Field(description="Order ids greater than this one.")] = LOWEST_ID
    limit: Limit = 100


class ListedReservation(Output):
    order_id: str
    status: Literal["held", "committed"]
    quantities: Annotated[dict[str, int], Field(description="Pieces per product id.")]
    expires_at: Timestamp
    created_at: Timestamp


class ListedReservations(Output):
    """Go on with the last `order_id` as `after`; an empty page is the end."""

    items: list[ListedReservation]


class ReservationLookup(Input):
    order_ids: Annotated[list[Id], Field(max_length=200)]


class ReturnLineInput(Input):
    product_id: Id
    quantity: Quantity


class ReturnInput(Input):
    order_id: Id
    lines: Annotated[list[ReturnLineInput], Field(min_length=1, max_length=100)]


class ReturnLine(Output):
    product_id: str
    quantity: int


class Return(Output):
    """Lines are summed per product."""

    id: str
    order_id: str
    lines: list[ReturnLine]
    created_at: Timestamp


class LookedUpReservation(Output):
    order_id: str
    status: ReservationStatus


class LookedUpReservations(Output):
    """In no order; orders that have no reservation are absent."""

    items: list[LookedUpReservation]
