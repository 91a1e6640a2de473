"""One HTTP call to the shop, repeated where that is safe; knows nothing of logins."""

import json
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import httpx2

from shopcli.errors import ApiProblem, CannotReach, UsageError
from shopcli.retry import BUSY, UNAVAILABLE, Gate, Patience, retry_after

IN_PROGRESS = "request_in_progress"
PIECE = 256 * 1024


@dataclass(frozen=True)
class Call:
    """`repeatable`: sending it twice has the effect of once (by method or by Idempotency-Key)."""

    method: str
    path: str
    params: Mapping[str, str | int]
    body: object
    token: str | None = None
    key: str | None = None
    repeatable: bool = True
    file: Path | None = None
    """What is sent in place of `body`: lines of JSON."""

    def headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if self.file is not None:
            headers["Content-Type"] = "application/x-ndjson"
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if self.key is not None:
            headers["Idempotency-Key"] = self.key
        return headers


def new_key() -> str:
    """One for each thing that is to happen; kept for every repetition of its call."""
    return str(uuid.uuid4())


class Wire:
    """Connections to one shop. Raises ApiProblem for what it refuses, CannotReach for silence."""

    def __init__(
        self,
        url: str,
        *,
        patience: Patience | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        connections: int = 8,
        on_pause: Callable[[float], None] = lambda _: None,
        on_limit: Callable[[], None] = lambda: None,
    ) -> None:
        self.url = url
        self._patience = patience or Patience()
        self._gate = Gate(on_pause, on_limit)
        self._reached = False
        self._http = httpx2.AsyncClient(
            base_url=url,
            transport=transport,
            timeout=httpx2.Timeout(30.0, connect=5.0),
            limits=httpx2.Limits(max_connections=connections, keepalive_expiry=20.0),
            headers={"User-Agent": "shop-cli"},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def send(self, call: Call) -> Any:
        """The JSON of the answer; None for an empty one."""
        return _content(await self._answer(call), self.url)

    async def save(self, call: Call, into: BinaryIO) -> None:
        """Write the answer as it comes, from the beginning of the file."""
        response = await self._answer(call, into)
        if not response.is_success:
            _content(response, self.url)

    async def _answer(self, call: Call, into: BinaryIO | None = None) -> httpx2.Response:
        failures = pauses = 0
        while True:
            await self._gate.passed()
            try:
                response = await self._once(call, into)
            except CannotReach:
                failures += 1
                if not call.repeatable or failures >= self._attempts():
                    raise
                self._gate.close_for(self._patience.backoff(failures))
                continue
            self._reached = True
            if response.status_code in BUSY and pauses < self._patience.busy_attempts:
                pauses += 1
                self._gate.slow_down(self._patience.busy_pace)
                self._pause(response, pauses)
            elif self._worth_repeating(call, response) and failures < self._patience.attempts:
                failures += 1
                self._pause(response, failures)
            else:
                return response

    def _request(self, call: Call) -> httpx2.Request:
        what: dict[str, Any] = {"json": call.body} if call.file is None else {}
        if call.file is not None:
            what["content"] = _pieces(call.file)
        return self._http.build_request(
            call.method, call.path, params=dict(call.params), headers=call.headers(), **what
        )

    async def _once(self, call: Call, into: BinaryIO | None) -> httpx2.Response:
        try:
            request = self._request(call)
            response = await self._http.send(request, stream=into is not None)
            if into is not None and response.is_success:
                await _saved(response, into)
            elif into is not None:
                await response.aread()
            return response
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            raise UsageError(f"{self.url} is not a usable address: {error}.") from None
        except httpx2.ConnectError as error:
            raise CannotReach(_unreachable(self.url, error)) from None
        except httpx2.TimeoutException:
            raise CannotReach(f"The shop at {self.url} does not answer in time.") from None
        except httpx2.TransportError as error:
            raise CannotReach(f"The connection to {self.url} broke: {_said(error)}.") from None

    def _attempts(self) -> int:
        return self._patience.attempts if self._reached else self._patience.first_attempts

    def _worth_repeating(self, call: Call, response: httpx2.Response) -> bool:
        if response.status_code == 409 and call.key is not None:
            return _members(response).get("code") == IN_PROGRESS
        # What the gateway or a service calls unavailable may still have happened.
        return response.status_code in UNAVAILABLE and call.repeatable

    def _pause(self, response: httpx2.Response, attempt: int) -> None:
        asked = retry_after(response.headers.get("Retry-After"))
        if asked is not None and asked > self._patience.longest_asked:
            raise CannotReach(f"The shop asks to come back in {asked:.0f} seconds; try again then.")
        jitter = self._patience.backoff(0)
        self._gate.close_for(
            asked + jitter if asked is not None else self._patience.backoff(attempt)
        )


async def _pieces(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb") as opened:
        while piece := opened.read(PIECE):
            yield piece


async def _saved(response: httpx2.Response, into: BinaryIO) -> None:
    """What a broken connection has left of an earlier try is written over."""
    into.seek(0)
    into.truncate()
    async for piece in response.aiter_bytes():
        into.write(piece)
    await response.aclose()


def _content(response: httpx2.Response, url: str) -> Any:
    if response.status_code >= 400:
        raise ApiProblem(response.status_code, _members(response) or _foreign(response))
    if response.status_code >= 300:
        place = response.headers.get("Location", "elsewhere")
        raise CannotReach(f"{url} redirects to {place}; use that address as --url.")
    if not response.content:
        return None
    try:
        return response.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise CannotReach(f"What answers at {url} is not a shop: no JSON came back.") from None


def _members(response: httpx2.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return {}
    return body if isinstance(body, dict) else {}


def _foreign(response: httpx2.Response) -> dict[str, Any]:
    return {"detail": f"{response.url} answered without an explanation; is this a shop?"}


def _unreachable(url: str, error: Exception) -> str:
    return (
        f"No shop answers at {url} ({_said(error)})."
        " Start it with `make run`, or name another one with --url or SHOP_URL."
    )


def _said(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
