"""What comes into an upsert, row by row, and what comes out of it."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from pydantic import ValidationError

from catalog.product_forms import BARE, SEARCHED, document_of, patched
from catalog.schemas.upserts import ProductUpsert
from shopkit.errors import FieldError, Problem
from shopkit.responses import field_errors
from shopkit.strict_json import loads

Status = Literal["created", "updated", "unchanged", "failed"]
Kind = Literal["product", "category", "group"]
_OF_UPSERTS = {"categories", "group", "stock"}


@dataclass(frozen=True)
class Row:
    """One upsert, as of a ProductPatch but for what is named apart; `sent` is None where `errors`
    say what is wrong with it. `document` is what searches find a product by that is made of it."""

    number: int
    sku: str | None
    sent: dict[str, Any] | None
    stock: int | None = None
    categories: list[str] | None = None
    group: dict[str, Any] | None = None
    document: list[str] = field(default_factory=list)
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
        return Row(number, sku, None, errors=field_errors(exc))
    group, given = payload.group, payload.model_fields_set
    sent = payload.model_dump(include=given - _OF_UPSERTS)
    if group is not None:
        sent["options"] = group.options
    elif "group" in given:
        sent["group_id"] = None
    return Row(
        number,
        payload.sku,
        sent,
        stock=payload.stock,
        categories=payload.categories,
        group=None if group is None else group.model_dump(exclude_unset=True),
        document=_document(sent) if "name" in sent else [],
    )


def _document(sent: dict[str, Any]) -> list[str]:
    searched = {name: sent[name] for name in (*SEARCHED, "options") if name in sent}
    return document_of(patched(BARE, searched))


def row_of_line(number: int, line: bytes) -> Row:
    """One line of NDJSON."""
    try:
        return row_of(number, loads(line))
    except Problem as exc:
        detail = exc.detail.replace("at line 1, ", "at ")  # of this line, that is: `number` says it
        errors = exc.errors or [FieldError("", exc.code, detail)]
        return Row(number, None, None, errors=errors)


def shown(errors: list[FieldError], within: str = "") -> list[dict[str, str]]:
    """Errors with pointers into what the rows came in."""
    return [{**asdict(error), "pointer": f"{within}{error.pointer}"} for error in errors]
