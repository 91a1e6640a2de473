"""Create, change and delete products."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from catalog.cards import tell_siblings
from catalog.errors import ProductNotFound
from catalog.models import audit_log, idempotency_keys
from catalog.new_products import create_products, new_product
from catalog.product_changes import change_product, remove_product
from catalog.product_forms import patched, wanted_of, whole
from catalog.product_places import find_places
from catalog.repository import products as rows
from catalog.repository.attributes import lock_definitions
from catalog.repository.groups import lock_group
from catalog.repository.slugs import todays_slug
from catalog.schemas.products import ProductCreate, ProductInput, ProductPatch
from catalog.versions import check_version, product_etag
from shopkit.audit import By, record
from shopkit.idempotency import Answer, fingerprint, replayable
from shopkit.ids import is_id


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
        lock_definitions(conn, "use")
        places = find_places(
            conn,
            category_ids=payload.category_ids,
            group_ids=() if payload.group_id is None else (payload.group_id,),
            codes=payload.attributes,
        )
        made = new_product(whole(payload), payload.stock, places)
        (product_id,) = create_products(conn, [made], by=by, now=now)
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
    change_and_record(conn, row, wanted, by=by, now=now)
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
    wanted = patched(wanted_of(row), payload.model_dump(include=payload.model_fields_set))
    change_and_record(conn, row, wanted, by=by, now=now)
    return _shown(conn, id, low_stock)


def delete_product(
    conn: Connection, *, id: str, if_match: str | None, by: By, now: datetime
) -> None:
    """Its row stays for the ledger; SKU, slug and options are free again."""
    row = _locked(conn, id, if_match)
    remove_product(conn, row, now=now)
    was = wanted_of(row)
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


def change_and_record(
    conn: Connection,
    row: dict[str, Any],
    wanted: dict[str, Any],
    *,
    by: By,
    now: datetime,
    change_id: str | None = None,
) -> None:
    """`row` is locked; `change_id` is of the scheduled change of its price that this is."""
    if change_product(conn, row, wanted, now=now, change_id=change_id):
        was = wanted_of(row)
        record(conn, audit_log, by, "product.update", row["id"], before=was, after=wanted, now=now)


def _shown(conn: Connection, product_id: str, low_stock: int) -> dict[str, Any]:
    return get_product(conn, ref=product_id, sees_all=True, low_stock=low_stock)


def _find(conn: Connection, ref: str, low_stock: int) -> dict[str, Any] | None:
    return rows.find_product(conn, ref=ref, by_id=is_id(ref), low_stock=low_stock)
