"""How the bytes of a call travel. aiohttp: 75 µs of CPU a call at 16 at once, httpx2: 467.

See docs/decisions/0001-aiohttp-between-services.md.
"""

from typing import Protocol

import aiohttp

CONNECT_SECONDS, READ_SECONDS = 0.5, 2.0
KEEPALIVE_SECONDS = 30  # less than the 75 s of the callee, or a request meets a closing connection
CONNECTIONS = 64


class TransportError(Exception):
    """No answer came; whether the call took effect is unknown."""


class Transport(Protocol):
    async def send(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        """Answers status and body. Raises TransportError when no whole answer came in time."""

    async def close(self) -> None: ...


class HttpTransport:
    """HTTP/1.1 over TCP (`http://host:port`) or a Unix socket (`unix:/path.sock`)."""

    def __init__(self, base_url: str) -> None:
        self._socket = base_url.removeprefix("unix:") if base_url.startswith("unix:") else ""
        self._base = "http://service" if self._socket else base_url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def send(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        session = self._session or self._open()
        try:
            async with session.request(
                method, self._base + path, headers=headers, data=body, allow_redirects=False
            ) as answer:
                return answer.status, await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise TransportError(str(exc)) from exc

    def _open(self) -> aiohttp.ClientSession:
        connector: aiohttp.BaseConnector = (
            aiohttp.UnixConnector(
                self._socket, limit=CONNECTIONS, keepalive_timeout=KEEPALIVE_SECONDS
            )
            if self._socket
            else aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEPALIVE_SECONDS)
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )
        return self._session

    async def close(self) -> None:
        if self._session:
            await self._session.close()
