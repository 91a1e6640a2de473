"""Products by SKU: made where there is none with it, else changed."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, SkipValidation, model_validator
from pydantic_core import PydanticCustomError

from catalog.schemas.fields import Name, Options, Sku, Slug
from catalog.schemas.groups import VariesBy, distinct
from catalog.schemas.products import ProductPatch
from shopkit.schemas import Input, Output, absent

MOST_ROWS = 1_000
_EITHER = {"categories": ("category_ids",), "group": ("group_id", "options")}

MOST_SIGNS = 24


def _short_way(ref: str) -> str:
    """Levels are counted later, with the tree; thousands would cost time until then."""
    if ref.count(">") > MOST_SIGNS:
        raise ValueError(f"a way may have {MOST_SIGNS} of `>`")
    return ref


CategoryRef = Annotated[str, Field(min_length=1, max_length=2_600), AfterValidator(_short_way)]


def _of_distinct_names(options: dict[str, str]) -> dict[str, str]:
    distinct(list(options))
    return options


class GroupUpsert(Input):
    """The group of a variant. Where there is none with the slug it is made, with `name` (else the
    product's) and `varies_by` (else the names of `options`); one that there is stays as it is."""

    slug: Slug
    options: Annotated[Options, Field(min_length=1), AfterValidator(_of_distinct_names)]
    name: Name = absent()
    varies_by: VariesBy = absent()


_EXAMPLE: dict[str, Any] = {
    "sku": "SHIRT-M",
    "name": "Shirt M",
    "price": {"amount": 1999, "currency": "USD"},
    "stock": 25,
    "categories": ["Clothing > Shirts"],
    "group": {"slug": "shirt", "name": "Shirt", "options": {"size": "M"}},
}


class ProductUpsert(ProductPatch):
    """A product by its SKU. Where there is none with it, it is made as by POST (`name` and `price`
    are required); else it is changed as by PATCH: absent stays, null removes."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    sku: Sku
    stock: Annotated[  # type: ignore[assignment]
        int,
        Field(
            ge=0,
            le=1_000_000_000,
            description="The opening stock of a product that is made; that of others is left alone "
            "and a warning says so, since the shop has sold meanwhile.",
            default_factory=lambda: None,
        ),
    ]
    categories: Annotated[
        list[CategoryRef] | None,
        Field(
            max_length=20,
            description="In place of `category_ids`: each an id, a slug, or the names on the way "
            "from the first level (`Clothing > Shirts`).",
        ),
    ] = None
    group: Annotated[
        GroupUpsert | None, Field(description="In place of `group_id` and `options`.")
    ] = None

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        for name, others in _EITHER.items():
            if name in self.model_fields_set and not self.model_fields_set.isdisjoint(others):
                raise PydanticCustomError(
                    "said_twice",
                    "Send `{name}` or `{other}`, not both.",
                    {"name": name, "other": others[0]},
                )
        return self


class BulkInput(Input):
    """Rows are checked one by one: a bad one stops no other."""

    items: Annotated[list[SkipValidation[ProductUpsert]], Field(min_length=1, max_length=MOST_ROWS)]
    create_categories: Annotated[
        bool,
        Field(
            description="Make what is missing of categories that are named by their way; needs "
            "`categories:write` too."
        ),
    ] = False


class RowError(Output):
    """As in `errors` of a problem."""

    pointer: str
    code: str
    detail: str


class BulkResult(Output):
    index: int
    sku: str | None
    status: Literal["created", "updated", "unchanged", "failed"]
    id: str | None
    errors: list[RowError]
    warnings: list[RowError]


class BulkResults(Output):
    """In the order of the request."""

    items: list[BulkResult]


class ExportQuery(Input):
    """What `GET /api/products/export` takes."""

    format: Literal["ndjson", "csv"] = "ndjson"
