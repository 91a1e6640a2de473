"""Suggestions while somebody types."""

from typing import Annotated

from fastapi import Response

from catalog.deps import CatalogContext, caching
from catalog.schemas.suggest import Suggestions, SuggestQuery
from shopkit.auth import MaybeUser
from shopkit.openapi import problems
from shopkit.query import FromQuery
from shopkit.responses import as_it_is
from shopkit.routing import new_router

router = new_router()


@router.get(
    "/api/products/suggest",
    tags=["Products"],
    summary="Complete a search",
    response_model=Suggestions,
    responses=problems(),
)
async def suggest_products(
    user: MaybeUser,
    query: Annotated[SuggestQuery, FromQuery(SuggestQuery)],
    context: CatalogContext,
) -> Response:
    """Words to search for, categories and products, for what was typed so far; as forgiving as
    the search. The newest products with the words in their names, one of each group."""
    items = await context.suggest(query.q, query.limit)
    return as_it_is(items, headers=caching(user))
