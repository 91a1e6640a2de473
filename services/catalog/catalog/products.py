"""Create, change and delete products."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from catalog import domain
from catalog.cards import tell_siblings
from catalog.errors import ProductNotFound, invalid_field
from catalog.models import audit_log, idempotency_keys
from catalog.prices import begin_history, follow_price
from catalog.product_filing import file_and_index, same
from catalog.product_forms import columns_of, fit_times, wanted_of, whole
from catalog.product_images import place_images
from catalog.product_places import variant_place
from catalog.product_values import check_attributes
from catalog.repository import products as rows
from catalog.repository.attributes import lock_definitions
from catalog.repository.groups import lock_group
from catalog.repository.search import unindex_product
from catalog.repository.slugs import forget_slugs, give_slug, todays_slug
from catalog.repository.stock import insert_stock, record_movements
from catalog.repository.values import unfile_values
from catalog.schemas.products import ProductCreate, ProductInput, ProductPatch
from catalog.slugs import chosen_slug
from catalog.versions import check_version, product_etag
from shopkit.audit import By, record
from shopkit.idempotency import Answer, fingerprint, replayable
from shopkit.ids import is_id, new_id

_FREED = ("sku_key", "slug", "group_id", "options_key", "publish_at", "archive_at")


def get_product(conn: Connection, *, ref: str, sees_all: bool, low_stock: int) -> dict[str, Any]:
    """By id, slug, or a slug that it had once. Raises ProductNotFound."""
    product = _find(conn, ref, low_stock)
    if product is None and (slug := todays_slug(conn, kind="product", old=ref)):
        product = _find(conn, slug, low_stock)
    if product is None or (product["status"] != "active" and not sees_all):
        raise ProductNotFound
    tell_siblings(conn, product, only_active=not sees_all, low_stock=low_stock)
    return product


def create_product(
    conn: Connection,
    *,
    payload: ProductCreate,
    key: str | None,
    by: By,
    now: datetime,
    low_stock: int,
) -> Answer:
    """Raises SkuTaken, SlugTaken, VariantTaken, GroupFull, Invalid."""

    def effect() -> Answer:
        wanted = whole(payload)
        product_id = add_product(conn, wanted, stock=payload.stock, by=by, now=now)
        product = _shown(conn, product_id, low_stock)
        headers = {"Location": f"/api/products/{product_id}", "ETag": product_etag(product)}
        return Answer(201, product, headers)

    return replayable(
        conn,
        table=idempotency_keys,
        key=key,
        caller=by.actor,
        route="create_product",
        fingerprint=fingerprint(payload),
        now=now,
        effect=effect,
    )


def add_product(
    conn: Connection, wanted: dict[str, Any], *, stock: int, by: By, now: datetime
) -> str:
    """Its id. Raises as `create_product`."""
    lock_definitions(conn, "use")
    check_attributes(conn, wanted["attributes"], wanted["category_ids"])
    slug = chosen_slug(conn, "product", given=wanted["slug"], name=wanted["name"])
    wanted = {**wanted, "slug": slug}
    product_id = new_id()
    values = columns_of(wanted, _place(conn, wanted, product_id))
    times = {"created_at": now, "updated_at": now}
    seq = rows.insert_product(conn, {"id": product_id, "version": 1, **times, **values})
    begin_history(conn, seq=seq, values=values, now=now)
    give_slug(conn, kind="product", id=product_id, new=wanted["slug"], was=None, now=now)
    file_and_index(conn, seq, wanted)
    place_images(conn, seq=seq, images=wanted["images"], was=None, now=now)
    insert_stock(conn, product_id=product_id, on_hand=stock)
    record_movements(conn, {product_id: stock}, kind="opening", now=now, actor=by.actor)
    made = {**wanted, "stock": stock}
    record(conn, audit_log, by, "product.create", product_id, before=None, after=made, now=now)
    return product_id


def replace_product(
    conn: Connection,
    *,
    id: str,
    payload: ProductInput,
    if_match: str | None,
    by: By,
    now: datetime,
    low_stock: int,
) -> dict[str, Any]:
    """PUT: what is absent gets its default, but the slug stays."""
    row = _locked(conn, id, if_match, group_id=payload.group_id)
    wanted = whole(payload)
    wanted["slug"] = payload.slug or row["slug"]
    change_product(conn, row, wanted, by=by, now=now)
    return _shown(conn, id, low_stock)


def patch_product(
    conn: Connection,
    *,
    id: str,
    payload: ProductPatch,
    if_match: str | None,
    by: By,
    now: datetime,
    low_stock: int,
) -> dict[str, Any]:
    """PATCH: RFC 7396."""
    group_id = payload.group_id
    if group_id is None and "options" in payload.model_fields_set:
        group_id = rows.group_of_product(conn, product_id=id)
    row = _locked(conn, id, if_match, group_id=group_id)
    current, sent = wanted_of(row), payload.model_dump(include=payload.model_fields_set)
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
    change_product(conn, row, wanted, by=by, now=now)
    return _shown(conn, id, low_stock)


_EMPTY: dict[str, Any] = {
    "description": "",
    "category_ids": [],
    "attributes": {},
    "images": [],
    "options": {},
}


def delete_product(
    conn: Connection, *, id: str, if_match: str | None, by: By, now: datetime
) -> None:
    """Its row stays for the ledger; SKU, slug and options are free again."""
    row = _locked(conn, id, if_match)
    freed = dict.fromkeys(_FREED)
    values = {**freed, "status": "deleted", "version": row["version"] + 1, "updated_at": now}
    rows.update_product(conn, seq=row["seq"], values=values)
    rows.set_categories(conn, seq=row["seq"], with_ancestors=())
    unindex_product(conn, seq=row["seq"])
    unfile_values(conn, seq=row["seq"])
    forget_slugs(conn, kind="product", id=id)
    was = wanted_of(row)
    place_images(conn, seq=row["seq"], images=[], was=was["images"], now=now)
    record(conn, audit_log, by, "product.delete", id, before=was, after=None, now=now)


def _locked(
    conn: Connection, id: str, if_match: str | None, *, group_id: str | None = None
) -> dict[str, Any]:
    """The product; before it the group that it is to stand in, as groups lock their variants."""
    lock_definitions(conn, "use")
    if group_id is not None:
        lock_group(conn, id=group_id)
    row = rows.lock_product(conn, id=id)
    if row is None:
        raise ProductNotFound
    check_version(if_match, row["version"])
    return row


def change_product(
    conn: Connection,
    row: dict[str, Any],
    wanted: dict[str, Any],
    *,
    by: By,
    now: datetime,
    change_id: str | None = None,
) -> None:
    """Whatever must happen when a product becomes another, whoever wants it.

    `row` is locked; `change_id` is of the scheduled change of its price that this is.
    """
    was = wanted_of(row)
    if same(wanted, was):
        return
    if any(not same(wanted[name], was[name]) for name in ("attributes", "category_ids")):
        check_attributes(conn, wanted["attributes"], wanted["category_ids"])
    stays = all(wanted[name] == was[name] for name in ("group_id", "options"))
    group = json.loads(row["details"])["group"] if stays else _place(conn, wanted, row["id"])
    values = columns_of(wanted, group) | {"version": row["version"] + 1, "updated_at": now}
    values |= follow_price(conn, row, values, now=now, change_id=change_id)
    rows.update_product(conn, seq=row["seq"], values=values)
    give_slug(conn, kind="product", id=row["id"], new=wanted["slug"], was=was["slug"], now=now)
    file_and_index(conn, row["seq"], wanted, was)
    place_images(conn, seq=row["seq"], images=wanted["images"], was=was["images"], now=now)
    record(conn, audit_log, by, "product.update", row["id"], before=was, after=wanted, now=now)


def _shown(conn: Connection, product_id: str, low_stock: int) -> dict[str, Any]:
    return get_product(conn, ref=product_id, sees_all=True, low_stock=low_stock)


def _find(conn: Connection, ref: str, low_stock: int) -> dict[str, Any] | None:
    return rows.find_product(conn, ref=ref, by_id=is_id(ref), low_stock=low_stock)


def _place(conn: Connection, wanted: dict[str, Any], product_id: str) -> dict[str, Any] | None:
    return variant_place(conn, wanted["group_id"], wanted["options"], product_id=product_id)
