"""What people do with their own sessions: see them, and end one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from auth import session_repository as store
from auth.context import Context
from auth.repository import find_user_of_session
from shopkit.auth import Principal
from shopkit.errors import InvalidToken, NotFound


@dataclass(frozen=True)
class SessionPage:
    sessions: Sequence[Row[Any]]
    next_cursor: str | None
    total: int | None
    """Only when it was asked for."""


async def list_sessions(
    context: Context, *, principal: Principal, cursor: str | None, limit: int, count: bool
) -> SessionPage:
    """Those alive, newest first. Raises InvalidToken and InvalidCursor."""
    query = f"sessions:{principal.id}"
    before = context.cursors.decode(query, cursor)[0] if cursor else None
    found, total = await context.database.read(
        _list_sessions,
        principal=principal,
        before=before,
        limit=limit + 1,
        count=count,
        now=context.clock.now(),
    )
    page = found[:limit]
    more = context.cursors.encode(query, [page[-1].id]) if len(found) > limit else None
    return SessionPage(page, more, total)


def _list_sessions(
    conn: Connection,
    *,
    principal: Principal,
    before: str | None,
    limit: int,
    count: bool,
    now: datetime,
) -> tuple[Sequence[Row[Any]], int | None]:
    _require_alive(conn, principal, now)
    found = store.list_sessions(conn, user_id=principal.id, now=now, before=before, limit=limit)
    return found, store.count_sessions(conn, user_id=principal.id, now=now) if count else None


async def end_session(context: Context, *, principal: Principal, session_id: str) -> None:
    """Raises InvalidToken, and NotFound for one that is over or somebody else's."""
    await context.database.run(
        _end_session, principal=principal, session_id=session_id, now=context.clock.now()
    )


def _end_session(conn: Connection, *, principal: Principal, session_id: str, now: datetime) -> None:
    _require_alive(conn, principal, now)
    if not store.revoke_session_of(
        conn, session_id=session_id, user_id=principal.id, reason="ended", now=now
    ):
        raise NotFound


def _require_alive(conn: Connection, principal: Principal, now: datetime) -> None:
    session_id = principal.session_id
    if not find_user_of_session(conn, user_id=principal.id, session_id=session_id, now=now):
        raise InvalidToken
