"""Types that the schemas of every service are made of."""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.json_schema import SkipJsonSchema

from shopkit.ids import UUID_PATTERN
from shopkit.money import MAX_AMOUNT, is_currency

T = TypeVar("T")

_FORBIDDEN_CATEGORIES = {"Cc", "Cs", "Co", "Cn"}
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_EMAIL = re.compile(
    r"[^@\s<>\"(),:;\\\[\]]{1,64}@(?=.{1,253}\Z)([a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}", re.I | re.A
)


class Input(BaseModel):
    """What clients send: unknown members are refused, nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True)


def absent() -> Any:
    """The default of a member that may be left out (`exclude_unset` tells) but not be null."""
    return Field(default_factory=lambda: None)


class Output(BaseModel):
    """What clients get: every member is always there."""

    model_config = ConfigDict(from_attributes=False)


class Money(Output):
    """Integer minor units of an ISO 4217 currency: `{"amount": 1999, "currency": "USD"}`."""

    amount: int
    currency: str


def _iso_currency(code: str) -> str:
    if not is_currency(code):
        raise ValueError("not an ISO 4217 currency code")
    return code


Currency = Annotated[
    str, Field(pattern="^[A-Z]{3}$", examples=["USD"]), AfterValidator(_iso_currency)
]


class MoneyInput(Input):
    """Integer minor units of an ISO 4217 currency (1999 USD is 19.99; JPY has no minor unit)."""

    amount: Annotated[int, Field(ge=0, le=MAX_AMOUNT, examples=[1999])]
    currency: Currency


def clean_text(value: str) -> str:
    """NFC; raises ValueError for control characters (but tab and newline) and bidi controls."""
    if value.isascii() and value.isprintable():
        return value
    text = unicodedata.normalize("NFC", value)
    bad = (
        c for c in text if unicodedata.category(c) in _FORBIDDEN_CATEGORIES and c not in "\t\n\r"
    )
    if next(bad, None) or _BIDI_CONTROLS.search(text):
        raise ValueError("control characters are not allowed")
    return text


def clean_line(value: str) -> str:
    """`clean_text` on one line, without white space around it; not empty."""
    text = clean_text(value).strip()
    if not text:
        raise ValueError("must not be blank")
    if any(char in text for char in "\t\n\r"):
        raise ValueError("must be a single line")
    return text


def _email(value: str) -> str:
    text = unicodedata.normalize("NFC", value).strip()
    # Look-alikes: invisible characters, and what is another letter's compatibility form.
    if unicodedata.normalize("NFKC", text) != text or "Cf" in map(unicodedata.category, text):
        raise ValueError("not an e-mail address")
    # "=?": what looks like an encoded word (RFC 2047) mail programs decode, into anything.
    if len(text) > 254 or not _EMAIL.fullmatch(text) or ".." in text or "=?" in text:
        raise ValueError("not an e-mail address")
    return clean_line(text)


Line = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(clean_line)]
LongText = Annotated[str, Field(max_length=10_000), AfterValidator(clean_text)]
Email = Annotated[
    str,
    Field(min_length=3, max_length=254, examples=["ada@example.com"]),
    AfterValidator(_email),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": 254}),
]
Id = Annotated[
    str,
    StringConstraints(pattern=UUID_PATTERN),
    WithJsonSchema({"type": "string", "format": "uuid", "pattern": UUID_PATTERN}),
]
Timestamp = datetime
"""RFC 3339 in UTC with `Z` when it is serialised."""


def _decimal(value: Any) -> Any:
    if isinstance(value, str):
        if not re.fullmatch(r"-?(0|[1-9][0-9]{0,17})", value):
            raise ValueError("must be a whole number in decimal digits")
        return int(value)
    return value


def _boolean(value: Any) -> Any:
    if isinstance(value, str):
        if value not in ("true", "false"):
            raise ValueError("must be true or false")
        return value == "true"
    return value


_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,12})?([Zz]|[+-]\d\d:\d\d)", re.A)


def _moment(value: Any) -> Any:
    try:
        if not isinstance(value, str) or not _MOMENT.fullmatch(value):
            raise ValueError
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("must be a time like 2026-01-31T12:00:00Z") from None


Moment = Annotated[
    datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""RFC 3339, as clients send it."""
QueryInt = Annotated[int, BeforeValidator(_decimal, json_schema_input_type=int)]
QueryBool = Annotated[bool, BeforeValidator(_boolean, json_schema_input_type=bool)]
Limit = Annotated[
    int,
    BeforeValidator(_decimal, json_schema_input_type=Annotated[int, Field(ge=1, le=100)]),
    Field(ge=1, le=100),
]


class Page(Output, Generic[T]):
    """One page of a list; `next_cursor` is null on the last one."""

    items: list[T]
    next_cursor: str | None


class CountedPage(Page[T], Generic[T]):
    """A page that also carries `total` when `?count=true` asked for it."""

    total: int | SkipJsonSchema[None] = None
