"""Change and remove products whose rows are locked. Who did it is recorded by those who ask."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from catalog.prices import follow_price
from catalog.product_filing import file_and_index, same
from catalog.product_forms import columns_of, wanted_of
from catalog.product_images import place_images
from catalog.product_places import variant_place
from catalog.product_values import check_attributes
from catalog.repository import products as rows
from catalog.repository.search import unindex_product
from catalog.repository.slugs import forget_slugs, give_slug
from catalog.repository.values import unfile_values

_FREED = ("sku_key", "slug", "group_id", "options_key", "publish_at", "archive_at")


def change_product(
    conn: Connection,
    row: dict[str, Any],
    wanted: dict[str, Any],
    *,
    now: datetime,
    change_id: str | None = None,
) -> bool:
    """Whatever must happen when a product becomes another, whoever wants it; definitions are locked
    for use. `change_id` is of the scheduled change of its price that this is.

    False when it is like that. Raises SkuTaken, SlugTaken, VariantTaken, GroupFull, Invalid.
    """
    was = wanted_of(row)
    if same(wanted, was):
        return False
    if any(not same(wanted[name], was[name]) for name in ("attributes", "category_ids")):
        check_attributes(conn, wanted["attributes"], wanted["category_ids"])
    stays = all(wanted[name] == was[name] for name in ("group_id", "options"))
    group = json.loads(row["details"])["group"] if stays else _place(conn, wanted, row["id"])
    values = columns_of(wanted, group)
    values |= {"version": row["version"] + 1, "updated_at": now}
    values |= follow_price(conn, row, values, now=now, change_id=change_id)
    rows.update_product(conn, seq=row["seq"], values=values)
    give_slug(conn, kind="product", id=row["id"], new=wanted["slug"], was=was["slug"], now=now)
    file_and_index(conn, row["seq"], wanted, was)
    place_images(conn, seq=row["seq"], images=wanted["images"], was=was["images"], now=now)
    return True


def remove_product(conn: Connection, row: dict[str, Any], *, now: datetime) -> None:
    """Its row stays for the ledger; SKU, slug and options are free again."""
    freed = dict.fromkeys(_FREED)
    values = {**freed, "status": "deleted", "version": row["version"] + 1, "updated_at": now}
    rows.update_product(conn, seq=row["seq"], values=values)
    rows.set_categories(conn, seq=row["seq"], with_ancestors=())
    unindex_product(conn, seq=row["seq"])
    unfile_values(conn, seq=row["seq"])
    place_images(conn, seq=row["seq"], images=[], was=wanted_of(row)["images"], now=now)
    forget_slugs(conn, kind="product", id=row["id"])


def _place(conn: Connection, wanted: dict[str, Any], product_id: str) -> dict[str, Any] | None:
    return variant_place(conn, wanted["group_id"], wanted["options"], product_id=product_id)
