"""What both clients need: to tell a definite no from an unknown outcome, and to read many."""

from collections.abc import Mapping, Sequence
from typing import Any

from shopkit.errors import Unavailable
from shopkit.http_client import ClientResponse, ServiceClient

DEADLINE = 6.0
"""Seconds for one call with its repetitions. Two fit into the lease between two writes."""
UNCERTAIN = {401, 403, 405, 408, 421, 425, 429}
"""Answers about the connection or our own credentials, not about the order."""
LOOKED_UP = 200
"""Orders that a participant looks up in one call."""


async def ask(
    client: ServiceClient,
    method: str,
    path: str,
    json: Any = None,
    headers: Mapping[str, str] | None = None,
) -> ClientResponse:
    """The participant's answer, 2xx or a definite 4xx. Raises Unavailable otherwise."""
    answer = await client.call(method, path, json=json, headers=headers, deadline=DEADLINE)
    if answer.status in UNCERTAIN or not isinstance(answer.json, dict):
        raise Unavailable(f"{method} answered {answer.status}.")
    return answer


async def insist(client: ServiceClient, path: str) -> None:
    """A confirm or cancel that cannot be refused: anything but success is Unavailable."""
    answer = await client.call("POST", path, deadline=DEADLINE)
    if not 200 <= answer.status < 300:
        raise Unavailable(f"POST answered {answer.status}.")


async def list_after(client: ServiceClient, path: str, order_id: str) -> list[dict[str, Any]]:
    """The next page of a participant's list. Raises Unavailable."""
    return await _items(client, "GET", f"{path}?after={order_id}")


async def find_statuses(
    client: ServiceClient, path: str, order_ids: Sequence[str]
) -> dict[str, str]:
    """By order id, without those that the participant does not know. Raises Unavailable."""
    found: dict[str, str] = {}
    for start in range(0, len(order_ids), LOOKED_UP):
        body = {"order_ids": list(order_ids[start : start + LOOKED_UP])}
        items = await _items(client, "POST", path, body)
        found |= {one["order_id"]: one["status"] for one in items}
    return found


async def _items(
    client: ServiceClient, method: str, path: str, json: Any = None
) -> list[dict[str, Any]]:
    answer = await ask(client, method, path, json)
    if answer.status != 200:
        raise Unavailable(f"{method} answered {answer.status}.")
    items: list[dict[str, Any]] = answer.json["items"]
    return items
