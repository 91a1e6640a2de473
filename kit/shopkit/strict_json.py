"""JSON as RFC 8259 means it, without what Python's parser lets through."""

import json
import math
from typing import Any

from shopkit.errors import DuplicateKey, FieldError, Invalid, InvalidJson

MAX_DEPTH = 32
MAX_VALUES = 2000
"""Members and elements of one body, all together: checking and reporting each one costs time."""
_INT64 = 2**63


def loads(raw: bytes, max_values: int = MAX_VALUES) -> Any:
    """Parse a request body.

    Raises InvalidJson (400: malformed, not UTF-8, nested beyond 32, huge), DuplicateKey (400) or
    Invalid (422: NaN, numbers beyond 64 bits, NUL, lone surrogates).
    """
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_int=_int64,
            parse_float=_finite,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError) as exc:
        raise InvalidJson(_reason(exc)) from None
    opened = raw.count(b"[") + raw.count(b"{")
    if opened > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise InvalidJson(f"Nested deeper than {MAX_DEPTH} levels.")
    if opened + raw.count(b",") > max_values and _count(value) > max_values:
        raise InvalidJson(f"More than {max_values} values.")
    if b"\\u" in raw:  # the only way in for NUL and lone surrogates
        _refuse_broken_text(value, "")
    return value


def _reason(exc: Exception) -> str:
    if isinstance(exc, json.JSONDecodeError):
        return f"{exc.msg} at line {exc.lineno}, column {exc.colno}."
    if isinstance(exc, UnicodeDecodeError):
        return "The body is not UTF-8."
    return f"Nested deeper than {MAX_DEPTH} levels."


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise DuplicateKey("Every member of an object may be named once.")
    return result


def _invalid_number() -> Invalid:
    return Invalid(
        "A number in the body cannot be used.",
        errors=[
            FieldError("", "number_out_of_range", "Numbers must be finite and fit in 64 bits.")
        ],
    )


def _int64(text: str) -> int:
    if len(text) > 20 or text == "-0":
        raise _invalid_number()
    value = int(text)
    if not -_INT64 <= value < _INT64:
        raise _invalid_number()
    return value


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _invalid_number()
    return value


def _no_constant(_: str) -> Any:
    raise _invalid_number()


def _depth(value: Any) -> int:
    deepest, level = 0, [value]
    while level:
        deepest += any(isinstance(item, dict | list) for item in level)
        level = [child for item in level for child in _children(item)]
    return deepest


def _count(value: Any) -> int:
    found, level = 0, [value]
    while level:
        level = [child for item in level for child in _children(item)]
        found += len(level)
    return found


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _refuse_broken_text(value: Any, pointer: str) -> None:
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value):
            error = FieldError(pointer, "invalid_text", "NUL and lone surrogates are not text.")
            raise Invalid("A text in the body cannot be used.", errors=[error])
    elif isinstance(value, dict):
        for key, child in value.items():
            _refuse_broken_text(key, pointer)
            _refuse_broken_text(child, f"{pointer}/{key}")
    elif isinstance(value, list):
        for index, child in enumerate(value):
            _refuse_broken_text(child, f"{pointer}/{index}")
