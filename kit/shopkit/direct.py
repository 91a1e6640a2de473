"""Routes that answer by themselves: found and called without FastAPI's router and handler.

What stands between an app and its endpoint (exit stacks, a middleware for errors, the search for a
route, the media type read a second time) costs as much as reading a product. See
docs/decisions/0005.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.convertors import StringConvertor
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from shopkit.errors import Problem
from shopkit.responses import answer_of

DEPENDENCIES = "shop.dependencies"
"""Where a request's scope has what its route's dependencies came to, by parameter."""

Handler = Callable[[Request], Awaitable[Response]]
Match = Callable[[str], re.Match[str] | None]


def answers_by_itself(route: APIRoute) -> bool:
    """Whether it is declared `-> Response`, and asks for nothing but dependencies, what is in the
    path, and a body that is one model."""
    declared, whole = inspect.signature(route.endpoint), route.dependant
    fields = [*whole.path_params, *whole.body_params]
    asked = {one.name for one in whole.dependencies} | {field.name for field in fields}
    return (
        declared.return_annotation is Response
        and declared.parameters.keys() == asked
        and not route._embed_body_fields
    )


def endpoint_alone(route: APIRoute) -> Handler:
    """Where nothing is left to do but to check what is in path and body."""
    endpoint = route.endpoint
    in_path, in_body = route.dependant.path_params, route.dependant.body_params

    async def handle(request: Request) -> Response:
        values, errors = request.scope[DEPENDENCIES], []
        for field in in_path:
            sent = request.path_params[field.alias]
            values[field.name], found = field.validate(sent, loc=("path", field.alias))
            errors += found
        for field in in_body:
            values[field.name], found = checked_body(request, field)
            errors += found
        if errors:
            raise RequestValidationError(errors)
        answer: Response = await endpoint(**values)
        return answer

    return handle


def checked_body(request: Request, field: Any) -> tuple[Any, list[Any]]:
    """The body that `parse_json_body` has left, or the default of one that was not sent; and what
    is wrong with it."""
    if request._body:
        checked: tuple[Any, list[Any]] = field.validate(request._json, loc=("body",))
        return checked
    if field.field_info.is_required():
        return None, [{"type": "missing", "loc": ("body",), "msg": "Field required"}]
    return field.get_default(), []


class DirectApp:
    """The whole of an answer, that to an error of the shop's included."""

    def __init__(self, handle: Handler) -> None:
        self._handle = handle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        try:
            answer = await self._handle(request)
        except (Problem, RequestValidationError, HTTPException) as exc:
            answer = answer_of(request, exc)
        await answer(scope, receive, send)


class DirectRoutes:
    """Finds what the app's router would, where that is a DirectApp."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._in_order: dict[str, list[tuple[Match, APIRoute]]] = {}
        for route in routes:
            if isinstance(route, APIRoute):
                for method in route.methods or ():
                    them = self._in_order.setdefault(method, [])
                    them.append((route.path_regex.match, route))
        self._fixed = {
            (method, route.path): self._first(method, route.path)
            for method, them in self._in_order.items()
            for _, route in them
            if not route.param_convertors
        }

    def find(self, scope: Scope) -> ASGIApp | None:
        """None where FastAPI has to look: for what is not here, and while it traces requests."""
        if scope.get("root_path") or "fastapi.telemetry" in scope:
            return None
        place = scope["method"], scope["path"]
        found = self._fixed.get(place) or self._first(*place)
        if found is None:
            return None
        route, in_path = found
        scope.update(route=route, endpoint=route.endpoint, path_params={**in_path})
        return route.app

    def _first(self, method: str, path: str) -> tuple[APIRoute, dict[str, str]] | None:
        for matches, route in self._in_order.get(method, ()):
            if found := matches(path):
                return (route, found.groupdict()) if _is_direct(route) else None
        return None


def _is_direct(route: APIRoute) -> bool:
    texts = all(type(kind) is StringConvertor for kind in route.param_convertors.values())
    return texts and isinstance(route.app, DirectApp)
