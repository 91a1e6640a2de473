"""Sessions and their refresh tokens in the database."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Update, delete, func, insert, select, update

from auth.domain import RefreshToken, TokenState
from auth.events import tell_ended, void_tokens
from auth.models import refresh_tokens, sessions
from shopkit.background import delete_batch

GENERATIONS_KEPT = 200
"""Of one session's tokens, so that it cannot grow for ever; older ones are merely unknown."""
SESSIONS_PER_USER = 100
REVOKED_KEPT = timedelta(days=7)
_TOKEN = select(
    *(refresh_tokens.c[name] for name in ("token_hash", "session_id", "generation", "parent")),
    *(refresh_tokens.c[name] for name in ("state", "spent_at", "retries")),
)


def insert_session(
    conn: Connection,
    *,
    session_id: str,
    user_id: str,
    now: datetime,
    expires_at: datetime,
    user_agent: str | None,
    second_factor: bool,
) -> None:
    """Also ends the user's oldest sessions when there are too many."""
    conn.execute(
        insert(sessions).values(
            id=session_id,
            user_id=user_id,
            created_at=now,
            last_used_at=now,
            expires_at=expires_at,
            user_agent=user_agent,
            second_factor=second_factor,
        )
    )
    surplus = (
        select(sessions.c.id)
        .where(sessions.c.user_id == user_id)
        .order_by(sessions.c.last_used_at.desc(), sessions.c.id.desc())
        .offset(SESSIONS_PER_USER)
    )
    gone = delete(sessions).where(sessions.c.id.in_(surplus.scalar_subquery()))
    tell_ended(conn, conn.execute(gone.returning(sessions.c.id, sessions.c.user_id)).all(), now=now)


def list_sessions(
    conn: Connection, *, user_id: str, now: datetime, before: str | None, limit: int
) -> Sequence[Row[Any]]:
    """Those alive, newest first, of those begun before the session with the id `before`."""
    page = select(sessions).where(sessions.c.user_id == user_id, _alive(now))
    if before is not None:
        page = page.where(sessions.c.id < before)
    return conn.execute(page.order_by(sessions.c.id.desc()).limit(limit)).all()


def list_all_sessions(conn: Connection, *, user_id: str) -> Sequence[Row[Any]]:
    """Newest first, with those that are over and not forgotten yet: SESSIONS_PER_USER at most."""
    own = select(sessions).where(sessions.c.user_id == user_id)
    return conn.execute(own.order_by(sessions.c.id.desc())).all()


def count_sessions(conn: Connection, *, user_id: str, now: datetime) -> int:
    own = select(func.count()).where(sessions.c.user_id == user_id, _alive(now))
    return int(conn.execute(own).scalar_one())


def find_session_id(conn: Connection, *, token_hash: str) -> str | None:
    wanted = select(refresh_tokens.c.session_id).where(refresh_tokens.c.token_hash == token_hash)
    return conn.execute(wanted).scalar()


def lock_session(conn: Connection, *, session_id: str) -> Row[Any] | None:
    wanted = select(sessions).where(sessions.c.id == session_id)
    return conn.execute(wanted.with_for_update()).first()


def find_token(conn: Connection, *, token_hash: str) -> RefreshToken | None:
    return _token(conn.execute(_TOKEN.where(refresh_tokens.c.token_hash == token_hash)).first())


def get_live_token(conn: Connection, *, session_id: str) -> RefreshToken:
    live = (refresh_tokens.c.session_id == session_id) & (refresh_tokens.c.state == TokenState.LIVE)
    found = _token(conn.execute(_TOKEN.where(live)).first())
    if found is None:
        raise LookupError(f"session {session_id} has no live token")
    return found


def _token(row: Row[Any] | None) -> RefreshToken | None:
    if row is None:
        return None
    return RefreshToken(**{**row._mapping, "state": TokenState(row.state)})


def insert_token(
    conn: Connection,
    *,
    token_hash: str,
    session_id: str,
    now: datetime,
    generation: int = 1,
    parent: int | None = None,
) -> None:
    """The session's live token; the oldest generations go."""
    conn.execute(
        insert(refresh_tokens).values(
            token_hash=token_hash,
            session_id=session_id,
            generation=generation,
            parent=parent,
            state=TokenState.LIVE.value,
            retries=0,
            created_at=now,
        )
    )
    if generation > GENERATIONS_KEPT:
        old = refresh_tokens.c.generation <= generation - GENERATIONS_KEPT
        conn.execute(delete(refresh_tokens).where(refresh_tokens.c.session_id == session_id, old))


def update_token(conn: Connection, token_hash: str, **values: Any) -> None:
    changed = update(refresh_tokens).where(refresh_tokens.c.token_hash == token_hash)
    conn.execute(changed.values(values))


def touch_session(
    conn: Connection, *, session_id: str, now: datetime, expires_at: datetime
) -> None:
    changed = update(sessions).where(sessions.c.id == session_id)
    conn.execute(changed.values(last_used_at=now, expires_at=expires_at))


def update_second_factor(conn: Connection, *, session_id: str, with_second_factor: bool) -> None:
    changed = update(sessions).where(sessions.c.id == session_id)
    conn.execute(changed.values(second_factor=with_second_factor))


def revoke_session(conn: Connection, *, session_id: str, reason: str, now: datetime) -> None:
    _revoke(conn, sessions.c.id == session_id, reason, now)


def revoke_session_of(
    conn: Connection, *, session_id: str, user_id: str, reason: str, now: datetime
) -> bool:
    """False when the user has no such session, or it is over."""
    own = (sessions.c.id == session_id) & (sessions.c.user_id == user_id)
    return _revoke(conn, own, reason, now) == 1


def revoke_sessions_of(
    conn: Connection, *, user_id: str, reason: str, now: datetime, but: str | None = None
) -> None:
    """All of the user's but for the one with the id `but`; without it, lock the user before."""
    own = sessions.c.user_id == user_id
    if but is not None:
        _revoke(conn, own & (sessions.c.id != but), reason, now)
        return
    conn.execute(_revocation(own, reason, now))
    void_tokens(conn, user_id=user_id, now=now)  # one event, however many sessions


def _revoke(conn: Connection, which: Any, reason: str, now: datetime) -> int:
    revoked = _revocation(which, reason, now).returning(sessions.c.id, sessions.c.user_id)
    ended = conn.execute(revoked).all()
    tell_ended(conn, ended, now=now)
    return len(ended)


def _revocation(which: Any, reason: str, now: datetime) -> Update:
    gone = {"revoked_at": now, "revoked_reason": reason, "expires_at": now + REVOKED_KEPT}
    return update(sessions).where(which, _alive(now)).values(gone)


def _alive(now: datetime) -> ColumnElement[bool]:
    return sessions.c.revoked_at.is_(None) & (sessions.c.expires_at > now)


def delete_expired_sessions(conn: Connection, *, now: datetime, limit: int) -> int:
    """How many went, with their tokens; at most `limit`."""
    return delete_batch(conn, sessions, sessions.c.expires_at <= now, limit=limit)
