"""Create, read, change and delete product groups."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from catalog.errors import VariesByInUse, within
from catalog.models import audit_log, idempotency_keys
from catalog.new_groups import create_groups, written_of
from catalog.new_products import NewProduct, create_products, new_product
from catalog.product_forms import whole
from catalog.product_places import find_places
from catalog.repository import groups as rows
from catalog.repository import products
from catalog.repository.attributes import lock_definitions
from catalog.repository.search import index_product
from catalog.repository.slugs import forget_slugs, give_slug, todays_slug
from catalog.repository.values import file_values
from catalog.schemas.groups import GroupCreate, GroupPatch, GroupQuery
from catalog.versions import check_version, group_etag
from shopkit.audit import By, record
from shopkit.db import savepoint
from shopkit.errors import Conflict, NotFound
from shopkit.idempotency import Answer, fingerprint, replayable
from shopkit.ids import is_id
from shopkit.pagination import Cursors


def get_group(conn: Connection, *, ref: str, sees_all: bool, low_stock: int) -> dict[str, Any]:
    """The group with its variants, oldest first. By id, slug, or a slug that it had once.

    Raises NotFound, also when no variant is active: as those that are not, it is for who
    `sees_all`.
    """
    group = rows.find_group(conn, ref=ref, by_id=is_id(ref))
    if group is None and (slug := todays_slug(conn, kind="group", old=ref)):
        group = rows.find_group(conn, ref=slug, by_id=False)
    if group is None:
        raise NotFound("There is no such product group.")
    variants = products.list_variants(conn, group_id=group["id"], low_stock=low_stock)
    shown = [one for one in variants if sees_all or one["status"] == "active"]
    if not shown and not sees_all:
        raise NotFound("There is no such product group.")
    return {**group, "variants": shown}


def create_group(
    conn: Connection,
    *,
    payload: GroupCreate,
    key: str | None,
    by: By,
    now: datetime,
    low_stock: int,
) -> Answer:
    """With its variants, or not at all. Raises SlugTaken, SkuTaken, VariantTaken, Invalid."""

    def effect() -> Answer:
        lock_definitions(conn, "use")
        (group,) = create_groups(conn, [payload], by=by, now=now)
        _add_variants(conn, group["id"], payload, by, now)
        shown = get_group(conn, ref=group["id"], sees_all=True, low_stock=low_stock)
        location = f"/api/product-groups/{group['id']}"
        return Answer(201, shown, {"Location": location, "ETag": group_etag(shown)})

    return replayable(
        conn,
        table=idempotency_keys,
        key=key,
        caller=by.actor,
        route="create_product_group",
        fingerprint=fingerprint(payload),
        now=now,
        effect=effect,
    )


def _add_variants(
    conn: Connection, group_id: str, payload: GroupCreate, by: By, now: datetime
) -> None:
    wanted = [one.model_dump() for one in payload.variants]
    places = find_places(
        conn,
        category_ids=(id_ for one in wanted for id_ in one["category_ids"]),
        group_ids=[group_id],
        codes=(code for one in wanted for code in one["attributes"]),
    )
    made: list[NewProduct] = []
    for number, variant in enumerate(payload.variants):
        with within(f"/variants/{number}"):
            made.append(new_product(whole(variant) | {"group_id": group_id}, variant.stock, places))
    try:
        with savepoint(conn):
            create_products(conn, made, by=by, now=now)
    except Conflict:  # which one?
        for number, one in enumerate(made):
            with within(f"/variants/{number}"):
                create_products(conn, [one], by=by, now=now)


def patch_group(
    conn: Connection,
    *,
    id: str,
    payload: GroupPatch,
    if_match: str | None,
    by: By,
    now: datetime,
    low_stock: int,
) -> dict[str, Any]:
    """Raises SlugTaken, and VariesByInUse when variants have other options."""
    group = _locked(conn, id, if_match)
    sent = payload.model_dump(exclude_unset=True)
    if "description" in sent:
        sent["description"] = sent["description"] or ""
    varies_by = sent.get("varies_by", group["varies_by"])
    if varies_by != group["varies_by"]:
        _reorder_variants(conn, group, varies_by, now)
    changed = {"version": group["version"] + 1, "updated_at": now, "varies_by": varies_by}
    rows.update_group(conn, id=id, values=sent | changed)
    was, is_now = written_of(group), written_of(group | sent)
    give_slug(conn, kind="group", id=id, new=is_now["slug"], was=was["slug"], now=now)
    record(conn, audit_log, by, "product_group.update", id, before=was, after=is_now, now=now)
    return get_group(conn, ref=id, sees_all=True, low_stock=low_stock)


def _reorder_variants(
    conn: Connection, group: dict[str, Any], varies_by: list[str], now: datetime
) -> None:
    variants = products.lock_variants(conn, group_id=group["id"])
    if variants and set(varies_by) != set(group["varies_by"]):
        raise VariesByInUse("Take its variants out of the group before you rename options.")
    for row in variants:
        details = json.loads(row["details"])
        options = {name: details["group"]["options"][name] for name in varies_by}
        details["group"] |= {"varies_by": varies_by, "options": options}
        _update_variant(conn, row, details, now)


def delete_group(conn: Connection, *, id: str, if_match: str | None, by: By, now: datetime) -> None:
    """Its variants stay, as products without a group."""
    lock_definitions(conn, "use")
    group = _locked(conn, id, if_match)
    for row in products.lock_variants(conn, group_id=id):
        details = {**json.loads(row["details"]), "group": None}
        _update_variant(conn, row, details, now, group_id=None, options_key=None)
        index_product(
            conn,
            seq=row["seq"],
            name=row["name"],
            sku=row["sku"],
            attributes=details["attributes"],
            description=row["description"],
        )
        file_values(conn, seq=row["seq"], attributes=details["attributes"])
    rows.delete_group(conn, id=id)
    forget_slugs(conn, kind="group", id=id)
    was = written_of(group)
    record(conn, audit_log, by, "product_group.delete", id, before=was, after=None, now=now)


def _update_variant(
    conn: Connection, row: dict[str, Any], details: dict[str, Any], now: datetime, **more: Any
) -> None:
    changed = {"version": row["version"] + 1, "updated_at": now, **more}
    values = {"details": products.details_text(**details), **changed}
    products.update_product(conn, seq=row["seq"], values=values)


def _locked(conn: Connection, id: str, if_match: str | None) -> dict[str, Any]:
    group = rows.lock_group(conn, id=id)
    if group is None:
        raise NotFound("There is no such product group.")
    check_version(if_match, group["version"])
    return group


def list_groups(
    conn: Connection, *, query: GroupQuery, sees_all: bool, cursors: Cursors
) -> dict[str, Any]:
    """A page, newest first: of all, or of those with active variants. Raises InvalidCursor."""
    name = f"groups {query.slug}"
    after = cursors.decode(name, query.cursor)[0] if query.cursor is not None else None
    slug, active = query.slug, not sees_all
    found = rows.list_groups(conn, slug=slug, active=active, after=after, limit=query.limit + 1)
    items, more = found[: query.limit], len(found) > query.limit
    last = cursors.encode(name, [items[-1][0]]) if more else None
    page: dict[str, Any] = {"items": [group for _, group in items], "next_cursor": last}
    if query.count:
        page["total"] = rows.count_groups(conn, slug=slug, active=active)
    return page
