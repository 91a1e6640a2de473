"""Categories."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from catalog.schemas.fields import Name, Slug
from shopkit.schemas import Id, Input, LongText, Output, Timestamp, absent

Position = Annotated[int, Field(ge=0, le=1_000_000)]


class CategoryInput(Input):
    """Without a slug, one is made from the name. Siblings are sorted by position, then name."""

    name: Name
    slug: Slug | None = None
    parent_id: Id | None = None
    description: LongText = ""
    position: Position = 0


class CategoryPatch(Input):
    """RFC 7396; `"parent_id": null` makes it a category of the first level."""

    name: Name = absent()
    slug: Slug = absent()
    parent_id: Id | None = None
    description: LongText | None = None
    position: Position = absent()


class Category(Output):
    id: str
    parent_id: str | None
    name: str
    slug: str
    description: str
    position: int
    version: int
    created_at: Timestamp
    updated_at: Timestamp


class CategoryNode(Category):
    children: list[CategoryNode]


class CategoryTree(Output):
    """All categories, in one answer: `items` are those of the first level."""

    items: list[CategoryNode]
    next_cursor: None
