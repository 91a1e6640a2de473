"""Uploaded images, as staff get them."""

from typing import Annotated

from pydantic import Field

from catalog.schemas.shown import Thumbnails
from shopkit.schemas import Output


class Media(Output):
    """Name `url` in the `images` of a product within a day, or it is removed."""

    id: str
    url: Annotated[str, Field(examples=["/media/0b8f0e6f5a0c4e3d9a7b6c5d4e3f2a1b.jpg"])]
    thumbnails: Thumbnails
    width: int
    height: int
