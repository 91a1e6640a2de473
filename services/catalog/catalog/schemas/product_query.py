"""What the lists of products take."""

from typing import Annotated, Literal

from pydantic import Field

from catalog.schemas.attributes import Code
from catalog.schemas.fields import Reference, Sku
from shopkit.money import MAX_AMOUNT
from shopkit.schemas import Input, Limit, QueryBool, QueryInt

Sort = Literal["newest", "relevance", "price", "-price", "name", "-name"]
_Price = Annotated[QueryInt, Field(ge=0, le=MAX_AMOUNT)]


class ProductFilters(Input):
    """What `GET /api/products/facets` takes."""

    q: Annotated[
        str | None,
        Field(
            max_length=200,
            description="Words that must all occur in name, SKU, attributes or description; "
            "the last one may be the beginning of a word. Case, accents and plural forms do not "
            "matter; synonyms are found too; a word that no product has is taken for the ones "
            "with the fewest typing errors between. Up to 16 words count.",
        ),
    ] = None
    category: Annotated[
        Reference | None, Field(description="Id or slug; includes all categories below it.")
    ] = None
    group: Annotated[
        Reference | None,
        Field(
            description="All variants of this group (id or slug); `expand`: every variant of every "
            "group. Otherwise of each group one variant is shown: the first that matches."
        ),
    ] = None
    sku: Annotated[Sku | None, Field(description="Exactly this SKU, a variant's too.")] = None
    min_price: Annotated[_Price | None, Field(description="In minor units.")] = None
    max_price: Annotated[_Price | None, Field(description="In minor units.")] = None
    in_stock: QueryBool | None = None
    attr: Annotated[
        dict[Code, Annotated[str, Field(min_length=1, max_length=500)]],
        Field(
            max_length=10,
            description="`attr.<code>` for a filterable attribute (`GET /api/attributes`), at most "
            "ten that must all fit: `attr.color=red,blue` (one of them; a comma within a value is "
            "written `\\,`), `attr.weight=1..2`, `1..` or `..2` for numbers, `attr.new=true`. "
            "Case does not matter.",
        ),
    ] = Field(default_factory=dict)
    status: Annotated[
        Literal["draft", "active", "archived", "any"] | None,
        Field(description="For staff with `products:read`; everybody else sees active products."),
    ] = None


class ProductQuery(ProductFilters):
    """What `GET /api/products` takes."""

    sort: Annotated[
        Sort | None, Field(description="`relevance` (needs `q`) is the default with `q`.")
    ] = None
    highlight: Annotated[
        QueryBool,
        Field(description="Adds `highlights`: HTML with `<mark>` where the words of `q` are."),
    ] = False
    limit: Limit = 20
    cursor: Annotated[str | None, Field(max_length=1000)] = None
    count: Annotated[QueryBool, Field(description="Adds `total`, which counts up to 10,001.")] = (
        False
    )
