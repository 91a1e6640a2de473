"""One's own second factor: begin, confirm, look at it, renew its recovery codes, switch it off.

Switching it on or off ends the other sessions.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from auth import recovery_codes, totp
from auth import second_factor_repository as store
from auth.accounts import get_me
from auth.attempts import settle
from auth.context import Context
from auth.domain import User
from auth.errors import SecondFactorActive, SecondFactorInactive, WrongCode
from auth.events import void_tokens
from auth.models import audit_log
from auth.repository import lock_user
from auth.second_factor_checks import spend_code
from auth.session_repository import revoke_sessions_of, update_second_factor
from auth.tries import Try, lock_trying, trying
from shopkit.audit import By, record
from shopkit.auth import Principal

NAME = "second_factor"


@dataclass(frozen=True)
class Begun:
    secret: str
    uri: str


@dataclass(frozen=True)
class State:
    active: bool
    activated_at: datetime | None
    recovery_codes_left: int


async def begin(
    context: Context, *, principal: Principal, password: str, network: str | None
) -> Begun:
    """A secret that counts once it is confirmed; it replaces one that is not. Raises InvalidToken,
    SecondFactorActive, WrongPassword, TooManyAttempts and Busy."""
    secret, policy = totp.new_secret(), context.second_factor
    sealed = policy.box.seal(secret, owner=principal.id)
    async with trying(context, principal, network, password) as tried:
        await context.database.run(_begin, tried=tried, sealed_secret=sealed)
    uri = totp.app_uri(secret, account=tried.seen.email, shop_name=policy.shop_name)
    return Begun(totp.shown_secret(secret), uri)


def _begin(conn: Connection, *, tried: Try, sealed_secret: str) -> None:
    user = lock_trying(conn, tried)
    if user.second_factor:
        raise SecondFactorActive
    settle(conn, attempt=tried.attempt, looked_at=True)
    store.insert_factor(conn, user_id=user.id, sealed_secret=sealed_secret, now=tried.now)


async def confirm(
    context: Context, *, principal: Principal, code: str, network: str | None
) -> list[str]:
    """The recovery codes of the factor that is on from now. Raises InvalidToken,
    SecondFactorActive, SecondFactorInactive, WrongCode and TooManyAttempts."""
    codes = recovery_codes.new_codes()
    async with trying(context, principal, network) as tried:
        await context.database.run(_confirm, tried=tried, code=code, codes=codes)
    return codes


def _confirm(conn: Connection, *, tried: Try, code: str, codes: list[str]) -> None:
    """The session that does so has shown both factors, and counts as opened with them."""
    user, now = lock_trying(conn, tried), tried.now
    if user.second_factor:
        raise SecondFactorActive
    pending = store.find_factor(conn, user_id=user.id)
    secret = tried.box.open(pending.sealed_secret, owner=user.id) if pending else None
    if secret is None:
        raise SecondFactorInactive
    step = totp.find_step(secret, code, now=now, after=None)
    if step is None:
        raise WrongCode
    settle(conn, attempt=tried.attempt, looked_at=True)
    store.confirm_factor(conn, user_id=user.id, step=step, now=now)
    _replace_codes(conn, user.id, codes)
    _end_others(conn, tried, with_second_factor=True)


async def get_state(context: Context, *, principal: Principal) -> State:
    """Raises InvalidToken."""
    await get_me(context, principal=principal)
    return await context.database.read(_get_state, user_id=principal.id)


def _get_state(conn: Connection, *, user_id: str) -> State:
    factor = store.find_factor(conn, user_id=user_id)
    if factor is None or factor.confirmed_at is None:
        return State(active=False, activated_at=None, recovery_codes_left=0)
    left = store.count_recovery_codes(conn, user_id=user_id)
    return State(active=True, activated_at=factor.confirmed_at, recovery_codes_left=left)


async def renew_recovery_codes(
    context: Context, *, principal: Principal, code: str, network: str | None
) -> list[str]:
    """The old ones are worth nothing any more. Raises InvalidToken, SecondFactorInactive, WrongCode
    and TooManyAttempts."""
    codes = recovery_codes.new_codes()
    async with trying(context, principal, network) as tried:
        await context.database.run(_renew, tried=tried, code=code, codes=codes)
    return codes


def _renew(conn: Connection, *, tried: Try, code: str, codes: list[str]) -> None:
    user = _prove(conn, tried, code)
    _replace_codes(conn, user.id, codes)


async def switch_off(
    context: Context, *, principal: Principal, password: str, code: str, network: str | None
) -> None:
    """Raises InvalidToken, SecondFactorInactive, WrongPassword, WrongCode, TooManyAttempts and
    Busy."""
    async with trying(context, principal, network, password) as tried:
        await context.database.run(_switch_off, tried=tried, code=code)


def _switch_off(conn: Connection, *, tried: Try, code: str) -> None:
    user = _prove(conn, tried, code)
    store.delete_factor(conn, user_id=user.id)
    _end_others(conn, tried, with_second_factor=False)


def _prove(conn: Connection, tried: Try, code: str) -> User:
    user = lock_trying(conn, tried)
    if not user.second_factor:
        raise SecondFactorInactive
    if not spend_code(conn, user_id=user.id, code=code, box=tried.box, now=tried.now):
        raise WrongCode
    settle(conn, attempt=tried.attempt, looked_at=True)
    return user


def _replace_codes(conn: Connection, user_id: str, codes: list[str]) -> None:
    hashes = [recovery_codes.code_hash(code) for code in codes]
    store.replace_recovery_codes(conn, user_id=user_id, hashes=hashes)


def _end_others(conn: Connection, tried: Try, *, with_second_factor: bool) -> None:
    """The one that goes on is from its next refresh like one that was opened so."""
    mine, user_id = tried.principal.session_id, tried.principal.id
    reason = "second_factor_changed"
    update_second_factor(conn, session_id=mine, with_second_factor=with_second_factor)
    revoke_sessions_of(conn, user_id=user_id, reason=reason, now=tried.now, but=mine)
    void_tokens(conn, user_id=user_id, now=tried.now)


def reset(conn: Connection, *, user_id: str, by: By, now: datetime) -> bool:
    """For who has lost app and recovery codes; ends their sessions. False when there was none."""
    lock_user(conn, user_id=user_id)
    found = store.delete_factor(conn, user_id=user_id)
    if found:
        action, was, is_now = "user.reset_second_factor", {NAME: True}, {NAME: False}
        record(conn, audit_log, by, action, user_id, before=was, after=is_now, now=now)
        revoke_sessions_of(conn, user_id=user_id, reason="second_factor_reset", now=now)
    return found
