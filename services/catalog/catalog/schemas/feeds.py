"""What staff see of the feed and the sitemap."""

from typing import Annotated, Literal

from pydantic import Field

from shopkit.schemas import Output, Timestamp


class Feeds(Output):
    state: Annotated[
        Literal["waiting", "running", "made"],
        Field(description="Whether new ones are to be made, are being made, or are there."),
    ]
    made_at: Annotated[Timestamp | None, Field(description="Those that are there; null: none.")]
    offers: Annotated[int, Field(description="Products in the Google Merchant feed.")]
    left_out: Annotated[int, Field(description="Products without an image, which it needs.")]
    addresses: Annotated[int, Field(description="Pages in the sitemap.")]
