"""API keys in the database."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from auth.models import api_keys


def insert_key(conn: Connection, row: Mapping[str, Any]) -> None:
    conn.execute(insert(api_keys).values(row))


def find_key(conn: Connection, *, key_id: str) -> Row[Any] | None:
    return conn.execute(select(api_keys).where(api_keys.c.id == key_id)).first()


def find_key_by_prefix(conn: Connection, *, prefix: str) -> Row[Any] | None:
    return conn.execute(select(api_keys).where(api_keys.c.prefix == prefix)).first()


def list_keys(
    conn: Connection, *, made_by: str | None, before: str | None, limit: int
) -> Sequence[Row[Any]]:
    """Newest first, of that user or of all, those made before the key with the id `before`."""
    page = select(api_keys)
    if made_by is not None:
        page = page.where(api_keys.c.made_by == made_by)
    if before is not None:
        page = page.where(api_keys.c.id < before)
    return conn.execute(page.order_by(api_keys.c.id.desc()).limit(limit)).all()


def count_alive(conn: Connection, *, made_by: str, now: datetime, most: int) -> int:
    """Neither revoked nor expired; up to `most` are counted."""
    k = api_keys.c
    lasts = or_(k.expires_at.is_(None), k.expires_at > now)
    alive = select(k.id).where(k.made_by == made_by, k.revoked_at.is_(None), lasts).limit(most)
    return int(conn.execute(select(func.count()).select_from(alive.subquery())).scalar_one())


def revoke_key(conn: Connection, *, key_id: str, now: datetime) -> bool:
    """False when it is revoked already."""
    alive = (api_keys.c.id == key_id) & api_keys.c.revoked_at.is_(None)
    return conn.execute(update(api_keys).where(alive).values(revoked_at=now)).rowcount == 1


def touch_key(conn: Connection, *, key_id: str, now: datetime) -> None:
    conn.execute(update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=now))
