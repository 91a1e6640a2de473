"""What auth tells of sessions and users (docs/decisions/0009-revocations-are-followed.md)."""

from collections.abc import Mapping
from typing import Any

from shopkit.errors import Unavailable
from shopkit.http_client import ServiceClient


async def read_events(
    auth: ServiceClient, after: int | None, *, deadline: float
) -> Mapping[str, Any]:
    """A page: `items`, `next_after` and `has_more`. `auth` is its internal listener, for calls with
    a service token; `deadline` is in seconds. Raises Unavailable."""
    query = "" if after is None else f"?after={after}"
    answer = await auth.call("GET", f"/internal/events{query}", attempts=2, deadline=deadline)
    if answer.status != 200:
        raise Unavailable(f"Auth refuses to tell its events ({answer.status}).")
    page: Mapping[str, Any] = answer.json
    return page
