"""What both clients need to tell a definite no from an unknown outcome."""

from collections.abc import Mapping
from typing import Any

from shopkit.errors import Unavailable
from shopkit.http_client import ClientResponse, ServiceClient

DEADLINE = 6.0
"""Seconds for one call with its repetitions. Two fit into the lease between two writes."""
UNCERTAIN = {401, 403, 405, 408, 421, 425, 429}
"""Answers about the connection or our own credentials, not about the order."""


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


async def insist(client: ServiceClient, method: str, path: str, json: Any = None) -> None:
    """A confirm or cancel that cannot be refused: anything but success is Unavailable."""
    answer = await client.call(method, path, json=json, deadline=DEADLINE)
    if not 200 <= answer.status < 300:
        raise Unavailable(f"{method} answered {answer.status}.")
