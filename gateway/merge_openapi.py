"""Merge the services' OpenAPI documents into the shop's.

`python -m gateway.merge_openapi [--check]`
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gateway.openapi_components import Document, MergeError, merge_components
from gateway.openapi_errors import RETRY_AFTER, add_gateway_answers, error_table

SERVICES = ("auth", "catalog", "cart", "orders")
HERE = Path(__file__).parent
CONTRACTS = HERE.parent / "contracts" / "openapi"
TARGET = "shop.json"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
TAGS = {
    "auth": "Accounts, login and tokens.",
    "products": "What is sold: search, details, prices and stock.",
    "categories": "The tree of categories.",
    "product-groups": "Variants that belong together.",
    "stock": "How many there are, for staff.",
    "cart": "The cart of a customer or a guest. Every write answers with the whole cart.",
    "orders": "Checkout, order history and what staff do with orders.",
    "health": "Whether the parts of the shop answer.",
}
GUEST = {"cart_token": list[str]()}


def merge(documents: Mapping[str, Document]) -> Document:
    """The shop's document. Raises MergeError when operation ids or names collide."""
    paths: dict[str, dict[str, Any]] = {}
    renamed, components = merge_components(documents)
    for service, document in [*renamed.items(), ("health", _health())]:
        for path, item in _public_paths(document):
            if path in paths:
                raise MergeError(f"two services have {path}")
            paths[path] = item
        for operation in operations(dict(_public_paths(document))):
            _complete(operation, service)
    _require_distinct_ids(paths)
    components.setdefault("schemas", {}).setdefault("Problem", {"type": "object"})
    components["headers"] = {**components.get("headers", {}), **RETRY_AFTER}
    components["securitySchemes"] = _security_schemes(paths)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Shop API", "version": "1", "description": _description(paths)},
        "servers": [{"url": "/"}],
        "tags": _tags(paths),
        "paths": paths,
        "components": dict(sorted(components.items())),
    }


def operations(paths: Mapping[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for item in paths.values():
        yield from (operation for method, operation in item.items() if method in METHODS)


def _public_paths(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        if path.startswith("/api/"):
            yield path, item


def _complete(operation: dict[str, Any], service: str) -> None:
    operation["tags"] = operation.get("tags") or [service]
    add_gateway_answers(operation)
    names = {parameter.get("name", "").lower() for parameter in operation.get("parameters", ())}
    if "x-cart-token" in names and operation.get("security") and GUEST not in operation["security"]:
        operation["security"].append(GUEST)


def _require_distinct_ids(paths: Mapping[str, dict[str, Any]]) -> None:
    seen: set[str] = set()
    for operation in operations(paths):
        name = operation.get("operationId")
        if not name or name in seen:
            raise MergeError(f"operation id {name!r} is missing or used twice")
        seen.add(name)


def _security_schemes(paths: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    needed = {operation.get("x-required-scope", "") for operation in operations(paths)} - {""}
    scopes = {scope: " ".join(reversed(scope.split(":"))) for scope in sorted(needed)}
    flow = {"tokenUrl": "/api/auth/token", "refreshUrl": "/api/auth/token", "scopes": scopes}
    return {
        "login": {
            "type": "oauth2",
            "description": "Username is your e-mail. Leave the client fields empty.",
            "flows": {"password": flow},
        },
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token that you have already.",
        },
        "cart_token": {
            "type": "apiKey",
            "in": "header",
            "name": "X-Cart-Token",
            "description": "A guest's cart: what the first write to it answered in this header.",
        },
    }


def _tags(paths: Mapping[str, dict[str, Any]]) -> list[dict[str, str]]:
    used = dict.fromkeys(tag for operation in operations(paths) for tag in operation["tags"])
    return [
        {"name": tag, "description": TAGS[tag]} if tag in TAGS else {"name": tag} for tag in used
    ]


def _description(paths: Mapping[str, dict[str, Any]]) -> str:
    text = (HERE / "conventions.md").read_text(encoding="utf-8")
    return text.replace("{error_codes}", error_table(operations(paths)))


def _health() -> Document:
    state = {"type": "string", "enum": ["ok", "unavailable"]}
    schema = {
        "type": "object",
        "required": ["status", "services"],
        "properties": {
            "status": state,
            "services": {
                "type": "object",
                "required": list(SERVICES),
                "properties": dict.fromkeys(SERVICES, state),
            },
        },
    }
    content = {"application/json": {"schema": schema}}
    operation = {
        "operationId": "get_health",
        "summary": "Health of the shop",
        "description": "Which services answer. The shop works on without those that do not.",
        "responses": {
            "200": {"description": "All of them answer", "content": content},
            "503": {"description": "Some do not: see `services`", "content": content},
        },
    }
    return {"paths": {"/api/health": {"get": operation}}}


def serialise(document: Document) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Merge the services' OpenAPI documents.")
    parser.add_argument("--check", action="store_true", help="exit 1 when shop.json is stale")
    parser.add_argument("--folder", type=Path, default=CONTRACTS)
    options = parser.parse_args(arguments)
    try:
        documents = {
            service: json.loads((options.folder / f"{service}.json").read_text(encoding="utf-8"))
            for service in SERVICES
        }
        text = serialise(merge(documents))
    except (OSError, ValueError) as error:
        print(f"merge_openapi: {error}", file=sys.stderr)
        return 2
    target = options.folder / TARGET
    if options.check:
        fresh = target.exists() and target.read_text(encoding="utf-8") == text
        print(f"{target.name} is {'up to date' if fresh else 'stale: run make openapi'}")
        return 0 if fresh else 1
    target.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
