"""What a card tells of the group that it stands for, and a variant of its siblings."""

from itertools import groupby
from operator import itemgetter
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Connection

from catalog.repository.cards import list_variants_of
from catalog.repository.products import list_variants


def tell_groups(conn: Connection, items: list[dict[str, Any]], *, only_active: bool) -> None:
    """Add to each item that is of a group what its variants are, whatever the list's filters."""
    ids = sorted({one["group"]["id"] for one in items if one["group"]})
    if not ids:
        return
    rows = list_variants_of(conn, group_ids=ids, only_active=only_active)
    told = {id_: _told(list(some)) for id_, some in groupby(rows, key=itemgetter(0))}
    for one in items:
        if one["group"]:
            one["group"] |= told.get(one["group"]["id"], {})  # deleted in between


def _told(rows: list[Any]) -> dict[str, Any]:
    _, amounts, currencies, details, available, names, slugs = zip(*rows, strict=True)
    prices = list(zip(amounts, currencies, strict=True))
    choices: dict[str, dict[str, None]] = {}
    for text in details:
        for name, value in from_json(text)["group"]["options"].items():
            choices.setdefault(name, {})[value] = None
    return {
        "name": names[0],
        "slug": slugs[0],
        "variant_count": len(rows),
        "price_range": {"from": _price(min(prices)), "to": _price(max(prices))},
        "choices": {name: list(values) for name, values in choices.items()},
        "available": any(available),
    }


def _price(price: tuple[int, str]) -> dict[str, Any]:
    return {"amount": price[0], "currency": price[1]}


def tell_siblings(
    conn: Connection, product: dict[str, Any], *, only_active: bool, low_stock: int
) -> None:
    """Add to a variant all variants of its group, itself too, oldest first."""
    if product["group"]:
        found = list_variants(conn, group_id=product["group"]["id"], low_stock=low_stock)
        product["group"]["variants"] = [
            _sibling(one) for one in found if one["status"] == "active" or not only_active
        ]


def _sibling(variant: dict[str, Any]) -> dict[str, Any]:
    shown = ("id", "slug", "sku", "name", "status", "price", "compare_at_price", "stock")
    return {
        **{name: variant[name] for name in shown},
        "options": variant["group"]["options"],
        "image": next(iter(variant["images"]), None),
    }
