"""Suggestions."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from shopkit.schemas import Input, QueryInt


class SuggestQuery(Input):
    """What `GET /api/products/suggest` takes."""

    q: Annotated[str, Field(max_length=200, description="What was typed so far.")]
    limit: Annotated[QueryInt, Field(ge=1, le=20)] = 10


class Suggestion(TypedDict):
    """`text` is to show: what to search for, or the name of a category or product, which have `id`
    and `slug`. `path` has the names from the first level down to the category's own."""

    kind: Literal["word", "category", "product"]
    text: str
    id: str | None
    slug: str | None
    path: list[str] | None


class Suggestions(TypedDict):
    items: list[Suggestion]
    next_cursor: None
