"""Sends webhooks: signed, again and again with growing pauses, until the shop has taken them."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic_core import to_json

from paysandbox.settings import SandboxSettings
from shopkit.clock import Clock
from shopkit.transport import HttpTransport
from shopkit.webhooks import WebhookSecret


class NotTaken(Exception):
    """The receiver answered something else than 2xx."""


class Sender:
    """The handler of the outbox; what it raises makes the relay try again later."""

    def __init__(self, url: str, path: str, secret: WebhookSecret, clock: Clock) -> None:
        """`path` is that of a `unix:` receiver; other URLs have their own."""
        base, self._path = (url, path) if url.startswith("unix:") else _split(url)
        self._transport = HttpTransport(base)
        self._secret, self._clock = secret, clock

    async def send(self, event: Mapping[str, Any]) -> None:
        """Raises NotTaken or TransportError."""
        body = to_json(event)
        signed = self._secret.headers(event["id"], body, self._clock.now())
        headers = {"Content-Type": "application/json", **signed}
        status, _ = await self._transport.send("POST", self._path, headers, body)
        if not 200 <= status < 300:
            raise NotTaken(f"the receiver answered {status}")

    async def close(self) -> None:
        await self._transport.close()


def _split(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}", f"{parts.path or '/'}{query}"


def find_sender(settings: SandboxSettings, clock: Clock) -> Sender | None:
    """None when nobody is to be told."""
    if settings.webhook_url is None or settings.webhook_secret is None:
        return None
    secret = WebhookSecret(settings.webhook_secret.get_secret_value())
    return Sender(settings.webhook_url, settings.webhook_path, secret, clock)
