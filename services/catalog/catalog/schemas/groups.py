"""Product groups."""

from typing import Annotated, Any, NotRequired

from pydantic import AfterValidator, ConfigDict, Field
from typing_extensions import TypedDict

from catalog.schemas.fields import Name, OptionName, Reference, Slug
from catalog.schemas.products import VariantCreate
from catalog.schemas.shown import Product
from shopkit.schemas import Input, Limit, LongText, Output, QueryBool, Timestamp, absent


def distinct(names: list[str]) -> list[str]:
    """Raises ValueError."""
    if len({name.casefold() for name in names}) != len(names):
        raise ValueError("names must differ")
    return names


VariesBy = Annotated[
    list[OptionName],
    Field(min_length=1, max_length=5, examples=[["size", "color"]]),
    AfterValidator(distinct),
]


class GroupInput(Input):
    name: Name
    varies_by: VariesBy
    slug: Slug | None = None
    description: LongText = ""


_NEW_GROUP: dict[str, Any] = {
    "name": "Shirt",
    "varies_by": ["size"],
    "description": "Of cotton.",
    "variants": [
        {
            "sku": f"SHIRT-{size}",
            "name": f"Shirt {size}",
            "price": {"amount": 1999, "currency": "USD"},
            "options": {"size": size},
            "stock": 25,
        }
        for size in ("M", "L")
    ],
}


class GroupCreate(GroupInput):
    """Without a slug, one is made from the name."""

    model_config = ConfigDict(json_schema_extra={"examples": [_NEW_GROUP]})

    variants: Annotated[
        list[VariantCreate],
        Field(max_length=30, description="All are made, or nothing; more can be added later."),
    ] = Field(default_factory=list)


class GroupPatch(Input):
    """RFC 7396. `varies_by` can be put in another order; new names only while nothing varies."""

    name: Name = absent()
    varies_by: VariesBy = absent()
    slug: Slug = absent()
    description: LongText | None = None


class ProductGroup(Output):
    id: str
    name: str
    slug: str
    description: str
    varies_by: list[str]
    version: int
    created_at: Timestamp
    updated_at: Timestamp


class ProductGroupWithVariants(ProductGroup):
    variants: list[Product]


class ProductGroupPage(TypedDict):
    """`total` is there when `count=true` asked for it; 10001 means more than 10,000."""

    items: list[ProductGroup]
    next_cursor: str | None
    total: NotRequired[int]


class GroupQuery(Input):
    """What `GET /api/product-groups` takes."""

    slug: Annotated[Reference | None, Field(description="Exactly this slug.")] = None
    limit: Limit = 20
    cursor: Annotated[str | None, Field(max_length=1000)] = None
    count: QueryBool = False
