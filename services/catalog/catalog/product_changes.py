"""Change and remove products whose rows are locked. Who did it is recorded by those who ask."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from catalog import domain
from catalog.errors import invalid_field
from catalog.product_forms import SEARCHED, columns_of, wanted_of, words_of
from catalog.product_places import category_places, variant_place
from catalog.repository import products as rows
from catalog.repository.search import index_product, unindex_product
from catalog.repository.slugs import forget_slugs, give_slug

_FILED = ("category_ids", "price", "name")
_EMPTY: dict[str, Any] = {
    "description": "",
    "category_ids": [],
    "attributes": {},
    "images": [],
    "options": {},
}


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
    wanted = {**current, **sent}
    if len(wanted["attributes"]) > domain.MAX_ATTRIBUTES:
        raise invalid_field("/attributes", "too_long", "There may be 50 attributes.")
    return wanted


def change_product(
    conn: Connection, row: dict[str, Any], wanted: dict[str, Any], *, now: datetime
) -> bool:
    """False when it is like that. Raises SkuTaken, SlugTaken, VariantTaken, GroupFull, Invalid."""
    was = wanted_of(row)
    if same(wanted, was):
        return False
    stays = all(wanted[name] == was[name] for name in ("group_id", "options"))
    group = json.loads(row["details"])["group"] if stays else _place(conn, wanted, row["id"])
    values = columns_of(wanted, group)
    values |= {"version": row["version"] + 1, "updated_at": now}
    rows.update_product(conn, seq=row["seq"], values=values)
    give_slug(conn, kind="product", id=row["id"], new=wanted["slug"], was=was["slug"], now=now)
    _file_and_index(conn, row["seq"], wanted, was)
    return True


def remove_product(conn: Connection, row: dict[str, Any], *, now: datetime) -> None:
    """Its row stays for the ledger; SKU, slug and options are free again."""
    freed = dict.fromkeys(("sku_key", "slug", "group_id", "options_key"))
    values = {**freed, "status": "deleted", "version": row["version"] + 1, "updated_at": now}
    rows.update_product(conn, seq=row["seq"], values=values)
    rows.set_categories(conn, seq=row["seq"], with_ancestors=())
    unindex_product(conn, seq=row["seq"])
    forget_slugs(conn, kind="product", id=row["id"])


def same(one: object, other: object) -> bool:
    """As a client sees them: `true` is not 1."""
    return json.dumps(one) == json.dumps(other)


def _place(conn: Connection, wanted: dict[str, Any], product_id: str) -> dict[str, Any] | None:
    return variant_place(conn, wanted["group_id"], wanted["options"], product_id=product_id)


def _file_and_index(
    conn: Connection, seq: int, wanted: dict[str, Any], was: dict[str, Any]
) -> None:
    if any(was[name] != wanted[name] for name in _FILED):
        places = category_places(conn, wanted["category_ids"])
        rows.set_categories(conn, seq=seq, with_ancestors=places)
    if not all(same(was[name], wanted[name]) for name in (*SEARCHED, "options")):
        index_product(conn, seq=seq, **words_of(wanted))
