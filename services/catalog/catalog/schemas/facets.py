"""How many products a list has of what."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from catalog.schemas.attributes import AttributeType


class CategoryCount(TypedDict):
    id: str
    slug: str
    name: str
    count: int


class ValueCount(TypedDict):
    """`value` is what `attr.<code>` takes; a comma in it is written `\\,` there."""

    value: str
    count: int


class NumberRange(TypedDict):
    min: float
    max: float


class AttributeFacet(TypedDict):
    code: str
    name: str
    type: AttributeType
    unit: str | None
    values: Annotated[
        list[ValueCount], Field(description="At most 50, the most frequent ones first.")
    ]
    range: Annotated[NumberRange | None, Field(description="Of numbers, else null.")]


class PriceBand(TypedDict):
    """What `min_price` and `max_price` take; null at the ends."""

    min_price: int | None
    max_price: int | None
    count: int


class Availability(TypedDict):
    in_stock: int
    out_of_stock: int


class Facets(TypedDict):
    """Cards are counted, as a list with the same parameters shows them: a group is one, and counts
    for all that its variants have. Each facet is counted without its own filter."""

    total: int
    exact: Annotated[
        bool, Field(description="False: only the newest 2,000 products that match are counted.")
    ]
    categories: Annotated[
        list[CategoryCount],
        Field(description="Those below `category`, or of the first level; with all below them."),
    ]
    attributes: list[AttributeFacet]
    prices: list[PriceBand]
    availability: Availability
