"""Make product groups: one, or those of many rows together."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from catalog.models import audit_log
from catalog.repository.groups import insert_groups
from catalog.repository.slugs import free_slugs
from catalog.schemas.groups import GroupInput
from catalog.slugs import chosen_slugs
from shopkit.audit import By, record_made
from shopkit.ids import new_id


def create_groups(
    conn: Connection, payloads: Sequence[GroupInput], *, by: By, now: datetime
) -> list[dict[str, Any]]:
    """All are made, or none. Raises SlugTaken."""
    slugs = chosen_slugs(conn, "group", [(one.slug, one.name) for one in payloads])
    times = {"created_at": now, "updated_at": now}
    new = [one.model_dump(exclude={"variants"}) for one in payloads]
    groups = [
        {"id": new_id(), "version": 1, **values, "slug": slug, **times}
        for values, slug in zip(new, slugs, strict=True)
    ]
    insert_groups(conn, groups)
    free_slugs(conn, kind="group", slugs=slugs)
    made = {group["id"]: written_of(group) for group in groups}
    record_made(conn, audit_log, by, "product_group.create", made, now=now)
    return groups


def written_of(group: dict[str, Any]) -> dict[str, Any]:
    """What staff wrote of a group."""
    return {name: group[name] for name in GroupInput.model_fields}
