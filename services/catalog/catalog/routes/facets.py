"""Facets of lists of products."""

from typing import Annotated

from fastapi import Response

from catalog.deps import CatalogContext, caching, require_sees_all, sees_all
from catalog.errors import AttributeNotReady
from catalog.listing import wanted_of
from catalog.schemas.facets import Facets
from catalog.schemas.product_query import ProductFilters, ProductQuery
from shopkit.auth import MaybeUser
from shopkit.errors import InsufficientScope
from shopkit.openapi import problems
from shopkit.query import FromQuery
from shopkit.responses import as_it_is
from shopkit.routing import new_router

router = new_router()


@router.get(
    "/api/products/facets",
    tags=["Products"],
    summary="Count what a list of products has",
    response_model=Facets,
    responses=problems(InsufficientScope, AttributeNotReady),
)
async def get_product_facets(
    query: Annotated[ProductFilters, FromQuery(ProductFilters, gathers="attr")],
    user: MaybeUser,
    context: CatalogContext,
) -> Response:
    """With the filters of the list: how many there are per category, attribute value, price band
    and availability. Each is counted without its own filter, so that a storefront can show what
    else could be chosen.

    Shoppers get answers of the last ten seconds, staff with `products:read` those of now."""
    if query.status not in (None, "active"):
        require_sees_all(user)
    every = ProductQuery.model_construct(**dict(query), sort="newest")
    wanted = wanted_of(every, context.database.dialect)
    found = await context.count_facets(wanted, now=sees_all(user))
    return as_it_is(found, headers=caching(user))
