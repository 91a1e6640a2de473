"""Create, read, change and delete categories."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from catalog import domain
from catalog.errors import CategoryCycle, CategoryTooDeep, TooManyCategories, invalid_field
from catalog.models import audit_log, idempotency_keys
from catalog.repository import categories as rows
from catalog.repository.refiling import refile_some, start_refiling
from catalog.repository.slugs import forget_slugs, give_slug, todays_slug
from catalog.schemas.categories import CategoryInput, CategoryPatch
from catalog.slugs import chosen_slug
from shopkit.audit import By, record
from shopkit.conditional import check_if_match, etag
from shopkit.errors import NotFound
from shopkit.idempotency import Answer, fingerprint, replayable
from shopkit.ids import is_id, new_id

MOVED_AT_ONCE = 200
"""So many products move with their category at once; the worker moves the others."""


def category_tree(conn: Connection) -> list[dict[str, Any]]:
    """The categories of the first level, with all below them."""
    nodes = {row["id"]: {**row, "children": []} for row in rows.list_categories(conn)}
    for node in nodes.values():
        if node["parent_id"] in nodes:
            nodes[node["parent_id"]]["children"].append(node)
    return [node for node in nodes.values() if node["parent_id"] is None]


def get_category(conn: Connection, *, ref: str, by_id: bool) -> dict[str, Any]:
    """Raises NotFound."""
    category = rows.find_category(conn, ref=ref, by_id=by_id)
    if category is None:
        raise NotFound("There is no such category.")
    return category


def find_category(conn: Connection, *, ref: str) -> dict[str, Any]:
    """By id, slug, or a slug that it had once. Raises NotFound."""
    found = rows.find_category(conn, ref=ref, by_id=is_id(ref))
    slug = None if found else todays_slug(conn, kind="category", old=ref)
    return found or get_category(conn, ref=slug or ref, by_id=is_id(ref))


def create_category(
    conn: Connection, *, payload: CategoryInput, key: str | None, by: By, now: datetime
) -> Answer:
    """Raises SlugTaken, CategoryTooDeep, TooManyCategories, Invalid."""

    def effect() -> Answer:
        rows.lock_tree(conn, "change")
        category = make_category(conn, payload, by=by, now=now)
        location = f"/api/categories/{category['id']}"
        return Answer(201, category, {"Location": location, "ETag": etag(1)})

    return replayable(
        conn,
        table=idempotency_keys,
        key=key,
        caller=by.actor,
        route="create_category",
        fingerprint=fingerprint(payload),
        now=now,
        effect=effect,
    )


def make_category(
    conn: Connection, payload: CategoryInput, *, by: By, now: datetime
) -> dict[str, Any]:
    """The tree is locked for a change. Raises SlugTaken, CategoryTooDeep, TooManyCategories,
    Invalid."""
    if rows.count_categories(conn) >= domain.MAX_CATEGORIES:
        raise TooManyCategories(f"A shop may have {domain.MAX_CATEGORIES} categories.")
    parents = rows.parents_above(conn, [payload.parent_id] if payload.parent_id else [])
    values = payload.model_dump()
    values["slug"] = chosen_slug(conn, "category", given=payload.slug, name=payload.name)
    category = {"id": new_id(), "version": 1, **values, "created_at": now, "updated_at": now}
    _check_place(parents, category["id"], payload.parent_id)
    rows.insert_category(conn, category)
    id, made = category["id"], _written(category)
    give_slug(conn, kind="category", id=id, new=category["slug"], was=None, now=now)
    record(conn, audit_log, by, "category.create", id, before=None, after=made, now=now)
    return category


def replace_category(
    conn: Connection,
    *,
    id: str,
    payload: CategoryInput,
    if_match: str | None,
    by: By,
    now: datetime,
) -> dict[str, Any]:
    """PUT: what is absent gets its default, but the slug stays."""
    category = _locked(conn, id, if_match)
    values = payload.model_dump()
    return _change(conn, category, values | {"slug": payload.slug or category["slug"]}, by, now)


def patch_category(
    conn: Connection,
    *,
    id: str,
    payload: CategoryPatch,
    if_match: str | None,
    by: By,
    now: datetime,
) -> dict[str, Any]:
    """PATCH: RFC 7396."""
    category = _locked(conn, id, if_match)
    sent = payload.model_dump(exclude_unset=True)
    if "description" in sent:
        sent["description"] = sent["description"] or ""
    return _change(conn, category, sent, by, now)


def delete_category(
    conn: Connection, *, id: str, if_match: str | None, by: By, now: datetime
) -> None:
    """Raises CategoryNotEmpty."""
    category = _locked(conn, id, if_match)
    rows.delete_category(conn, id=id)
    forget_slugs(conn, kind="category", id=id)
    was = _written(category)
    record(conn, audit_log, by, "category.delete", id, before=was, after=None, now=now)


def _locked(conn: Connection, id: str, if_match: str | None) -> dict[str, Any]:
    rows.lock_tree(conn, "change")
    category = get_category(conn, ref=id, by_id=True)
    check_if_match(if_match, category["version"])
    return category


def _change(
    conn: Connection, category: dict[str, Any], values: dict[str, Any], by: By, now: datetime
) -> dict[str, Any]:
    moved = "parent_id" in values and values["parent_id"] != category["parent_id"]
    if moved:
        _check_place(rows.parents(conn), category["id"], values["parent_id"])
    id, changed = category["id"], {**values, "version": category["version"] + 1, "updated_at": now}
    rows.update_category(conn, id=id, values=changed)
    was, is_now = _written(category), _written(category | values)
    give_slug(conn, kind="category", id=id, new=is_now["slug"], was=was["slug"], now=now)
    if moved:
        refile_some(conn, start_refiling(conn, category_id=id), limit=MOVED_AT_ONCE)
    record(conn, audit_log, by, "category.update", id, before=was, after=is_now, now=now)
    return {**category, **changed}


def _written(category: dict[str, Any]) -> dict[str, Any]:
    """What staff wrote of it."""
    return {name: category[name] for name in CategoryInput.model_fields}


def _check_place(parents: dict[str, str | None], id: str, parent_id: str | None) -> None:
    """Raises Invalid, CategoryCycle or CategoryTooDeep when `id` cannot be below `parent_id`."""
    if parent_id is not None and parent_id != id and parent_id not in parents:
        raise invalid_field("/parent_id", "not_found", "There is no such category.")
    placed = {**parents, id: parent_id}
    if domain.has_cycle(placed, id):
        raise CategoryCycle("The new parent is the category itself, or below it.")
    deepest = max(domain.depth_of(placed, one) for one in domain.subtree_of(placed, id))
    if deepest > domain.MAX_DEPTH:
        raise CategoryTooDeep(f"The tree may have {domain.MAX_DEPTH} levels.")
