"""The built-in sample catalog as listings."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from shopcli.drafts import Listing, ProductDraft
from shopcli.money import minor_units
from shopcli.slugs import slug

_FILE = files("shopcli") / "sample" / "catalog.json"


def sample_listings() -> list[Listing]:
    catalog = json.loads(_FILE.read_text(encoding="utf-8"))
    return [_listing(entry, catalog["currency"]) for entry in catalog["products"]]


def sample_attributes() -> list[dict[str, Any]]:
    """What its products can be filtered by, as POST /api/attributes takes it."""
    found: list[dict[str, Any]] = json.loads(_FILE.read_text(encoding="utf-8"))["attributes"]
    return found


def _listing(entry: Mapping[str, Any], currency: str) -> Listing:
    variants = entry.get("variants", [entry])
    products = tuple(_draft({**entry, **variant}, entry, currency) for variant in variants)
    return Listing(entry["slug"], entry["name"], tuple(entry.get("varies_by", [])), products)


def _draft(values: Mapping[str, Any], shared: Mapping[str, Any], currency: str) -> ProductDraft:
    """`values` of the variant over those it shares with its siblings; attributes add up."""
    options = values.get("options", {})
    suffix = f" ({', '.join(options.values())})" if options else ""
    former = values.get("compare_at_price")
    return ProductDraft(
        row=0,
        sku=values["sku"],
        slug=slug("-".join((values["slug"], *options.values()))),
        name=values["name"] + suffix,
        price=minor_units(values["price"], currency),
        currency=currency,
        compare_at_price=minor_units(former, currency) if former else None,
        description=values["description"],
        stock=values["stock"],
        category=tuple(values["category"]),
        attributes={**shared.get("attributes", {}), **values.get("attributes", {})},
        options=options,
    )
