"""The columns of a Shopify product CSV, under the names of both generations of its export."""

import re

ALIASES = {
    "handle": "handle",
    "url handle": "handle",
    "title": "title",
    "body (html)": "body",
    "body html": "body",
    "description": "body",
    "vendor": "vendor",
    "type": "type",
    "product category": "category",
    "tags": "tags",
    "published": "published",
    "published on online store": "published",
    "status": "status",
    "variant sku": "sku",
    "sku": "sku",
    "variant barcode": "barcode",
    "barcode": "barcode",
    "variant grams": "grams",
    "weight value (grams)": "grams",
    "variant inventory tracker": "tracker",
    "inventory tracker": "tracker",
    "variant inventory qty": "quantity",
    "inventory quantity": "quantity",
    "variant price": "price",
    "price": "price",
    "variant compare at price": "compare_at",
    "compare-at price": "compare_at",
    "variant requires shipping": "requires_shipping",
    "requires shipping": "requires_shipping",
    "variant taxable": "taxable",
    "charge tax": "taxable",
    "variant tax code": "tax_code",
    "tax code": "tax_code",
    "image src": "image",
    "product image url": "image",
    "image position": "image_position",
    "image alt text": "image_alt",
    "variant image": "variant_image",
    "variant image url": "variant_image",
    "gift card": "gift_card",
    "seo title": "seo_title",
    "seo description": "seo_description",
}
_OPTION = re.compile(r"option([123]) (name|value)")
_GOOGLE = re.compile(r"google shopping / (.+)")
_METAFIELD = re.compile(r"(.+?) \((product|variant)\.metafields\..+\)")

REQUIRED = {"handle": "Handle", "title": "Title", "price": "Variant Price"}
"""What no import can do without, and the classic name of the column."""

FREE = "extra:"
"""Prefix of columns that become an attribute under a name of their own."""


def canonical(header: str) -> str | None:
    """The name this program knows a column by; None for columns that are not imported."""
    name = " ".join(header.strip().lower().split())
    if name in ALIASES:
        return ALIASES[name]
    if option := _OPTION.fullmatch(name):
        return f"option{option[1]}_{option[2]}"
    if free := _GOOGLE.fullmatch(name):
        return f"{FREE}google_{attribute_name(free[1])}"
    if free := _METAFIELD.fullmatch(name):
        return FREE + attribute_name(free[1])
    return None


def attribute_name(text: str) -> str:
    """`Shoe Size` as `shoe_size`: the same name whoever writes it."""
    return re.sub(r"\W+", "_", text.casefold()).strip("_")[:60].strip("_") or "other"
