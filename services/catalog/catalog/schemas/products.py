"""Products."""

import math
from typing import Annotated, Any, Literal, NotRequired

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from catalog.schemas.fields import (
    Name,
    OptionName,
    Options,
    OptionValue,
    Reference,
    Sku,
    Slug,
)
from shopkit.money import MAX_AMOUNT
from shopkit.schemas import (
    Id,
    Input,
    Limit,
    LongText,
    MoneyInput,
    QueryBool,
    QueryInt,
    Timestamp,
    absent,
    clean_text,
)

Status = Literal["draft", "active", "archived"]
Sort = Literal["newest", "relevance", "price", "-price", "name", "-name"]
MAX_FLOAT = 1e15
_IMAGE_URL = r"^(https?://[^\s<>\"'\\]+|/media/[A-Za-z0-9._~%/-]+)$"


def _finite(value: float) -> float:
    if not math.isfinite(value) or abs(value) > MAX_FLOAT:
        raise ValueError("must be finite and at most 10^15")
    return value


_Text = Annotated[str, Field(max_length=500), AfterValidator(clean_text)]
_Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
_Decimal = Annotated[float, AfterValidator(_finite)]
AttributeValue = _Text | bool | _Whole | _Decimal | Annotated[list[_Text], Field(max_length=50)]
_EXAMPLE = {"material": "cotton", "weight_g": 180, "organic": True, "fits": ["slim", "regular"]}
Attributes = Annotated[dict[OptionName, AttributeValue], Field(max_length=50, examples=[_EXAMPLE])]
_ATTRIBUTE_SCHEMA = {
    "anyOf": [
        {"type": "string"},
        {"type": "number"},
        {"type": "boolean"},
        {"type": "array", "items": {"type": "string"}},
    ]
}


class ImageInput(Input):
    url: Annotated[
        str,
        Field(
            max_length=2000,
            pattern=_IMAGE_URL,
            description="Absolute with http or https, or a path under /media/.",
            examples=["https://images.example.com/shirt.jpg"],
        ),
    ]
    alt: Annotated[str, Field(max_length=300), AfterValidator(clean_text)] = ""


Images = Annotated[list[ImageInput], Field(max_length=20)]
CategoryIds = Annotated[list[Id], Field(max_length=20)]


def _refuse_stock(_: object) -> None:
    where = "Stock has calls of its own: PUT /api/products/{id}/stock sets it."
    raise PydanticCustomError("extra_forbidden", where)


StockElsewhere = Annotated[
    SkipJsonSchema[None], BeforeValidator(_refuse_stock), Field(exclude=True)
]
"""No member, but looked for here: whoever sends it is told where it is set."""


class _WholeProduct(Input):
    sku: Sku
    name: Name
    price: MoneyInput
    slug: Slug | None = None
    description: LongText = ""
    compare_at_price: MoneyInput | None = None
    status: Status = "active"
    category_ids: CategoryIds = Field(default_factory=list)
    attributes: Attributes = Field(default_factory=dict)
    images: Images = Field(default_factory=list)
    group_id: Annotated[Id | None, Field(description="The group that this is a variant of.")] = None
    options: Annotated[
        Options, Field(description="This variant's value for each of the group's `varies_by`.")
    ] = Field(default_factory=dict)


class ProductInput(_WholeProduct):
    """A whole product. Without a slug, one is made from the name."""

    stock: StockElsewhere = None


_NEW_PRODUCT: dict[str, Any] = {
    "sku": "SHIRT-M",
    "name": "Shirt",
    "description": "Of cotton.",
    "price": {"amount": 1999, "currency": "USD"},
    "attributes": _EXAMPLE,
    "stock": 25,
    "status": "active",
}


class ProductCreate(_WholeProduct):
    """A whole product. Without a slug, one is made from the name."""

    model_config = ConfigDict(json_schema_extra={"examples": [_NEW_PRODUCT]})

    stock: Annotated[int, Field(ge=0, le=1_000_000_000, description="The opening stock.")] = 0


class ProductPatch(Input):
    """RFC 7396: absent stays, null removes, objects are merged, lists are replaced."""

    sku: Sku = absent()
    name: Name = absent()
    price: MoneyInput = absent()
    slug: Slug = absent()
    description: LongText | None = None
    compare_at_price: MoneyInput | None = None
    status: Status = absent()
    category_ids: CategoryIds | None = None
    attributes: Annotated[dict[OptionName, AttributeValue | None], Field(max_length=50)] | None = (
        None
    )
    images: Images | None = None
    group_id: Id | None = None
    options: Annotated[dict[OptionName, OptionValue | None], Field(max_length=5)] | None = None
    stock: StockElsewhere = None


# What is read most is typed as dicts, since models cost twice as much to serialise.
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
            {"type": "object", "additionalProperties": _ATTRIBUTE_SCHEMA, "examples": [_EXAMPLE]}
        ),
    ]
    images: list[Image]
    group: ProductGroupRef | None
    version: int
    created_at: Timestamp
    updated_at: Timestamp


class ProductPage(TypedDict):
    """`total` is there when `count=true` asked for it; 10001 means more than 10,000."""

    items: list[Product]
    next_cursor: str | None
    total: NotRequired[int]


_Price = Annotated[QueryInt, Field(ge=0, le=MAX_AMOUNT)]


class ProductQuery(Input):
    """What `GET /api/products` takes."""

    q: Annotated[
        str | None,
        Field(
            max_length=200,
            description="Words that must all occur in name, SKU, attributes or description; "
            "the last one may be the beginning of a word. Case and accents do not matter. "
            "Up to 16 words count.",
        ),
    ] = None
    category: Annotated[
        Reference | None, Field(description="Id or slug; includes all categories below it.")
    ] = None
    group: Annotated[
        Reference | None, Field(description="Variants of this group (id or slug).")
    ] = None
    sku: Annotated[Sku | None, Field(description="Exactly this SKU.")] = None
    min_price: Annotated[_Price | None, Field(description="In minor units.")] = None
    max_price: Annotated[_Price | None, Field(description="In minor units.")] = None
    in_stock: QueryBool | None = None
    status: Annotated[
        Literal["draft", "active", "archived", "any"] | None,
        Field(description="For staff with `products:read`; everybody else sees active products."),
    ] = None
    sort: Annotated[
        Sort | None, Field(description="`relevance` (needs `q`) is the default with `q`.")
    ] = None
    limit: Limit = 20
    cursor: Annotated[str | None, Field(max_length=1000)] = None
    count: Annotated[QueryBool, Field(description="Adds `total`, which counts up to 10,001.")] = (
        False
    )
