"""A product as it is written (in the form of a ProductInput), and as it is stored."""

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from catalog import domain
from catalog.errors import invalid_field
from catalog.product_images import shown_images, written_images
from catalog.repository.products import details_text
from catalog.schemas.products import ProductCreate, ProductInput, VariantCreate
from catalog.search_text import document
from shopkit.money import money

SEARCHED = ("name", "sku", "attributes", "description")
_EMPTY: dict[str, Any] = {
    "description": "",
    "category_ids": [],
    "attributes": {},
    "images": [],
    "options": {},
}
BARE: dict[str, Any] = {
    name: about.get_default(call_default_factory=True)
    for name, about in ProductCreate.model_fields.items()
    if name != "stock" and not about.is_required()
}
"""What a product is of which nothing is said but SKU, name and price."""


def whole(payload: ProductInput | ProductCreate | VariantCreate) -> dict[str, Any]:
    """What a whole product is to be. Raises Invalid."""
    wanted = payload.model_dump(exclude={"stock"})
    if payload.publish_at is not None and "status" not in payload.model_fields_set:
        wanted["status"] = "draft"
    return fit_times(wanted, payload.model_fields_set)


def fit_times(wanted: dict[str, Any], sent: Collection[str]) -> dict[str, Any]:
    """Without the times that went by with a status. Raises Invalid for those that were sent."""
    fits = {"publish_at": ("draft",), "archive_at": ("draft", "active")}
    times = {name: wanted[name] for name in fits}
    for name, statuses in fits.items():
        if times[name] is not None and wanted["status"] not in statuses:
            if name in sent:
                why = f"A product that is {wanted['status']} cannot have it."
                raise invalid_field(f"/{name}", "status_mismatch", why)
            times[name] = None
    publish_at, archive_at = times.values()
    if publish_at and archive_at and archive_at <= publish_at:
        raise invalid_field("/archive_at", "out_of_order", "It must be after `publish_at`.")
    return wanted | times


def patched(current: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """RFC 7396, both in the form of a ProductInput. Raises Invalid."""
    sent = dict(sent)
    for name in ("attributes", "options"):
        if sent.get(name) is not None:
            sent[name] = domain.merged(current[name], sent[name])
    for name, empty in _EMPTY.items():
        if name in sent and sent[name] is None:
            sent[name] = empty
    if sent.get("group_id", current["group_id"]) is None and "options" not in sent:
        sent["options"] = {}
    wanted = fit_times({**current, **sent}, sent)
    if len(wanted["attributes"]) > domain.MAX_ATTRIBUTES:
        raise invalid_field("/attributes", "too_long", "There may be 50 attributes.")
    return wanted


def columns_of(wanted: dict[str, Any], group: dict[str, Any] | None) -> dict[str, Any]:
    """The columns of what is wanted, whose place in a group is checked already."""
    check_currencies(wanted)
    price, compare_at = wanted["price"], wanted["compare_at_price"]
    category_ids = list(dict.fromkeys(wanted["category_ids"]))
    return {
        "sku": wanted["sku"],
        "sku_key": domain.sku_key(wanted["sku"]),
        "name": wanted["name"],
        "name_key": domain.name_key(wanted["name"]),
        "slug": wanted["slug"],
        "description": wanted["description"],
        "price_amount": price["amount"],
        "price_currency": price["currency"],
        "compare_at_amount": compare_at["amount"] if compare_at else None,
        "status": wanted["status"],
        "group_id": wanted["group_id"],
        "options_key": domain.options_key(wanted["options"]) if group else None,
        "publish_at": wanted["publish_at"],
        "archive_at": wanted["archive_at"],
        "image": wanted["images"][0]["url"] if wanted["images"] else None,
        "details": details_text(
            category_ids=category_ids,
            attributes=wanted["attributes"],
            images=shown_images(wanted["images"]),
            group=group,
        ),
    }


def check_currencies(wanted: dict[str, Any]) -> None:
    """Raises Invalid."""
    compare_at = wanted["compare_at_price"]
    if compare_at and compare_at["currency"] != wanted["price"]["currency"]:
        raise invalid_field(
            "/compare_at_price/currency", "currency_mismatch", "Use the currency of the price."
        )


def wanted_of(row: dict[str, Any]) -> dict[str, Any]:
    """A stored product in the form of a ProductInput."""
    details, currency = json.loads(row["details"]), row["price_currency"]
    compare_at, group = row["compare_at_amount"], details["group"]
    return {
        "sku": row["sku"],
        "name": row["name"],
        "slug": row["slug"],
        "description": row["description"],
        "price": money(row["price_amount"], currency),
        "compare_at_price": None if compare_at is None else money(compare_at, currency),
        "status": row["status"],
        "category_ids": details["category_ids"],
        "attributes": details["attributes"],
        "images": written_images(details["images"]),
        "group_id": row["group_id"],
        "options": group["options"] if group else {},
        "publish_at": row["publish_at"],
        "archive_at": row["archive_at"],
    }


def thawed(written: dict[str, Any]) -> dict[str, Any]:
    """What `wanted_of` gave, out of JSON."""
    times = {
        name: datetime.fromisoformat(written[name])
        for name in ("publish_at", "archive_at")
        if written.get(name)
    }
    return written | times


def words_of(wanted: dict[str, Any]) -> dict[str, Any]:
    """What is searched of a product."""
    attributes = {**wanted["attributes"], **wanted["options"]}
    return {**{name: wanted[name] for name in SEARCHED}, "attributes": attributes}


def document_of(wanted: dict[str, Any]) -> list[str]:
    """What the index has of a product."""
    return document(**words_of(wanted))
