"""Single cells of a Shopify row as values of a draft; what is odd about one goes to `Notes`."""

import re
from dataclasses import dataclass, field

from shopcli.columns import FREE, attribute_name
from shopcli.csv_file import Row, label_of
from shopcli.drafts import Attribute, Image, Remark
from shopcli.html_text import plain_text
from shopcli.money import minor_units
from shopcli.texts import (
    MAX_ATTRIBUTE,
    MAX_DESCRIPTION,
    MAX_LINE,
    MAX_LIST,
    cleaned,
    one_line,
    shortened,
)

MAX_STOCK = 1_000_000_000
MAX_URL = 2000
_WEB_ADDRESS = re.compile(r"https?://[^\s<>\"'\\]+")
_TRUE = frozenset({"true", "yes", "1", "t", "y"})
_FALSE = frozenset({"false", "no", "0", "f", "n"})
_STATUSES = frozenset({"active", "draft", "archived"})


class BadCell(Exception):
    """The row cannot be taken because of this cell."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


@dataclass
class Notes:
    """Remarks collected while a file is read; `labels` are the file's own column names."""

    labels: dict[str, str]
    remarks: list[Remark] = field(default_factory=list)

    def changed(self, row: Row, column: str, reason: str) -> None:
        self._add(row, column, reason, skipped=False)

    def skipped(self, row: Row, column: str, reason: str) -> None:
        self._add(row, column, reason, skipped=True)

    def _add(self, row: Row, column: str, reason: str, *, skipped: bool) -> None:
        label = label_of(self.labels, column)
        self.remarks.append(Remark(row.number, label, reason, skipped=skipped))


def price(row: Row, column: str, currency: str) -> int:
    if not row[column]:
        raise BadCell(column, "is empty")
    try:
        return minor_units(row[column], currency)
    except ValueError as error:
        raise BadCell(column, str(error)) from None


def compare_at(row: Row, current: int, currency: str, notes: Notes) -> int | None:
    """The former price; only kept when it is above the present one."""
    if not row["compare_at"]:
        return None
    try:
        former = minor_units(row["compare_at"], currency)
    except ValueError as error:
        notes.changed(row, "compare_at", f"{error}; left out")
        return None
    if former in (0, current):
        return None
    if former < current:
        notes.changed(row, "compare_at", "is below the price; left out")
        return None
    return former


def stock(row: Row, notes: Notes, *, untracked: int) -> int:
    """The opening stock. This shop counts everything; without a quantity it is `untracked`."""
    text = row["quantity"]
    if not text:
        notes.changed(row, "quantity", f"is empty; the stock starts at {untracked}")
        return untracked
    if not text.lstrip("+-").isdecimal() or not text.isascii() or len(text) > 12:
        raise BadCell("quantity", f"{shortened(text, 30)!r} is not a whole number")
    amount = int(text)
    if amount < 0:
        notes.changed(row, "quantity", "is below zero; the stock starts at 0")
        return 0
    if amount > MAX_STOCK:
        raise BadCell("quantity", f"{text} is more than a stock can be")
    return amount


def description(row: Row, notes: Notes) -> str:
    text = cleaned(plain_text(row["body"]))
    if len(text) > MAX_DESCRIPTION:
        notes.changed(row, "body", f"has {len(text):,} characters; cut to {MAX_DESCRIPTION:,}")
    return shortened(text, MAX_DESCRIPTION)


def title(row: Row, notes: Notes) -> str:
    text = one_line(row["title"])
    if len(text) > MAX_LINE:
        notes.changed(row, "title", f"has {len(text)} characters; cut to {MAX_LINE}")
    return shortened(text, MAX_LINE)


def status(row: Row, notes: Notes) -> str:
    """Status decides; a product that is not published is a draft whatever its status."""
    stated = row["status"].lower() or "active"
    if stated not in _STATUSES:
        notes.changed(row, "status", f"{shortened(stated, 30)!r} is not known; made a draft")
        return "draft"
    if stated == "active" and row["published"].lower() in _FALSE:
        return "draft"
    return stated


def category_path(row: Row, notes: Notes) -> tuple[str, ...]:
    """`A > B > C` of Type or, where that is empty, of Product Category."""
    column = "type" if row["type"] else "category"
    names = [one_line(part) for part in row[column].split(">")]
    if any(len(name) > MAX_LINE for name in names):
        notes.changed(row, column, f"has a name longer than {MAX_LINE} characters; cut")
    return tuple(shortened(name, MAX_LINE) for name in names if name)


def image(row: Row, column: str, alt: str, notes: Notes) -> Image | None:
    url = row[column].replace(" ", "%20")
    if not url:
        return None
    if not _WEB_ADDRESS.fullmatch(url) or len(url) > MAX_URL or not url.isprintable():
        notes.changed(row, column, "is not a usable web address; left out")
        return None
    return Image(url, shortened(one_line(alt), MAX_LINE))


def image_position(row: Row) -> int:
    text = row["image_position"]
    return int(text) if text.isdecimal() and len(text) < 10 else 10**9


def listing_attributes(row: Row) -> dict[str, Attribute]:
    """What is said once per handle, in its first row."""
    tags = sorted(
        {shortened(one_line(tag), MAX_ATTRIBUTE) for tag in row["tags"].split(",")} - {""}
    )
    values: dict[str, Attribute] = {
        "vendor": one_line(row["vendor"]),
        "tags": tags[:MAX_LIST],
        "seo_title": one_line(row["seo_title"]),
        "seo_description": one_line(row["seo_description"]),
    }
    if row["gift_card"].lower() in _TRUE:
        values["gift_card"] = True
    for column, text in row.cells.items():
        if column.startswith(FREE):
            values[column.removeprefix(FREE)] = one_line(text)
    return _kept(values)


def variant_attributes(row: Row) -> dict[str, Attribute]:
    values: dict[str, Attribute] = {
        "barcode": one_line(row["barcode"].lstrip("'")),
        "tax_code": one_line(row["tax_code"]),
    }
    grams = row["grams"].partition(".")[0]
    if grams.isdecimal() and len(grams) < 10 and int(grams):
        values["weight_grams"] = int(grams)
    for column in ("requires_shipping", "taxable"):
        if row[column].lower() in _FALSE:
            values[column] = False
    return _kept(values)


def option_attribute(name: str, value: str) -> dict[str, Attribute]:
    """The one option of a product without variants."""
    return _kept({attribute_name(name): one_line(value)})


def _kept(values: dict[str, Attribute]) -> dict[str, Attribute]:
    cut = {k: shortened(v, MAX_ATTRIBUTE) if isinstance(v, str) else v for k, v in values.items()}
    return {name: value for name, value in cut.items() if value not in ("", [])}
