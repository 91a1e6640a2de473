"""Products as everybody sees them.

What is read most is typed as dicts, since models cost twice as much to serialise.
"""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, WithJsonSchema
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


class Thumbnails(TypedDict):
    """WebP, with at most 200, 600 and 1200 pixels on the longer side."""

    small: str
    medium: str
    large: str


class Image(TypedDict):
    """`thumbnails` is there when the image was uploaded here."""

    url: str
    alt: str
    thumbnails: NotRequired[Thumbnails]


class PublicStock(TypedDict):
    """With `backorder` more than `available` can be ordered, also when it is out of stock."""

    available: int
    state: Literal["in_stock", "low_stock", "out_of_stock"]
    backorder: bool


class Variant(TypedDict):
    """What tells a variant from its siblings."""

    id: str
    slug: str
    sku: str
    name: str
    status: Status
    price: Price
    compare_at_price: Price | None
    stock: PublicStock
    options: dict[str, str]
    image: Image | None


class _Group(TypedDict):
    id: str
    varies_by: list[str]
    options: dict[str, str]


class ProductGroupRef(_Group):
    """`variants` is there where one product is shown: all of its group, itself too."""

    variants: NotRequired[list[Variant]]


PriceRange = TypedDict("PriceRange", {"from": Price, "to": Price})


class CardGroup(_Group):
    """What is not required is there when one variant is shown for its whole group. It tells of all
    variants on sale, whatever was asked for."""

    name: NotRequired[str]
    slug: NotRequired[str]
    variant_count: NotRequired[Annotated[int, Field(description="How many there are.")]]
    price_range: NotRequired[PriceRange]
    choices: NotRequired[
        Annotated[dict[str, list[str]], Field(examples=[{"size": ["S", "M", "L"]}])]
    ]
    available: NotRequired[Annotated[bool, Field(description="Whether one is in stock.")]]


class _Product(TypedDict):
    id: str
    sku: str
    name: str
    slug: str
    description: str
    price: Price
    compare_at_price: Price | None
    lowest_price_30d: Annotated[
        Price | None,
        Field(
            description="When the price was reduced to what it is: the lowest of the 30 days "
            "before. Otherwise null."
        ),
    ]
    status: Status
    publish_at: Annotated[Timestamp | None, Field(description="When this draft becomes active.")]
    archive_at: Annotated[Timestamp | None, Field(description="When it becomes archived.")]
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
    version: int
    created_at: Timestamp
    updated_at: Timestamp


class Product(_Product):
    group: ProductGroupRef | None


class Highlights(TypedDict):
    """HTML, escaped but for `<mark>` around what was found; of the description a part."""

    name: str
    description: str


class ListedProduct(_Product):
    """`highlights` is there when `highlight=true` asked for it."""

    group: CardGroup | None
    highlights: NotRequired[Highlights]


class ProductPage(TypedDict):
    """`total` is there when `count=true` asked for it; 10001 means more than 10,000."""

    items: list[ListedProduct]
    next_cursor: str | None
    total: NotRequired[int]
