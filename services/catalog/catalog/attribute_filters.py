"""`attr.<code>=…` of a list, as what the database is asked for."""

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from catalog.domain import number_text, value_key
from catalog.errors import AttributeNotReady
from catalog.repository import attribute_filters as rows
from catalog.repository.attribute_filters import Kind
from shopkit.errors import FieldError, Invalid

MAX_VALUES = 50
_COMMA = re.compile(r"(?<!\\),")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", re.A)
_HELP = {
    "number": "Give numbers, or a range: 1..2, 1.. or ..2.",
    "boolean": "Say true or false.",
    "range": "A range begins with its lower end: 1..2.",
}


@dataclass(frozen=True)
class Filters:
    """`kinds` decide the text of a statement; `values` are its parameters."""

    kinds: tuple[Kind, ...]
    values: dict[str, Any]


def filters_of(conn: Connection, asked: dict[str, str]) -> Filters:
    """Raises Invalid for what is no filterable attribute or no value of its type, and
    AttributeNotReady."""
    known = {one.code: one for one in rows.list_filterable(conn)}
    _refuse_unknown(asked, list(known))
    kinds: list[Kind] = []
    values: dict[str, Any] = {}
    for number, (code, text) in enumerate(sorted(asked.items())):
        one = known[code]
        if one.indexed != "ready":
            why = f"`{code}` can be filtered by as soon as all products are indexed."
            raise AttributeNotReady(why, headers={"Retry-After": "5"})
        kind, found = _wanted(conn, one, text)
        kinds.append(kind)
        values[f"attribute_{number}"] = one.seq
        values |= {f"{name}_{number}": value for name, value in found.items()}
    return Filters(tuple(kinds), values)


def _refuse_unknown(asked: dict[str, str], known: list[str]) -> None:
    choose = f"Filterable are: {', '.join(known)}." if known else "No attribute is filterable."
    errors = [
        FieldError(f"?attr.{code}", "unknown_parameter", choose)
        for code in asked
        if code not in known
    ]
    if errors:
        raise Invalid("The query string is not valid.", errors=errors)


def _wanted(conn: Connection, one: Any, text: str) -> tuple[Kind, dict[str, Any]]:
    if one.type == "number" and ".." in text:
        low, _, high = text.partition("..")
        ends = [_number(one.code, end) if end else None for end in (low, high)]
        if ends == [None, None]:
            raise _refusal(one.code, "number")
        least = float("-inf") if ends[0] is None else ends[0]
        most = float("inf") if ends[1] is None else ends[1]
        if least > most:
            raise _refusal(one.code, "range")
        return "range", {"low": least, "high": most}
    given = [part.replace("\\,", ",") for part in _COMMA.split(text)]
    if len(given) > MAX_VALUES:
        error = FieldError(f"?attr.{one.code}", "too_long", f"There may be {MAX_VALUES} values.")
        raise Invalid("The query string is not valid.", errors=[error])
    if one.type == "number":
        keys = [number_text(_number(one.code, part)) for part in given]
    elif one.type == "boolean" and not {"true", "false"}.issuperset(given):
        raise _refusal(one.code, "boolean")
    else:
        keys = [value_key(part) for part in given]
    return "values", {"values": rows.value_seqs(conn, attribute=one.seq, keys=keys)}


def _number(code: str, text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise _refusal(code, "number")
    return float(text)


def _refusal(code: str, type_: str) -> Invalid:
    error = FieldError(f"?attr.{code}", "attribute_mismatch", _HELP[type_])
    return Invalid("The query string is not valid.", errors=[error])
