"""A real nginx before four small services that do as a test says, over real HTTP."""

import asyncio
import http.client
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn

from gateway.render import render, tls_values
from launcher.nginx_program import Nginx, find_nginx

GATEWAY = Path(__file__).parents[2] / "gateway"
SERVICES = ("auth", "catalog", "cart", "orders")
PREFIXES = {
    "auth": ("/api/auth",),
    "catalog": (
        "/api/products",
        "/api/categories",
        "/api/product-groups",
        "/api/attributes",
        "/api/search",
        "/api/imports",
        "/api/media",
        "/media",
        "/api/feeds",
        "/feeds",
        "/sitemap.xml",
        "/sitemaps",
    ),
    "cart": ("/api/cart",),
    "orders": ("/api/orders",),
}
CACHEABLE = "public, max-age=0, s-maxage=1, stale-while-revalidate=1, stale-if-error=600"
"""What catalog says."""
DEADLINE = 15.0


@dataclass
class Sent:
    """A request as it reached a service."""

    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes = b""

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]


@dataclass
class Reply:
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False
    """Read the request, then close the connection without a word."""
    wait: float = 0.0


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def one(self, name: str) -> str:
        (value,) = self.all(name)
        return value

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Service:
    """One ASGI app on a Unix socket. `reply` decides; what came is in `seen`."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.path = name, path
        self.reset()
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def reset(self) -> None:
        self.seen: list[Sent] = []
        self.reply: Callable[[Sent], Reply] = self._echo
        self.health = 200

    def _echo(self, sent: Sent) -> Reply:
        if sent.path.startswith("/internal"):
            return Reply(body=b'"SECRET"')  # as if the internal routes were on this listener
        plain = any(sent.path == p or sent.path.startswith(f"{p}/") for p in PREFIXES[self.name])
        body = {"service": self.name, "path": sent.path, "query": sent.query}
        return Reply(200 if plain else 404, json.dumps(body).encode())

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in scope["headers"]]
        path, query = scope["path"], scope["query_string"].decode("latin-1")
        if path in ("/healthz", "/readyz"):
            await _send(send, Reply(self.health, b'{"status":"ok"}'))
            return
        sent = Sent(scope["method"], path, query, headers, body)
        self.seen.append(sent)
        reply = self.reply(sent)
        if reply.hang_up:
            raise ConnectionAbortedError
        if reply.wait:
            await asyncio.sleep(reply.wait)
        await _send(send, reply)

    def start(self) -> None:
        app = _hanging_up(self)
        config = uvicorn.Config(
            app, uds=str(self.path), lifespan="off", log_config=None, timeout_keep_alive=75
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        wait_for(lambda: self._server is not None and self._server.started)

    def tell_to_stop(self) -> None:
        if self._server is not None:
            self._server.should_exit = self._server.force_exit = True

    def stop(self) -> None:
        self.tell_to_stop()
        if self._server is not None and self._thread is not None:
            self._thread.join(DEADLINE)
            self.path.unlink(missing_ok=True)
            self._server = None


@dataclass
class Stage:
    port: int
    services: dict[str, Service]
    folder: Path

    def call(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        body: bytes | None = None,
    ) -> Answer:
        with closing(self.connect()) as connection:
            return self.call_on(connection, method, path, headers, body)

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)

    @staticmethod
    def call_on(
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        body: bytes | None = None,
    ) -> Answer:
        """On a connection that stays: one worker of nginx, with its connections to services."""
        pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
        names = {name.lower() for name, _ in pairs}
        connection.putrequest(method, path, skip_host="host" in names, skip_accept_encoding=True)
        for name, value in pairs:
            connection.putheader(name, value)
        if body is not None and "content-length" not in names:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        return Answer(response.status, response.getheaders(), response.read())

    def get(self, path: str, headers: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> Answer:
        return self.call("GET", path, headers)

    def raw(self, data: bytes) -> bytes:
        """What comes back for these bytes, until nginx closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE) as connection:
            connection.sendall(data)
            chunks = []
            while chunk := connection.recv(65536):
                chunks.append(chunk)
        return b"".join(chunks)

    @property
    def seen(self) -> list[Sent]:
        return [sent for service in self.services.values() for sent in service.seen]

    def log_lines(self) -> list[dict[str, Any]]:
        text = (self.folder / "access.log").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


@contextmanager
def stage(
    folder: Path,
    *,
    rate_limits: str = "off",
    make: Callable[[str, Path], Service] | None = None,
    **changes: str,
) -> Any:
    """Start everything. `changes` overrides template variables; TLS_CERTIFICATE turns TLS on."""
    services = {name: (make or Service)(name, folder / f"{name}.sock") for name in SERVICES}
    port, nginx = free_port(), find_nginx(folder, print)
    write_configuration(nginx, folder, port, {"RATE_LIMITS": rate_limits, **changes})
    with ExitStack() as leaving:
        for service in services.values():
            service.start()
            leaving.callback(service.stop)
        for service in services.values():
            leaving.callback(service.tell_to_stop)
        log = leaving.enter_context((folder / "access.log").open("wb"))
        errors = leaving.enter_context((folder / "error.log").open("wb"))
        command = [nginx.program, "-e", "stderr", "-p", folder, "-c", folder / "nginx.conf"]
        process = subprocess.Popen(command, stdout=log, stderr=errors)
        leaving.callback(_end, process)
        wait_for(lambda: process.poll() is not None or _accepts(port))
        assert process.poll() is None, (folder / "error.log").read_text()
        yield Stage(port, services, folder)


def write_configuration(nginx: Nginx, folder: Path, port: int, changes: Mapping[str, str]) -> None:
    tls = str(folder / "tls.conf") if "TLS_CERTIFICATE" in changes else None
    values = {
        **{f"{name.upper()}_UPSTREAM": f"unix:{folder / name}.sock" for name in SERVICES},
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "RATE_LIMITS": "off",
        "DOCS_ROOT": str(GATEWAY / "docs"),
        "OPENAPI_FILE": str(folder / "shop.json"),
        "CACHE_DIR": str(folder / "cache"),
        "MEDIA_ROOT": str(folder / "media"),
        "RUN_DIR": str(folder),
        "USER_DIRECTIVE": "user root root;" if os.geteuid() == 0 else "",
        "LOCAL_DIRECTIVE": "",
        "TLS_CERTIFICATE": "",
        "TLS_KEY": "",
        "CORS_ORIGINS": "",
        **tls_values(tls, nginx.version),
        **changes,
    }
    (folder / "shop.json").write_text('{"openapi":"3.1.0"}' + " " * 2000, encoding="utf-8")
    for source, target in (
        (GATEWAY / "templates" / "shop.conf.template", "shop.conf"),
        (GATEWAY / "templates" / "tls.conf.template", "tls.conf"),
        (GATEWAY / "templates" / "nginx.conf.template", "nginx.conf"),
    ):
        text = render(source.read_text(encoding="utf-8"), values)
        (folder / target).write_text(text, encoding="utf-8")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait(DEADLINE)


async def _send(send: Any, reply: Reply) -> None:
    headers = {"content-type": "application/json", **reply.headers}
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": raw})
    await send({"type": "http.response.body", "body": reply.body})


def _hanging_up(service: Service) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await service(scope, receive, send)
        except ConnectionAbortedError:
            transport = receive.__self__.transport
            transport.abort()
            await receive()

    return app
