"""The OpenAPI document of an app, with what policies and conventions add to every operation."""

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from shopkit import errors
from shopkit.auth import PEOPLE, WITHOUT_TOKEN, Policy
from shopkit.errors import PROBLEM_JSON, Problem
from shopkit.query import QueryOf

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. `code` is stable; `errors` is there where input was invalid.",
    "required": ["type", "title", "status", "detail", "instance", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
SECURITY_SCHEMES = {
    "login": {
        "type": "oauth2",
        "flows": {"password": {"tokenUrl": "/api/auth/token", "scopes": {}}},
    },
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
}


def problems(*classes: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """For FastAPI's `responses=`: one entry per status, its text naming the codes."""
    found: dict[int | str, dict[str, Any]] = {}
    for cls in classes:
        text = f"`{cls.code}`: {cls.title}"
        if cls.status in found:
            text = f"{found[cls.status]['description']}; {text}"
        found[cls.status] = _response(text)
    return found


def _response(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {PROBLEM_JSON: {"schema": schema}}}


def document(app: FastAPI) -> dict[str, Any]:
    routes = [route for route in app.router.routes if isinstance(route, APIRoute)]
    spec = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=routes
    )
    components = spec.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM_SCHEMA
    components["securitySchemes"] = SECURITY_SCHEMES
    for route in routes:
        for method in (route.methods or ()) if route.include_in_schema else ():
            _complete(spec["paths"][route.path_format][method.lower()], route)
    return spec


def _complete(operation: dict[str, Any], route: APIRoute) -> None:
    policy = policy_of(route)
    for dependency in route.dependant.dependencies:
        if isinstance(dependency.call, QueryOf):
            operation.setdefault("parameters", []).extend(dependency.call.parameters())
    if policy.kind != "public":
        requirement: list[dict[str, list[str]]] = [{"login": []}, {"bearer": []}]
        operation["security"] = [{}, *requirement] if policy.kind in WITHOUT_TOKEN else requirement
    if policy.scope:
        note = f"Needs the scope `{policy.scope}`."
        operation["description"] = f"{operation.get('description', '')}\n\n{note}".strip()
        operation["x-required-scope"] = policy.scope
    answers = operation["responses"]
    declared = answers.get("422", {})
    if "HTTPValidationError" in str(declared):
        del answers["422"]
    _merge(answers, problems(*_general(operation, policy)))


def _general(operation: dict[str, Any], policy: Policy) -> Iterable[type[Problem]]:
    yield from (errors.Invalid, errors.RateLimited, errors.Unavailable)
    if policy.kind != "public":
        yield from (errors.NotAuthenticated, errors.InvalidToken, errors.TokenExpired)
    if policy.scope:
        yield errors.InsufficientScope
    if policy.kind in PEOPLE:
        yield errors.PersonRequired
    if any(parameter["in"] == "path" for parameter in operation.get("parameters", ())):
        yield errors.NotFound
    if "requestBody" in operation:
        yield from (errors.InvalidJson, errors.DuplicateKey)
        yield from (errors.PayloadTooLarge, errors.UnsupportedMediaType, errors.StorageFull)
    names = {parameter["name"].lower() for parameter in operation.get("parameters", ())}
    if "cursor" in names:
        yield errors.InvalidCursor
    if "idempotency-key" in names:
        yield from (errors.InvalidIdempotencyKey, errors.IdempotencyKeyReused)
    if "if-match" in names:
        yield errors.PreconditionFailed


def _merge(answers: dict[str, Any], general: dict[int | str, dict[str, Any]]) -> None:
    for status, response in general.items():
        known = answers.get(str(status))
        if known is None:
            answers[str(status)] = response
        elif response["description"] not in known["description"]:
            known["description"] += f"; {response['description']}"


def policy_of(route: APIRoute) -> Policy:
    """The one policy of a route; raises RuntimeError when it has none, or several."""
    found = [d.call for d in route.dependant.dependencies if isinstance(d.call, Policy)]
    if len(found) != 1:
        raise RuntimeError(f"{route.path}: {route.name} must declare exactly one policy")
    return found[0]
