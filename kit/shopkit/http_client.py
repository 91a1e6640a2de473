"""How services call each other: deadlines, retries, request ids, service tokens."""

import asyncio
import json as jsonlib
import random
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from pydantic import SecretStr

from shopkit.errors import Unavailable
from shopkit.logs import get_logger, request_id
from shopkit.transport import HttpTransport, Transport, TransportError

log = get_logger()
RETRIED = {502, 503, 504}
SECONDS_BETWEEN_RENEWALS = 1.0
SECONDS_WITHOUT_TOKEN = 0.1
"""Between renewals while there is none in hand: a shop that starts is to be open at once."""


@dataclass(frozen=True)
class ClientResponse:
    status: int
    json: Any


class TokenSource(Protocol):
    async def get(self) -> str: ...

    def forget(self) -> None: ...


class ServiceClient:
    """Calls one service. Repeats a call up to `attempts` times, so only give it repeatable ones.

    `base_url` is `http://host:port` or `unix:/path.sock`. Tests give a `transport` of their own.
    """

    def __init__(
        self,
        base_url: str,
        *,
        tokens: TokenSource | None = None,
        transport: Transport | None = None,
    ) -> None:
        self._tokens = tokens
        self._transport = transport or HttpTransport(base_url)

    def with_tokens(self, tokens: TokenSource) -> "ServiceClient":
        """The same callee, over the same connections; close one of the two."""
        return ServiceClient("", tokens=tokens, transport=self._transport)

    async def close(self) -> None:
        await self._transport.close()

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        form: dict[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        attempts: int = 3,
        deadline: float = 6.0,
    ) -> ClientResponse:
        """Answer with any 2xx, 3xx or 4xx. Raises Unavailable when the outcome is unknown.

        `deadline` is in seconds, for all attempts together, which all carry `headers`.
        """
        content_type, body = _encoded(json, form)
        sent = {**content_type, **(headers or {})}
        ends_at = time.monotonic() + deadline
        for attempt in range(1, attempts + 1):
            response = await self._attempt(method, path, sent, body, ends_at)
            if response is not None:
                return response
            pause = random.uniform(0, 0.05 * 4**attempt)  # noqa: S311 - jitter
            if attempt < attempts and time.monotonic() + pause < ends_at:
                await asyncio.sleep(pause)
        raise Unavailable(f"{method} {path} did not answer.")

    async def _attempt(
        self, method: str, path: str, headers: dict[str, str], body: bytes, ends_at: float
    ) -> ClientResponse | None:
        with suppress(TransportError, TimeoutError):
            async with asyncio.timeout(max(0.0, ends_at - time.monotonic())):
                status, content = await self._send(method, path, headers, body)
                if status == 401 and self._tokens:
                    self._tokens.forget()
                    status, content = await self._send(method, path, headers, body)
            if status in RETRIED:
                return None
            if status >= 500:
                raise Unavailable(f"{method} {path} failed with {status}.")
            return ClientResponse(status, _decoded(content))
        return None

    async def _send(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        sent = dict(headers)
        if request_id.get():
            sent["X-Request-ID"] = request_id.get()
        if self._tokens:
            sent["Authorization"] = f"Bearer {await self._tokens.get()}"
        return await self._transport.send(method, path, sent, body)


def _decoded(content: bytes) -> Any:
    try:
        return jsonlib.loads(content) if content else None
    except ValueError:
        raise Unavailable("An answer was not JSON.") from None


def _encoded(json: Any, form: dict[str, str] | None) -> tuple[dict[str, str], bytes]:
    if form is not None:
        return {"Content-Type": "application/x-www-form-urlencoded"}, urlencode(form).encode()
    if json is not None:
        return {"Content-Type": "application/json"}, jsonlib.dumps(json).encode()
    return {}, b""


class ApiKey:
    """A TokenSource for a callee that is no service of ours and gave us a key for good."""

    def __init__(self, key: SecretStr) -> None:
        self._key = key

    async def get(self) -> str:
        return self._key.get_secret_value()

    def forget(self) -> None: ...


class ServiceToken:
    """A service's own access token (RFC 6749, 4.4), kept until shortly before it expires.

    It is renewed beside the calls, from half of its life on: while auth is down or hangs, nobody
    waits for it as long as the token in hand is good.
    """

    def __init__(self, auth: ServiceClient, client_id: str, secret: str) -> None:
        self._auth, self._id, self._secret = auth, client_id, secret
        self._token, self._renew_at, self._expires_at = "", 0.0, 0.0
        self._renewal: asyncio.Task[None] | None = None

    def forget(self) -> None:
        self._expires_at = self._renew_at = 0.0

    async def get(self) -> str:
        """Raises Unavailable when there is none and auth gives none."""
        if time.monotonic() >= self._renew_at and self._renewal is None:
            self._renewal = asyncio.create_task(self._renew())
        if time.monotonic() >= self._expires_at and self._renewal is not None:
            await asyncio.shield(self._renewal)
        if time.monotonic() >= self._expires_at:
            raise Unavailable("Auth gives no service token.")
        return self._token

    async def _renew(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._id,
            "client_secret": self._secret,
        }
        self._renew_at = time.monotonic() + SECONDS_BETWEEN_RENEWALS
        try:
            answer = await self._auth.call("POST", "/internal/token", form=form)
            if answer.status != 200:
                raise Unavailable(f"Auth refuses the service client {self._id!r}.")
        except Unavailable as exc:
            log.warning("service_token_not_renewed", reason=exc.detail)
            if time.monotonic() >= self._expires_at:
                self._renew_at = time.monotonic() + SECONDS_WITHOUT_TOKEN
        else:
            now, lifetime = time.monotonic(), answer.json["expires_in"]
            self._token = answer.json["access_token"]
            self._renew_at, self._expires_at = now + lifetime * 0.5, now + lifetime - 5
        finally:
            self._renewal = None
