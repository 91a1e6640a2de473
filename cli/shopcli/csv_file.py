"""A file's bytes as rows of named cells; every way a file can be unusable ends in one line."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from shopcli.columns import FREE, REQUIRED, canonical
from shopcli.drafts import Remark
from shopcli.errors import UsageError

MAX_FIELD = 4 * 1024 * 1024
_UNSEEN = r"[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]*"
_RUN = re.compile(rf"'+{_UNSEEN}[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_SIGNATURES = {
    b"PK\x03\x04": "an Excel workbook or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "compressed",
}


@dataclass(frozen=True)
class Row:
    """`number` counts like a spreadsheet: the header is row 1."""

    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True)
class Sheet:
    """`labels`: canonical column name → the header as the file has it."""

    rows: list[Row]
    labels: dict[str, str]
    remarks: list[Remark]
    encoding: str


def read_sheet(data: bytes) -> Sheet:
    """Raises UsageError when this is not a product CSV at all."""
    text, encoding = decoded(data)
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    keys, labels = _header(reader)
    rows: list[Row] = []
    remarks: list[Remark] = []
    for number, cells in _numbered(reader, remarks):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(keys) and any(cell.strip() for cell in cells[len(keys) :]):
            reason = f"{len(cells)} cells, but the header has {len(keys)}; is a quote missing?"
            remarks.append(Remark(number, "(row)", reason, skipped=True))
            continue
        named = {key: _meant(cell.strip()) for key, cell in zip(keys, cells, strict=False) if key}
        rows.append(Row(number, named))
    if not rows and not remarks:
        raise UsageError("There is a header but no row below it.")
    return Sheet(rows, labels, remarks, encoding)


def _meant(cell: str) -> str:
    """Without the `'` that keeps a spreadsheet from running what comes after it."""
    return cell[1:] if _RUN.match(cell) else cell


def decoded(data: bytes) -> tuple[str, str]:
    """The text and the encoding it was in: UTF-8 and UTF-16 by their rules, else Windows-1252."""
    if not data.strip():
        raise UsageError("The file is empty.")
    for signature, what in _SIGNATURES.items():
        if data.startswith(signature):
            raise UsageError(f"This is not a CSV file but {what}; export it as CSV (UTF-8).")
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16"), "UTF-16"
        if b"\0" in data:
            raise UsageError("This is not a CSV file: it has binary content.")
        return data.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError as error:
        place = data.count(b"\n", 0, error.start) + 1
        reason = f"Neither UTF-8 nor Windows-1252 at line {place}; save it as UTF-8."
        raise UsageError(reason) from None


def _delimiter(text: str) -> str:
    """Spreadsheets of some countries save with semicolons or tabs."""
    head = text.lstrip("\r\n").split("\n", 1)[0]
    return max(",;\t", key=head.count)


def _header(reader: Iterator[list[str]]) -> tuple[list[str | None], dict[str, str]]:
    try:
        names = next((row for row in reader if any(cell.strip() for cell in row)), [])
    except csv.Error as error:
        raise UsageError(f"This is not a CSV file: {error}.") from None
    keys: list[str | None] = []
    labels: dict[str, str] = {}
    for name in names:
        key = canonical(name)
        keys.append(None if key in labels else key)
        if key:
            labels.setdefault(key, name.strip())
    missing = [name for key, name in REQUIRED.items() if key not in labels]
    if missing:
        found = ", ".join(name.strip()[:30] for name in names[:4])
        raise UsageError(
            f"This is not a Shopify product CSV: no column {' and no column '.join(missing)}"
            f" (its first row is: {found or 'empty'})."
        )
    return keys, labels


def _numbered(
    reader: Iterator[list[str]], remarks: list[Remark]
) -> Iterator[tuple[int, list[str]]]:
    """Rows with their numbers; one that cannot be read becomes a remark and does not stop it."""
    number = 1
    while True:
        number += 1
        try:
            yield number, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            remarks.append(Remark(number, "(row)", _reason(str(error)), skipped=True))


def _reason(message: str) -> str:
    if "unexpected end of data" in message:
        return "a quote is opened and never closed; nothing after it could be read"
    if "field larger" in message:
        return f"a cell is longer than {MAX_FIELD // 1024 // 1024} MiB; is a quote left open?"
    return f"not readable as CSV: {message}"


def label_of(labels: dict[str, str], column: str) -> str:
    """What the file calls a canonical column."""
    return labels.get(column, column.removeprefix(FREE))
