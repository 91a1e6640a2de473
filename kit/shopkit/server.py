"""Serve a service on its two listeners, and stop it gracefully."""

import asyncio
import errno
import re
import signal
import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shopkit.errors import PROBLEM_JSON, BadRequest
from shopkit.ids import new_id
from shopkit.logs import get_logger
from shopkit.program import spare_what_stays
from shopkit.responses import problem_bytes
from shopkit.service import Service

log = get_logger()
KEEP_ALIVE_SECONDS = 75  # nginx keeps its side 60 s
DRAIN_SECONDS = 10
ACCEPTED_AT_ONCE = 16
"""uvloop accepts one connection in a turn of its loop for each listener it has, and a busy turn
takes as long as all requests in it: of 64 that came at once, the last waited for over a second."""
LONGEST_TURN = 0.0001
"""Seconds that a thread with a slow read keeps Python while the loop waits for it, and as long it
waits itself for each row that it reads. With the usual 5 ms a checkout beside slow reads had a p99
of 156 ms instead of 98; with 0.5, facets that are counted anew took ten times as long as alone."""

NOT_HTTP = (
    "The request is not valid HTTP. In its URL, percent-encode what is not ASCII: é is %C3%A9."
)
_REQUEST_ID = re.compile(rb"(?im)^x-request-id: ([a-z0-9._-]{8,64})\r$")


class Together:
    """A transport that sends an answer's head and body with one system call, which wakes nginx
    once: a page of products costs 7 % less here, and a third less there."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._held = b""
        self._call_soon = asyncio.get_running_loop().call_soon

    def write(self, data: bytes) -> None:
        """At once what follows something, so that a transport that is full can say so; what comes
        alone, in the loop's next turn."""
        if self._held:
            data, self._held = self._held + data, b""
            self._transport.write(data)
        else:
            self._held = data
            self._call_soon(self._flush)

    def writelines(self, parts: Iterable[bytes]) -> None:
        self.write(b"".join(parts))

    def write_eof(self) -> None:
        self._flush()
        self._transport.write_eof()

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._held:
            self.write(b"")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _Http(HttpToolsProtocol):
    _received = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Together(transport))  # type: ignore[arg-type]

    def data_received(self, data: bytes) -> None:
        self._received = data
        super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """Of what is no HTTP only the gateway's id of it is looked for."""
        found = _REQUEST_ID.search(self._received)
        id_ = found[1].decode() if found else new_id()
        body = problem_bytes(BadRequest(NOT_HTTP), "/", id_)
        head = (
            f"HTTP/1.1 400 Bad Request\r\nContent-Type: {PROBLEM_JSON}\r\n"
            f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\nX-Request-ID: {id_}\r\n"
            "Connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


class _Server(uvicorn.Server):
    """Leaves signals to `serve`, which has two servers to stop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind(address: str) -> socket.socket:
    """A listening socket for `unix:/path.sock` or `host:port`. Raises OSError when it is taken."""
    if address.startswith("unix:"):
        path = Path(address.removeprefix("unix:"))
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        path.chmod(0o660)
    else:
        host, _, port = address.rpartition(":")
        listener = _bind_tcp(host.strip("[]"), int(port))
    listener.listen(2048)
    return listener


def _bind_tcp(host: str, port: int) -> socket.socket:
    """On the first of the host's addresses that is this machine's: in containers a name stands for
    all copies of a service, on one network."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for left, (family, *_, address) in zip(reversed(range(len(found))), found, strict=True):
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
        except OSError as exc:
            listener.close()
            if exc.errno != errno.EADDRNOTAVAIL or not left:
                raise
        else:
            return listener
    raise OSError(errno.EADDRNOTAVAIL, f"{host} has no address")


def _server(app: FastAPI) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            http=_Http,
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            ws="none",
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
    )


async def serve(service: Service, listen: str, internal_listen: str) -> None:
    """Serve until SIGTERM or SIGINT, then answer what has begun and stop."""
    async with service.running():  # before the sockets: a second process must not take them
        await serve_apps((listen, service.public), (internal_listen, service.internal))
    log.info("stopped")


async def serve_apps(*apps: tuple[str, FastAPI]) -> None:
    """Serve each app at its address until SIGTERM or SIGINT."""
    servers = {_server(app): bind(address) for address, app in apps}
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, list(servers))
    spare_what_stays()
    sys.setswitchinterval(LONGEST_TURN)
    log.info("serving", listen=[address for address, _ in apps])
    await asyncio.gather(*(server.serve(_often(it)) for server, it in servers.items()))


def _often(listener: socket.socket) -> list[socket.socket]:
    return [listener, *(listener.dup() for _ in range(ACCEPTED_AT_ONCE - 1))]


def _stop(servers: list[_Server]) -> None:
    for server in servers:
        server.force_exit = server.should_exit  # a second signal does not wait
        server.should_exit = True
