"""What staff do with API keys: make them, see them, and revoke them."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from auth import api_key_repository as store
from auth.context import Context
from auth.errors import CannotGrant
from auth.events import Event, EventKind, tell
from auth.grants import scopes_now
from auth.models import audit_log
from auth.scopes import NOT_FOR_KEYS, USERS_WRITE
from auth.staff_errors import TooManyKeys
from auth.tokens import token_hash
from shopkit.audit import By, by_staff, record
from shopkit.auth import Principal
from shopkit.errors import FieldError, Invalid, NotFound
from shopkit.key_limits import MARK

MAX_ALIVE = 100
"""Keys of one maker."""
KEYS_READ, KEYS_WRITE = "keys:read", "keys:write"
Shown = Mapping[str, Any]
"""A key as staff see it."""


@dataclass(frozen=True)
class KeyPage:
    keys: list[Shown]
    next_cursor: str | None


async def make_key(
    context: Context,
    *,
    actor: Principal,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
    rate_class: str,
) -> Shown:
    """With `key`, which is told to nobody again. Raises Invalid, InvalidToken, InsufficientScope,
    CannotGrant for scopes that the actor lacks, and TooManyKeys."""
    now, wanted = context.clock.now(), frozenset(scopes)
    _refuse_unfit(wanted, expires_at, now)
    prefix = secrets.token_hex(6)
    key = f"{MARK}{prefix}_{secrets.token_urlsafe(32)}"
    row = {
        "id": context.new_id(),
        "prefix": prefix,
        "key_hash": token_hash(key),
        "name": name,
        "scopes": sorted(wanted),
        "rate_class": rate_class,
        "made_by": actor.id,
        "created_at": now,
        "expires_at": expires_at,
        "last_used_at": None,
        "revoked_at": None,
    }
    await context.database.run(_make, row=row, actor=actor, by=by_staff(actor), now=now)
    return {**_shown(row), "key": key}


def _make(
    conn: Connection, *, row: Mapping[str, Any], actor: Principal, by: By, now: datetime
) -> None:
    lacking = frozenset(row["scopes"]) - scopes_now(conn, actor=actor, needed=KEYS_WRITE, now=now)
    if lacking:
        raise CannotGrant(lacking)
    if store.count_alive(conn, made_by=actor.id, now=now, most=MAX_ALIVE) >= MAX_ALIVE:
        raise TooManyKeys(MAX_ALIVE)
    store.insert_key(conn, row)
    given = {name: row[name] for name in ("scopes", "expires_at", "rate_class")}
    record(conn, audit_log, by, "api_key.create", row["id"], before=None, after=given, now=now)


def _refuse_unfit(scopes: frozenset[str], expires_at: datetime | None, now: datetime) -> None:
    errors = []
    if never := sorted(scopes & NOT_FOR_KEYS):
        detail = f"Only people may have {', '.join(never)}."
        errors.append(FieldError("/scopes", "not_for_keys", detail))
    if expires_at is not None and expires_at <= now:
        errors.append(FieldError("/expires_at", "in_the_past", "This is over already."))
    if errors:
        raise Invalid("There can be no such key.", errors=errors)


async def list_keys(
    context: Context, *, actor: Principal, made_by: str | None, cursor: str | None, limit: int
) -> KeyPage:
    """Newest first: the actor's own, or everybody's for who has `users:write`. Raises InvalidToken,
    InsufficientScope and InvalidCursor."""
    query = f"keys:{actor.id}:{made_by or ''}"
    before = context.cursors.decode(query, cursor)[0] if cursor else None
    found = await context.database.read(
        _list,
        actor=actor,
        made_by=made_by,
        before=before,
        limit=limit + 1,
        now=context.clock.now(),
    )
    page = found[:limit]
    more = context.cursors.encode(query, [page[-1].id]) if len(found) > limit else None
    return KeyPage([_shown(dict(row._mapping)) for row in page], more)


def _list(
    conn: Connection,
    *,
    actor: Principal,
    made_by: str | None,
    before: str | None,
    limit: int,
    now: datetime,
) -> Sequence[Row[Any]]:
    if not _sees_all(conn, actor, KEYS_READ, now):
        if made_by not in (None, actor.id):
            return []
        made_by = actor.id
    return store.list_keys(conn, made_by=made_by, before=before, limit=limit)


async def get_key(context: Context, *, actor: Principal, key_id: str) -> Shown:
    """Raises InvalidToken, InsufficientScope, and NotFound for one that the actor does not see."""
    now = context.clock.now()
    row = await context.database.read(
        _get_visible, actor=actor, key_id=key_id, needed=KEYS_READ, now=now
    )
    return _shown(dict(row._mapping))


async def revoke_key(context: Context, *, actor: Principal, key_id: str) -> None:
    """Raises InvalidToken, InsufficientScope, and NotFound for one that the actor does not see."""
    await context.database.run(
        _revoke, actor=actor, by=by_staff(actor), key_id=key_id, now=context.clock.now()
    )


def _revoke(conn: Connection, *, actor: Principal, by: By, key_id: str, now: datetime) -> None:
    row = _get_visible(conn, actor=actor, key_id=key_id, needed=KEYS_WRITE, now=now)
    if not store.revoke_key(conn, key_id=key_id, now=now):
        return
    was, is_now = {"revoked": False}, {"revoked": True}
    record(conn, audit_log, by, "api_key.revoke", key_id, before=was, after=is_now, now=now)
    tell(conn, Event(EventKind.SESSION_ENDED, row.made_by, session_id=key_id), now=now)


def _get_visible(
    conn: Connection, *, actor: Principal, key_id: str, needed: str, now: datetime
) -> Row[Any]:
    sees_all = _sees_all(conn, actor, needed, now)
    row = store.find_key(conn, key_id=key_id)
    if row is None or not (sees_all or row.made_by == actor.id):
        raise NotFound
    return row


def _sees_all(conn: Connection, actor: Principal, needed: str, now: datetime) -> bool:
    return USERS_WRITE in scopes_now(conn, actor=actor, needed=needed, now=now)


def _shown(row: Mapping[str, Any]) -> Shown:
    hidden = {"prefix", "key_hash"}
    return {
        **{name: value for name, value in row.items() if name not in hidden},
        "starts_with": f"{MARK}{row['prefix']}",
    }
