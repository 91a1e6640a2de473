"""What staff send of a product."""

import math
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from catalog.schemas.fields import (
    ATTRIBUTES_EXAMPLE,
    Name,
    OptionName,
    Options,
    OptionValue,
    Sku,
    Slug,
    Status,
)
from shopkit.schemas import (
    Id,
    Input,
    LongText,
    Moment,
    MoneyInput,
    absent,
    clean_text,
)

MAX_FLOAT = 1e15
_IMAGE_URL = r"^(https?://[^\s<>\"'\\]+|/media/[0-9a-f]{32}\.(jpg|png|webp))$"


def _finite(value: float) -> float:
    if not math.isfinite(value) or abs(value) > MAX_FLOAT:
        raise ValueError("must be finite and at most 10^15")
    return value


_Text = Annotated[str, Field(max_length=500), AfterValidator(clean_text)]
_Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
_Decimal = Annotated[float, AfterValidator(_finite)]


def _with_one_error(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    """Not one for each of the types that it might have been."""
    try:
        return check(value)
    except ValidationError:
        raise PydanticCustomError(
            "attribute_value",
            "Send a text of up to 500 characters, none of them for control; true or false; a"
            " number of up to 10^15; or a list of up to 50 texts.",
        ) from None


AttributeValue = Annotated[
    _Text | bool | _Whole | _Decimal | Annotated[list[_Text], Field(max_length=50)],
    WrapValidator(_with_one_error),
]
Attributes = Annotated[
    dict[OptionName, AttributeValue], Field(max_length=50, examples=[ATTRIBUTES_EXAMPLE])
]


class ImageInput(Input):
    url: Annotated[
        str,
        Field(
            max_length=2000,
            pattern=_IMAGE_URL,
            description="Absolute with http or https, or the `url` of an uploaded image.",
            examples=["https://images.example.com/shirt.jpg"],
        ),
    ]
    alt: Annotated[str, Field(max_length=300), AfterValidator(clean_text)] = ""


Images = Annotated[list[ImageInput], Field(max_length=20)]
CategoryIds = Annotated[list[Id], Field(max_length=20)]


OpeningStock = Annotated[
    int, Field(ge=0, le=1_000_000_000, description="The opening stock.", examples=[25])
]


def _refuse_stock(_: object) -> None:
    where = "Stock has calls of its own: PUT /api/products/{id}/stock sets it."
    raise PydanticCustomError("extra_forbidden", where)


StockElsewhere = Annotated[
    SkipJsonSchema[None], BeforeValidator(_refuse_stock), Field(exclude=True)
]
"""No member, but looked for here: whoever sends it is told where it is set."""


PublishAt = Annotated[
    Moment | None,
    Field(description="When it becomes active by itself; until then it is a draft."),
]
ArchiveAt = Annotated[Moment | None, Field(description="When it becomes archived by itself.")]


class _Sold(Input):
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
    publish_at: PublishAt = None
    archive_at: ArchiveAt = None


class _WholeProduct(_Sold):
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
    "attributes": ATTRIBUTES_EXAMPLE,
    "stock": 25,
    "status": "active",
}


class ProductCreate(_WholeProduct):
    """A whole product. Without a slug, one is made from the name."""

    model_config = ConfigDict(json_schema_extra={"examples": [_NEW_PRODUCT]})

    stock: OpeningStock = 0


class VariantCreate(_Sold):
    """A whole product, but for the group that it is made with."""

    options: Annotated[Options, Field(description="A value for each of the group's `varies_by`.")]
    stock: OpeningStock = 0


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
    publish_at: PublishAt = None
    archive_at: ArchiveAt = None
    stock: StockElsewhere = None
