"""What the routes of orders share."""

from typing import Annotated, Any

from fastapi import Query

from orders.history import acting
from orders.requests import Request
from shopkit.auth import Principal, Staff
from shopkit.guests import user_owner
from shopkit.schemas import Limit, QueryBool

TEXT = {"type": "string"}
ETAG = {"ETag": {"description": "The order's version.", "schema": TEXT}}
REPLAYED = {
    "Idempotent-Replayed": {
        "description": "`true` when this is the stored answer to an earlier request.",
        "schema": TEXT,
    }
}
AS_IT_IS = "The order as it is now."
CHANGED: dict[int | str, Any] = {200: {"description": AS_IT_IS, "headers": ETAG}}
MADE: dict[int | str, Any] = {201: {"description": AS_IT_IS, "headers": {**ETAG, **REPLAYED}}}
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before.")]
PageLimit = Annotated[Limit, Query(description="Entries a page.")]
Count = Annotated[QueryBool, Query(description="Also answer `total`.")]
OrderWriter = Annotated[Principal, Staff("orders:write")]


def request_of(staff: Principal, route: str, key: str | None) -> Request:
    return Request(user_owner(staff.id), acting(staff.id), route, key)
