"""What comes into an upsert, row by row, and what comes out of it."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from pydantic import ValidationError

from catalog.schemas.upserts import ProductUpsert
from shopkit.errors import FieldError, Problem
from shopkit.responses import field_errors
from shopkit.strict_json import loads

Status = Literal["created", "updated", "unchanged", "failed"]
Kind = Literal["product", "category", "group"]


@dataclass(frozen=True)
class Row:
    """One upsert; `payload` is None where `errors` say what is wrong with it."""

    number: int
    sku: str | None
    payload: ProductUpsert | None
    errors: list[FieldError] = field(default_factory=list)


@dataclass(frozen=True)
class Touched:
    """What a row made (`was` is None) or changed, and the versions before and after."""

    number: int
    kind: Kind
    id: str
    was: dict[str, Any] | None
    before: int
    after: int


@dataclass(frozen=True)
class Result:
    row: Row
    status: Status
    id: str | None = None
    errors: list[FieldError] = field(default_factory=list)
    warnings: list[FieldError] = field(default_factory=list)
    touched: Touched | None = None


@dataclass(frozen=True)
class Applied:
    """`results` in the order of the rows; `made` are categories and groups, parents first."""

    results: list[Result]
    made: list[Touched]


def row_of(number: int, data: Any) -> Row:
    """One upsert as it was sent, checked as far as that needs no database."""
    sku = data.get("sku") if isinstance(data, dict) else None
    sku = sku[:100] if isinstance(sku, str) else None
    try:
        payload = ProductUpsert.model_validate(data)
    except ValidationError as exc:
        return Row(number, sku, None, field_errors(exc))
    return Row(number, payload.sku, payload)


def row_of_line(number: int, line: bytes) -> Row:
    """One line of NDJSON."""
    try:
        return row_of(number, loads(line))
    except Problem as exc:
        errors = exc.errors or [FieldError("", exc.code, exc.detail)]
        return Row(number, None, None, errors)


def shown(errors: list[FieldError], within: str = "") -> list[dict[str, str]]:
    """Errors with pointers into what the rows came in."""
    return [{**asdict(error), "pointer": f"{within}{error.pointer}"} for error in errors]
