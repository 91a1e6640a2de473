"""Products as rows of a Shopify product CSV."""

import re
from typing import Any

from catalog.category_ways import CategoryWays
from shopkit.money import written

COLUMNS = (
    "Handle",
    "Title",
    "Body (HTML)",
    "Vendor",
    "Type",
    "Tags",
    "Published",
    "Option1 Name",
    "Option1 Value",
    "Option2 Name",
    "Option2 Value",
    "Option3 Name",
    "Option3 Value",
    "Variant SKU",
    "Variant Grams",
    "Variant Inventory Qty",
    "Variant Price",
    "Variant Compare At Price",
    "Variant Requires Shipping",
    "Variant Taxable",
    "Variant Barcode",
    "Variant Tax Code",
    "Image Src",
    "Image Position",
    "Image Alt Text",
    "Variant Image",
    "Gift Card",
    "SEO Title",
    "SEO Description",
    "Status",
)
# What cannot be seen before a sign is left out by some; full-width signs are signs to others.
_UNSEEN = r"[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]*"
_RUN = re.compile(rf"'*{_UNSEEN}[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
MOST_OPTIONS = 3


def harmless(cell: str) -> str:
    """With a `'` before what a spreadsheet would run as a formula. Who reads it takes one off where
    a formula would begin after it (ASVS 1.2.10)."""
    return f"'{cell}" if _RUN.match(cell) else cell


def rows_of(products: list[dict[str, Any]], ways: CategoryWays) -> list[list[str]]:
    """One product, or all variants of a group: rows with one handle."""
    head = products[0]
    handle = head["group"]["slug"] if head["group"] else head["slug"]
    cells = [_variant(product) for product in products]
    cells[0] |= _listing(head, ways)
    for position, image in enumerate(head["images"], start=1):
        if position > len(cells):
            cells.append({})
        cells[position - 1] |= {
            "Image Src": image["url"],
            "Image Position": str(position),
            "Image Alt Text": image["alt"],
        }
    return [
        [harmless(one.get(column, "")) for column in COLUMNS]
        for one in ({**row, "Handle": handle} for row in cells)
    ]


def _listing(product: dict[str, Any], ways: CategoryWays) -> dict[str, str]:
    """What is said once for all variants, in their first row."""
    attributes, group = product["attributes"], product["group"]
    names = (ways.names(id_) for id_ in product["category_ids"])
    tags = attributes.get("tags", [])
    return {
        "Title": group["name"] if group else product["name"],
        "Body (HTML)": product["description"],
        "Vendor": _text(attributes.get("vendor")),
        "Type": " > ".join(next((found for found in names if found), ())),
        "Tags": ", ".join(tags) if isinstance(tags, list) else _text(tags),
        "Published": "TRUE" if product["status"] == "active" else "FALSE",
        "Gift Card": "TRUE" if attributes.get("gift_card") is True else "FALSE",
        "SEO Title": _text(attributes.get("seo_title")),
        "SEO Description": _text(attributes.get("seo_description")),
        "Status": product["status"],
    }


def _variant(product: dict[str, Any]) -> dict[str, str]:
    attributes, group = product["attributes"], product["group"]
    options = {"Title": "Default Title"} if group is None else group["options"]
    cells: dict[str, str] = {}
    for number, (name, value) in enumerate(list(options.items())[:MOST_OPTIONS], start=1):
        cells |= {f"Option{number} Name": name, f"Option{number} Value": value}
    former = product["compare_at_price"]
    return {
        **cells,
        "Variant SKU": product["sku"],
        "Variant Grams": _text(attributes.get("weight_grams")),
        "Variant Inventory Qty": str(product["stock"]["available"]),
        "Variant Price": _price(product["price"]),
        "Variant Compare At Price": _price(former) if former else "",
        "Variant Requires Shipping": _flag(attributes.get("requires_shipping")),
        "Variant Taxable": _flag(attributes.get("taxable")),
        "Variant Barcode": _text(attributes.get("barcode")),
        "Variant Tax Code": _text(attributes.get("tax_code")),
        "Variant Image": product["images"][0]["url"] if group and product["images"] else "",
    }


def _price(price: dict[str, Any]) -> str:
    return written(price["amount"], price["currency"]).partition(" ")[0]


def _flag(value: object) -> str:
    return "FALSE" if value is False else "TRUE"


def _text(value: object) -> str:
    return "" if value is None or isinstance(value, list | bool) else str(value)
