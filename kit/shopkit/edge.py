"""The one middleware: request id, response headers, log line, metrics, and the last resort."""

import asyncio
import re
import time
from collections.abc import Iterable
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shopkit.direct import DirectRoutes
from shopkit.errors import PROBLEM_JSON, InternalError, NotFound, Problem, Unavailable
from shopkit.ids import new_id
from shopkit.logs import get_logger, log_request, request_id
from shopkit.metrics import observe
from shopkit.responses import problem_bytes

log = get_logger()
_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
CLIENT_CLOSED_REQUEST = 499
"""In logs and metrics, as nginx has it: who asked went away before all of the request was here."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
]


class Edge:
    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute] = ()) -> None:
        """`routes`: those of the app, of which some need nothing that stands before them."""
        self.app, self._direct = app, DirectRoutes(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = _Answer(scope, send)
        if scope["method"] == "HEAD":  # uvicorn drops the body by the original scope
            scope = {**scope, "method": "GET"}
        answer.scope = scope
        token = request_id.set(answer.request_id)
        try:
            if _CONTROL.search(scope["path"]):  # `$` in patterns of routes lets a last one pass
                await answer.fail(NotFound("There is no such path."))
            else:
                await (self._direct.find(scope) or self.app)(scope, receive, answer.send)
        except ClientDisconnect:
            answer.status = answer.status or CLIENT_CLOSED_REQUEST
        except asyncio.CancelledError:  # the server stops and has waited long enough
            await answer.fail(Unavailable("The service is stopping. Try again."))
            raise
        except Exception:
            log.exception("unhandled_error", path=scope["path"])
            await answer.fail(InternalError())
        finally:
            answer.log()
            request_id.reset(token)


class _Answer:
    """What is sent for one request, and what is remembered of it."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._send = send
        self.scope = scope
        self.method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self.request_id = _request_id(scope)
        self.status = 0
        self.started = time.perf_counter()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message.setdefault("headers", [])
            if not any(name == b"cache-control" for name, _ in headers):
                headers.append((b"cache-control", b"no-store"))
            headers.append((b"x-request-id", self.request_id.encode()))
            headers.extend(_SECURITY)
        await self._send(message)

    async def fail(self, problem: Problem) -> None:
        if self.status:
            return  # the answer has begun: nothing can be mended
        body = problem_bytes(problem, self.scope["path"], self.request_id)
        headers = [(b"content-type", PROBLEM_JSON.encode())]
        headers.append((b"content-length", str(len(body)).encode()))
        headers += [
            (name.lower().encode(), value.encode()) for name, value in problem.headers.items()
        ]
        start = {"type": "http.response.start", "status": problem.status, "headers": headers}
        await self.send(start)
        await self._send({"type": "http.response.body", "body": body})

    def log(self) -> None:
        seconds = time.perf_counter() - self.started
        route: Any = self.scope.get("route")
        path = getattr(route, "path", "unmatched")
        observe(self.method, path, self.status, seconds)
        if path not in ("/healthz", "/readyz", "/metrics"):
            log_request(self.method, path, self.status, seconds)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            return value.decode() if _SANE_ID.fullmatch(value) else new_id()
    return new_id()
