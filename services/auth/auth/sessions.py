"""Sessions: log in, refresh with rotation and detection of reuse, log out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from auth import session_repository as store
from auth.attempts import Attempt, settle
from auth.context import Context, Lifetimes
from auth.domain import Client, RefreshToken, TokenState, User, Verdict, judge
from auth.errors import InvalidCredentials, InvalidRefreshToken, RefreshTokenReused
from auth.passwords import Verified
from auth.repository import find_locked_user, find_user, find_user_by_email, get_user, update_user
from auth.second_factor_checks import check_second_factor
from auth.secret_box import SecretBox
from auth.tokens import new_refresh_token, token_hash
from shopkit.logs import get_logger

log = get_logger()


@dataclass(frozen=True)
class Opened:
    """A session, and whose it is."""

    user: User
    session_id: str
    second_factor: bool
    """Whether it was opened with one."""


@dataclass(frozen=True)
class Refreshed:
    """What came of a refresh that was committed."""

    verdict: Verdict
    session_id: str
    opened: Opened | None = None


async def log_in(
    context: Context,
    *,
    email: str,
    password: str,
    device_token: str | None,
    one_time_code: str | None,
    client: Client,
) -> dict[str, Any]:
    """Raises InvalidCredentials and TooManyAttempts: the same, and as late, for an unknown
    address; Busy; and, once the password was right, SecondFactorRequired and InvalidSecondFactor,
    of which the latter counts as a failure."""
    context.hasher.refuse_when_full()
    user = await context.database.read(find_user_by_email, email=email)
    now = context.clock.now()
    device = context.devices.find_session_id(device_token, user=user, now=now)
    session_id, refresh_token = context.new_id(), new_refresh_token()
    async with context.attempts.counted(
        email=email, network=client.network, device=device
    ) as attempt:
        verified = await context.hasher.verify(password, user.password_hash if user else None)
        if user is None or not verified.matches or user.disabled:
            raise InvalidCredentials
        opened = await context.database.run(
            _open_session,
            seen=user,
            verified=verified,
            attempt=attempt,
            one_time_code=one_time_code,
            box=context.second_factor.box,
            session_id=session_id,
            refresh_token=refresh_token,
            user_agent=client.user_agent,
            lifetimes=context.lifetimes,
            now=context.clock.now(),
        )
    return _answer(context, opened, refresh_token)


def _open_session(
    conn: Connection,
    *,
    seen: User,
    verified: Verified,
    attempt: Attempt,
    one_time_code: str | None,
    box: SecretBox,
    session_id: str,
    refresh_token: str,
    user_agent: str | None,
    lifetimes: Lifetimes,
    now: datetime,
) -> Opened:
    user = find_locked_user(conn, user_id=seen.id)
    if user is None or user.disabled or user.password_hash != seen.password_hash:
        raise InvalidCredentials  # changed while the hash was being computed
    proved = check_second_factor(conn, user=user, code=one_time_code, box=box, now=now)
    settle(conn, attempt=attempt, looked_at=True)
    if verified.new_hash:
        update_user(conn, user_id=user.id, now=now, password_hash=verified.new_hash)
        user = get_user(conn, user_id=user.id)
    store.insert_session(
        conn,
        session_id=session_id,
        user_id=user.id,
        now=now,
        expires_at=lifetimes.expiry(now=now, began=now),
        user_agent=user_agent,
        second_factor=proved,
    )
    hashed = token_hash(refresh_token)
    store.insert_token(conn, token_hash=hashed, session_id=session_id, now=now)
    return Opened(user, session_id, proved)


async def refresh(context: Context, *, refresh_token: str) -> dict[str, Any]:
    """Raises InvalidRefreshToken, or RefreshTokenReused after it has ended the session."""
    successor = new_refresh_token()
    result = await context.database.run(
        _refresh,
        presented_hash=token_hash(refresh_token),
        successor_hash=token_hash(successor),
        lifetimes=context.lifetimes,
        now=context.clock.now(),
    )
    if result.verdict is Verdict.REUSED:
        log.warning("refresh_token_reused", session=result.session_id)
        raise RefreshTokenReused
    if result.opened is None:
        raise InvalidRefreshToken
    return _answer(context, result.opened, successor)


def _refresh(
    conn: Connection,
    *,
    presented_hash: str,
    successor_hash: str,
    lifetimes: Lifetimes,
    now: datetime,
) -> Refreshed:
    """Answers instead of raising where something must be committed."""
    session_id = store.find_session_id(conn, token_hash=presented_hash)
    session = store.lock_session(conn, session_id=session_id) if session_id else None
    presented = store.find_token(conn, token_hash=presented_hash)  # as it is under the lock
    if session is None or presented is None:
        raise InvalidRefreshToken
    user = find_user(conn, user_id=session.user_id)
    if session.revoked_at or session.expires_at <= now or user is None or user.disabled:
        raise InvalidRefreshToken
    newest = store.get_live_token(conn, session_id=session.id)
    verdict = judge(presented, newest, now)
    if verdict is Verdict.REUSED:
        store.revoke_session(conn, session_id=session.id, reason="reuse", now=now)
    if verdict in (Verdict.REUSED, Verdict.REFUSE):
        return Refreshed(verdict, session.id)
    _exchange(conn, presented, newest, successor_hash, now)
    expires_at = lifetimes.expiry(now=now, began=session.created_at)
    store.touch_session(conn, session_id=session.id, now=now, expires_at=expires_at)
    return Refreshed(verdict, session.id, Opened(user, session.id, session.second_factor))


def _exchange(
    conn: Connection, presented: RefreshToken, newest: RefreshToken, successor: str, now: datetime
) -> None:
    if presented.state is TokenState.LIVE:
        spent = {"state": TokenState.SPENT.value, "spent_at": now}
        store.update_token(conn, presented.token_hash, **spent)
    else:
        store.update_token(conn, presented.token_hash, retries=presented.retries + 1)
        store.update_token(conn, newest.token_hash, state=TokenState.SUPERSEDED.value)
    store.insert_token(
        conn,
        token_hash=successor,
        session_id=presented.session_id,
        now=now,
        generation=newest.generation + 1,
        parent=presented.generation,
    )


def _answer(context: Context, opened: Opened, refresh_token: str) -> dict[str, Any]:
    session_id, second_factor = opened.session_id, opened.second_factor
    user = context.second_factor.seen(opened.user, with_second_factor=second_factor)
    return {
        "access_token": context.issuer.user_token(user, session_id, second_factor=second_factor),
        "token_type": "Bearer",
        "expires_in": context.issuer.expires_in,
        "refresh_token": refresh_token,
        "device_token": context.devices.new(user, session_id=session_id, now=context.clock.now()),
        "scope": " ".join(user.scopes),
    }


async def log_out(context: Context, *, refresh_token: str) -> None:
    """End the session of this token, whichever generation it is of; nothing when it is unknown."""
    hashed, now = token_hash(refresh_token), context.clock.now()
    await context.database.run(_log_out, token_hash=hashed, now=now)


def _log_out(conn: Connection, *, token_hash: str, now: datetime) -> None:
    session_id = store.find_session_id(conn, token_hash=token_hash)
    if session_id is not None:
        store.revoke_session(conn, session_id=session_id, reason="logout", now=now)


async def log_out_everywhere(context: Context, *, user_id: str) -> None:
    await context.database.run(_log_out_everywhere, user_id=user_id, now=context.clock.now())


def _log_out_everywhere(conn: Connection, *, user_id: str, now: datetime) -> None:
    if find_locked_user(conn, user_id=user_id):
        store.revoke_sessions_of(conn, user_id=user_id, reason="logout_all", now=now)
