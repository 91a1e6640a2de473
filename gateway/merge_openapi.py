"""Merge the services' OpenAPI documents into the shop's.

`python -m gateway.merge_openapi [--check]`
"""

import argparse
import json
import re
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
    "Account": "Sign up, and what the shop knows of you.",
    "Sessions": "Log in, stay logged in, log out.",
    "Products": "What is sold: search, details and prices. Writing is for staff.",
    "Product groups": "Variants that belong together, like the sizes of one shirt.",
    "Categories": "The tree that products are filed in.",
    "Cart": "The cart of a customer or a guest. Every write answers with the whole cart.",
    "Addresses": "The address book of a customer, for checkouts to come.",
    "Orders": "Checkout, payment and order history.",
    "Orders: parcels": "What goes out and what comes back; mostly for staff.",
    "Payments": "What came in by hand, refunds, and what providers tell.",
    "Discrepancies": "What does not fit together, until staff have seen to it.",
    "Stock": "How many there are, for staff.",
    "Your data": "Everything that the shop keeps of you, to take along.",
    "Users": "Accounts, for staff.",
    "Roles": "What staff may do.",
    "Invitations": "Staff invite others, who accept.",
    "API keys": "Credentials for machines, for staff.",
    "Audit": "What staff did: who, what, when, and how it was before. Nobody can change it.",
    "Keys": "Public keys, for whoever verifies tokens itself.",
    "Health": "Whether the parts of the shop answer.",
}
"""In the order in which people read them; others follow."""
FIRST = ("/api/auth/register", "/api/auth/login", "/api/payments/methods")
"""Paths that people need before those which the alphabet puts first."""
GUEST = {"cart_token": list[str]()}


def merge(documents: Mapping[str, Document]) -> Document:
    """The shop's document. Raises MergeError when operation ids or names collide."""
    paths: dict[str, dict[str, Any]] = {}
    renamed, components = merge_components(documents)
    for service, document in [*renamed.items(), ("Health", _health())]:
        for path, item in document["paths"].items():
            if path.startswith("/api/"):
                _add_path(paths, path, item)
                for operation in operations({path: item}):
                    _complete(operation, service)
    _require_distinct_ids(paths)
    components.setdefault("schemas", {}).setdefault("Problem", {"type": "object"})
    components["headers"] = {**components.get("headers", {}), **RETRY_AFTER}
    components["securitySchemes"] = _security_schemes()
    return {
        "openapi": "3.1.0",
        "info": {"title": "Shop API", "version": "1", "description": _description(paths)},
        "servers": [{"url": "/"}],
        "tags": _tags(paths),
        "paths": {path: paths[path] for path in (*filter(paths.get, FIRST), *paths)},
        "components": dict(sorted(components.items())),
    }


def operations(paths: Mapping[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for item in paths.values():
        yield from (operation for method, operation in item.items() if method in METHODS)


def _add_path(paths: dict[str, dict[str, Any]], path: str, item: dict[str, Any]) -> None:
    """Paths that differ only in the names of their parameters are one path (OpenAPI 3.1, 4.8.8)."""
    same = next((known for known in paths if _shape(known) == _shape(path)), path)
    names = dict(zip(_names(path), _names(same), strict=True))
    known = paths.setdefault(same, {})
    if set(known) & set(item):
        raise MergeError(f"two services have {path}")
    for operation in operations({path: item}):
        for parameter in operation.get("parameters", ()):
            if parameter.get("in") == "path":
                parameter["name"] = names.get(parameter["name"], parameter["name"])
    known.update(item)


def _shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def _names(path: str) -> list[str]:
    return re.findall(r"\{([^}]*)\}", path)


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


def _security_schemes() -> dict[str, Any]:
    # No scopes to choose from: a login gives all that the account has.
    flow = {"tokenUrl": "/api/auth/token", "refreshUrl": "/api/auth/token", "scopes": {}}
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
            "description": "An access token that you have already, or an API key.",
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
    described = [{"name": tag, "description": text} for tag, text in TAGS.items() if tag in used]
    return described + [{"name": tag} for tag in used if tag not in TAGS]


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
