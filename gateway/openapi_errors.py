"""Error answers in the merged document: what only the gateway gives, and the table of all codes."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

Operation = dict[str, Any]

PROBLEM_JSON = "application/problem+json"
_CODE = re.compile(r"`([a-z][a-z0-9_]*)`: ([^;`]+?)(?=;|\.?\s*$)")
_GATEWAY = {
    400: ("bad_request", "Bad request"),
    404: ("not_found", "Not found"),
    413: ("payload_too_large", "The body is too large"),
    414: ("uri_too_long", "The URL is too long"),
    429: ("rate_limited", "Too many requests"),
    431: ("headers_too_large", "The headers are too large"),
    503: ("service_unavailable", "Try again shortly"),
}
_WITHOUT_OPERATION = {
    405: ("method_not_allowed", "Method not allowed"),
    408: ("request_timeout", "The request took too long to arrive"),
    500: ("internal_error", "Internal error"),
    501: ("not_implemented", "Not implemented"),
}
RETRY_AFTER = {
    "RetryAfter": {
        "description": "Seconds to wait before trying again.",
        "schema": {"type": "integer", "minimum": 0},
    }
}


def add_gateway_answers(operation: Operation) -> None:
    """Declare what nginx may answer in the service's place, where the service has not."""
    answers = operation.setdefault("responses", {})
    for status in _possible(operation):
        code, title = _GATEWAY[status]
        text = f"`{code}`: {title}"
        answer = answers.setdefault(str(status), problem_answer(text))
        if PROBLEM_JSON not in answer.get("content", {}):
            continue  # it has a form of its own, like the health of the shop
        if f"`{code}`" not in answer["description"]:
            answer["description"] += f"; {text}"
        if status in (429, 503):
            answer.setdefault("headers", {})["Retry-After"] = {
                "$ref": "#/components/headers/RetryAfter"
            }
    operation["responses"] = dict(sorted(answers.items()))


def problem_answer(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {PROBLEM_JSON: {"schema": schema}}}


def error_table(operations: Iterable[Operation]) -> str:
    """Markdown: every code, the statuses it comes with, and what it means with each."""
    statuses: dict[str, set[int]] = defaultdict(set)
    meanings: dict[str, dict[str, None]] = defaultdict(dict)  # in the order of their appearance
    gateway = [(status, *known) for status, known in {**_GATEWAY, **_WITHOUT_OPERATION}.items()]
    for status, code, meaning in [*gateway, *_codes(operations)]:
        statuses[code].add(status)
        meanings[code][meaning] = None
    rows = sorted((sorted(found), code) for code, found in statuses.items())
    lines = []
    for found, code in rows:
        meaning = "; ".join(meanings[code]).replace("|", "&#124;")
        lines.append(f"| `{code}` | {', '.join(map(str, found))} | {meaning} |")
    return "\n".join(["| code | status | meaning |", "|---|---|---|", *lines])


def _possible(operation: Operation) -> Iterator[int]:
    yield from (400, 429, 503)
    places = {parameter.get("in") for parameter in operation.get("parameters", ())}
    if "path" in places:
        yield 404
    if places & {"path", "query"}:
        yield 414
    if "header" in places:
        yield 431
    if "requestBody" in operation:
        yield 413


def _codes(operations: Iterable[Operation]) -> Iterator[tuple[int, str, str]]:
    for operation in operations:
        for status, answer in operation["responses"].items():
            if status.isdigit() and int(status) >= 400:
                for code, meaning in _CODE.findall(answer.get("description", "")):
                    yield int(status), code, meaning.strip()
