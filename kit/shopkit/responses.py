"""Turn errors into problem+json answers."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.routing import Match

from shopkit import errors
from shopkit.errors import PROBLEM_JSON, FieldError, Problem
from shopkit.field_texts import field_text
from shopkit.ids import UUID_PATTERN
from shopkit.logs import request_id

MAX_ERRORS = 50


def json_response(
    body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer as it is, for busy routes: validating a page of 20 products costs them 60 µs.

    That it is what the route declares is checked by the tests (`shopkit.testing.client_for`).
    """
    return as_it_is(to_json(body), status=status, headers=headers)


def as_it_is(
    json: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer that is JSON already."""
    return Response(json, status, headers, media_type="application/json")


def problem_bytes(problem: Problem, instance: str, request: str) -> bytes:
    body = problem.body(instance=instance, request_id=request)
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=str)
    return text.encode("utf-8", errors="replace")


def problem_response(problem: Problem, instance: str) -> Response:
    return Response(
        problem_bytes(problem, instance, request_id.get()),
        status_code=problem.status,
        headers=problem.headers,
        media_type=PROBLEM_JSON,
    )


def add_error_handlers(app: FastAPI) -> None:
    for kind in (Problem, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _on_error)


async def _on_error(request: Request, exc: Any) -> Response:
    return answer_of(request, exc)


def answer_of(request: Request, exc: Problem | RequestValidationError | HTTPException) -> Response:
    """The problem that an error is to whoever asked."""
    if isinstance(exc, RequestValidationError):
        problem = _invalid(exc)
    elif isinstance(exc, HTTPException):
        problem = _of_http_exception(request, exc)
    else:
        problem = exc
    return problem_response(problem, request.url.path)


def _invalid(exc: RequestValidationError) -> Problem:
    found = exc.errors()
    listed = "all of it" if len(found) <= MAX_ERRORS else f"the first {MAX_ERRORS} of {len(found)}"
    in_path = [error for error in found if error["loc"][0] == "path"]
    if in_path:
        return _not_found(in_path)  # an id that cannot exist is one that does not
    return errors.Invalid(
        f"Some of the input is not valid; `errors` lists {listed}.",
        errors=[_field_error(error) for error in found[:MAX_ERRORS]],
    )


def _not_found(in_path: Sequence[Any]) -> errors.NotFound:
    if any(error.get("ctx", {}).get("pattern") == UUID_PATTERN for error in in_path):
        return errors.NotFound(
            "What the path has is no id. Send the `id` of what you mean: GET tells it, by slug too "
            "where there are slugs."
        )
    return errors.NotFound()


def field_errors(exc: ValidationError) -> list[FieldError]:
    """The first MAX_ERRORS, with pointers into what was validated."""
    found = exc.errors(include_url=False)[:MAX_ERRORS]
    return [_field_error({**error, "loc": ("body", *error["loc"])}) for error in found]


def _field_error(error: dict[str, Any]) -> FieldError:
    place, *rest = (str(part) for part in error["loc"])
    names = [part.replace("~", "~0").replace("/", "~1")[:100] for part in rest]
    pointer = "".join(f"/{name}" for name in names)
    if place in ("query", "header"):
        pointer = f"?{'.'.join(rest)}" if place == "query" else f"header:{'.'.join(rest)}"
    return FieldError(pointer, error["type"], field_text(error)[:300])


def _of_http_exception(request: Request, exc: HTTPException) -> Problem:
    if exc.status_code == 404:
        return errors.NotFound("There is no such path.")
    if exc.status_code == 405:
        allowed = ", ".join(allowed_methods(request))
        return errors.MethodNotAllowed(f"Use {allowed}.", headers={"Allow": allowed})
    return errors.BadRequest(str(exc.detail))


def allowed_methods(request: Request) -> list[str]:
    scope = {"type": "http", "path": request.scope["path"], "root_path": "", "headers": []}
    methods = {
        method
        for route in request.app.router.routes
        for method in getattr(route, "methods", None) or ()
        if route.matches({**scope, "method": method})[0] is Match.FULL
    }
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)
