"""Products as everybody sees them.

What is read most is typed as dicts, since models cost twice as much to serialise.
"""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import WithJsonSchema
from typing_extensions import TypedDict

from catalog.schemas.fields import ATTRIBUTES_EXAMPLE, Status
from shopkit.schemas import Timestamp

_ATTRIBUTE_SCHEMA = {
    "anyOf": [
        {"type": "string"},
        {"type": "number"},
        {"type": "boolean"},
        {"type": "array", "items": {"type": "string"}},
    ]
}


class Price(TypedDict):
    """Integer minor units of an ISO 4217 currency: `{"amount": 1999, "currency": "USD"}`."""

    amount: int
    currency: str


class Image(TypedDict):
    url: str
    alt: str


class PublicStock(TypedDict):
    available: int
    state: Literal["in_stock", "low_stock", "out_of_stock"]


class ProductGroupRef(TypedDict):
    id: str
    varies_by: list[str]
    options: dict[str, str]


class Product(TypedDict):
    id: str
    sku: str
    name: str
    slug: str
    description: str
    price: Price
    compare_at_price: Price | None
    status: Status
    stock: PublicStock
    category_ids: list[str]
    attributes: Annotated[
        dict[str, Any],
        WithJsonSchema(
            {
                "type": "object",
                "additionalProperties": _ATTRIBUTE_SCHEMA,
                "examples": [ATTRIBUTES_EXAMPLE],
            }
        ),
    ]
    images: list[Image]
    group: ProductGroupRef | None
    version: int
    created_at: Timestamp
    updated_at: Timestamp


class Highlights(TypedDict):
    """HTML, escaped but for `<mark>` around what was found; of the description a part."""

    name: str
    description: str


class ListedProduct(Product):
    """`highlights` is there when `highlight=true` asked for it."""

    highlights: NotRequired[Highlights]


class ProductPage(TypedDict):
    """`total` is there when `count=true` asked for it; 10001 means more than 10,000."""

    items: list[ListedProduct]
    next_cursor: str | None
    total: NotRequired[int]
