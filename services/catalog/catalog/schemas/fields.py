"""Types that several of catalog's schemas use."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from shopkit.ids import is_id
from shopkit.schemas import clean_line

Status = Literal["draft", "active", "archived"]
ATTRIBUTES_EXAMPLE = {
    "material": "cotton",
    "weight_g": 180,
    "organic": True,
    "fits": ["slim", "regular"],
}
RESERVED = {"bulk", "expand", "export", "facets", "suggest"}
"""What stands where a slug could, and means something else."""
_SLUG_PATTERN = "^[a-z0-9]+(-[a-z0-9]+)*$"


def _free_for_slugs(slug: str) -> str:
    if is_id(slug):
        raise ValueError("a slug must not look like an id")
    if slug in RESERVED:
        raise ValueError("this word has a meaning of its own in addresses")
    return slug


Slug = Annotated[
    str,
    Field(pattern=_SLUG_PATTERN, max_length=120, examples=["ocean-blue-shirt"]),
    AfterValidator(_free_for_slugs),
]
Name = Annotated[
    str,
    Field(min_length=1, max_length=200, examples=["Ocean Blue Shirt"]),
    AfterValidator(clean_line),
]
Sku = Annotated[
    str, Field(min_length=1, max_length=64, examples=["SHIRT-BLUE-M"]), AfterValidator(clean_line)
]
OptionName = Annotated[
    str, Field(min_length=1, max_length=64, examples=["size"]), AfterValidator(clean_line)
]
OptionValue = Annotated[
    str, Field(min_length=1, max_length=100, examples=["M"]), AfterValidator(clean_line)
]
Options = Annotated[dict[OptionName, OptionValue], Field(max_length=5, examples=[{"size": "M"}])]
Quantity = Annotated[int, Field(ge=1, le=9999, examples=[2])]
Reference = Annotated[
    str,
    Field(min_length=1, max_length=120, pattern="^[a-z0-9-]+$"),
    WithJsonSchema({"type": "string", "description": "An id or a slug.", "maxLength": 120}),
]
