"""Definitions of attributes."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from catalog.schemas.fields import Name, OptionValue
from shopkit.schemas import Id, Input, Output, Timestamp, absent, clean_line

AttributeType = Literal["text", "number", "boolean", "choice"]
CODE_PATTERN = "^[a-z0-9][a-z0-9_-]{0,63}$"
Code = Annotated[str, Field(pattern=CODE_PATTERN, examples=["weight"])]


def _distinct(choices: list[str]) -> list[str]:
    if len({choice.casefold() for choice in choices}) != len(choices):
        raise ValueError("choices must differ")
    return choices


Choices = Annotated[
    list[OptionValue],
    Field(max_length=500, examples=[["cotton", "wool"]]),
    AfterValidator(_distinct),
]
Unit = Annotated[
    str, Field(min_length=1, max_length=20, examples=["kg"]), AfterValidator(clean_line)
]
CategoryIds = Annotated[
    list[Id],
    Field(max_length=50, description="For these and all below them; none: for every product."),
]
Filterable = Annotated[
    bool, Field(description="Whether lists filter by it with `attr.<code>`, and facets count it.")
]


class AttributeCreate(Input):
    """A product's member of this name in `attributes` must then be of this type.

    Of text and choice a product may have several values.
    """

    code: Code
    name: Name
    type: AttributeType
    unit: Unit | None = None
    choices: Choices = Field(default_factory=list)
    category_ids: CategoryIds = Field(default_factory=list)
    filterable: Filterable = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.type == "choice") != bool(self.choices):
            raise ValueError("`choices` are what an attribute of type choice must have, no other")
        if self.unit is not None and self.type != "number":
            raise ValueError("only numbers have a unit")
        return self


class AttributePatch(Input):
    """RFC 7396. Code and type stay: delete it and define another."""

    name: Name = absent()
    unit: Unit | None = None
    choices: Choices = absent()
    category_ids: CategoryIds | None = None
    filterable: Filterable = absent()


class Attribute(Output):
    id: str
    code: str
    name: str
    type: AttributeType
    unit: str | None
    choices: list[str]
    category_ids: list[str]
    filterable: bool
    indexed: Annotated[bool, Field(description="Whether every product can be found by it already.")]
    version: int
    created_at: Timestamp
    updated_at: Timestamp


class Attributes(Output):
    """All of them in one answer, by code."""

    items: list[Attribute]
    next_cursor: None
