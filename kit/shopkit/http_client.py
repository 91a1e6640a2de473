"""How services call each other: deadlines, retries, request ids, service tokens."""

import asyncio
import random
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import httpx2

from shopkit.errors import Unavailable
from shopkit.logs import request_id

CONNECT_SECONDS, READ_SECONDS = 0.5, 2.0
KEEPALIVE_SECONDS = 30  # less than the 75 s of the callee, or a request meets a closing connection
RETRIED = {502, 503, 504}


@dataclass(frozen=True)
class ClientResponse:
    status: int
    json: Any


class TokenSource(Protocol):
    async def get(self) -> str: ...

    def forget(self) -> None: ...


class ServiceClient:
    """Calls one service. Repeats a call up to `attempts` times, so only give it repeatable ones.

    `base_url` is `http://host:port` or `unix:/path.sock`.
    """

    def __init__(
        self,
        base_url: str,
        *,
        tokens: TokenSource | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._tokens = tokens
        socket = base_url.removeprefix("unix:") if base_url.startswith("unix:") else None
        limits = httpx2.Limits(
            max_connections=64,
            max_keepalive_connections=32,
            keepalive_expiry=KEEPALIVE_SECONDS,
        )
        self._http = httpx2.AsyncClient(
            base_url="http://service" if socket else base_url,
            transport=transport or httpx2.AsyncHTTPTransport(uds=socket, limits=limits),
            timeout=httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        form: dict[str, str] | None = None,
        attempts: int = 3,
        deadline: float = 6.0,
    ) -> ClientResponse:
        """Answer with any 2xx, 3xx or 4xx. Raises Unavailable when the outcome is unknown.

        `deadline` is in seconds, for all attempts together.
        """
        ends_at = time.monotonic() + deadline
        for attempt in range(1, attempts + 1):
            response = await self._attempt(method, path, json, form, ends_at)
            if response is not None and response.status not in RETRIED:
                return response
            pause = random.uniform(0, 0.05 * 4**attempt)  # noqa: S311 - jitter
            if attempt < attempts and time.monotonic() + pause < ends_at:
                await asyncio.sleep(pause)
        raise Unavailable(f"{method} {path} did not answer.")

    async def _attempt(
        self, method: str, path: str, json: Any, form: dict[str, str] | None, ends_at: float
    ) -> ClientResponse | None:
        with suppress(httpx2.TransportError, TimeoutError):
            async with asyncio.timeout(max(0.0, ends_at - time.monotonic())):
                response = await self._send(method, path, json, form)
                if response.status == 401 and self._tokens:
                    self._tokens.forget()
                    response = await self._send(method, path, json, form)
                return response
        return None

    async def _send(
        self, method: str, path: str, json: Any, form: dict[str, str] | None
    ) -> ClientResponse:
        headers = {"X-Request-ID": request_id.get()} if request_id.get() else {}
        if self._tokens:
            headers["Authorization"] = f"Bearer {await self._tokens.get()}"
        answer = await self._http.request(method, path, json=json, data=form, headers=headers)
        if answer.status_code >= 500 and answer.status_code not in RETRIED:
            raise Unavailable(f"{method} {path} failed with {answer.status_code}.")
        return ClientResponse(answer.status_code, answer.json() if answer.content else None)


class ServiceToken:
    """A service's own access token (RFC 6749, 4.4), kept until shortly before it expires.

    While auth is down, the token in hand is used until its last second.
    """

    def __init__(self, auth: ServiceClient, client_id: str, secret: str) -> None:
        self._auth, self._id, self._secret = auth, client_id, secret
        self._token, self._renew_at, self._expires_at = "", 0.0, 0.0
        self._asking = asyncio.Lock()

    def forget(self) -> None:
        self._expires_at = self._renew_at = 0.0

    async def get(self) -> str:
        if time.monotonic() >= self._renew_at:
            async with self._asking:
                if time.monotonic() >= self._renew_at:
                    await self._renew()
        return self._token

    async def _renew(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._id,
            "client_secret": self._secret,
        }
        try:
            answer = await self._auth.call("POST", "/internal/token", form=form)
            if answer.status != 200:
                raise Unavailable(f"Auth refuses the service client {self._id!r}.")
        except Unavailable:
            if time.monotonic() >= self._expires_at:
                raise
            self._renew_at = min(time.monotonic() + 5, self._expires_at)
            return
        now, lifetime = time.monotonic(), answer.json["expires_in"]
        self._token = answer.json["access_token"]
        self._renew_at, self._expires_at = now + lifetime * 0.5, now + lifetime - 5
