"""Accounts: register, and read and change one's own and its password."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from auth.attempts import Attempt, settle
from auth.context import Context
from auth.domain import CUSTOMER, HIDDEN, User, email_key, fingerprint
from auth.email_tokens import Purpose
from auth.errors import EmailTaken, WrongPassword
from auth.mail_limits import MailLimits
from auth.mails import Notice, ask, tell
from auth.password_rules import refuse_weak
from auth.preferences import preference_changes
from auth.repository import (
    find_locked_user,
    find_user_of_session,
    get_user,
    insert_user,
    update_user,
)
from auth.request_keys import Made, Making, claim, find_made, making
from auth.second_factor_checks import without_staff_rights
from auth.session_repository import revoke_sessions_of
from shopkit.auth import Principal
from shopkit.conditional import check_if_match, etag
from shopkit.errors import InvalidToken


def tag_of(user: User) -> str:
    """Changes with whatever is shown of a user, roles and their scopes included."""
    shown = {name: value for name, value in asdict(user).items() if name not in HIDDEN}
    return fingerprint(shown)


def entity_tag(user: User) -> str:
    return etag(tag_of(user))


async def register(
    context: Context,
    *,
    email: str,
    password: str,
    name: str | None,
    key: str | None,
    network: str | None,
) -> Made:
    """Raises Invalid, EmailTaken, IdempotencyKeyReused, RequestInProgress, TooManyAttempts and
    Busy."""
    refuse_weak(password, email=email, min_length=context.password_min, pointer="/password")
    request = making(context, "register", key, caller=email_key(email), says=(email, name))
    if made := await find_made(context, request, password=password, network=network):
        return made
    password_hash = await context.hasher.hash(password)
    user = new_user(
        user_id=context.new_id(),
        email=email,
        name=name,
        password_hash=password_hash,
        roles=(CUSTOMER,),
        now=context.clock.now(),
    )
    limits = context.mail_limits
    return Made(await context.database.run(_insert, user=user, request=request, limits=limits))


def new_user(
    *,
    user_id: str,
    email: str,
    name: str | None,
    password_hash: str,
    roles: tuple[str, ...],
    now: datetime,
) -> User:
    return User(
        id=user_id,
        email=email,
        name=name,
        password_hash=password_hash,
        roles=roles,
        scopes=(),
        email_verified=False,
        disabled=False,
        created_at=now,
        updated_at=now,
    )


def _insert(conn: Connection, *, user: User, request: Making | None, limits: MailLimits) -> User:
    """Also asks for the mail that verifies the address."""
    claim(conn, request, user_id=user.id, now=user.created_at)
    if not insert_user(conn, user=user):
        raise EmailTaken
    verify, now = Purpose.VERIFY_EMAIL, user.created_at
    ask(conn, limits=limits, purpose=verify, to=user.email, user_id=user.id, now=now)
    return get_user(conn, user_id=user.id)


async def get_me(context: Context, *, principal: Principal) -> User:
    """Raises InvalidToken when the session is over, even before the access token is."""
    user = await context.database.read(
        find_user_of_session,
        user_id=principal.id,
        session_id=principal.session_id,
        now=context.clock.now(),
    )
    if user is None:
        raise InvalidToken
    return _seen(user, principal)


def _seen(user: User, principal: Principal) -> User:
    """As their session allows, so that what is shown is what the access token is good for."""
    return without_staff_rights(user) if principal.second_factor_required else user


def lock_caller(conn: Connection, *, principal: Principal, now: datetime) -> User:
    """The caller, whom nobody else changes until the transaction ends. Raises InvalidToken when the
    session is over, or the account is."""
    user, session_id = find_locked_user(conn, user_id=principal.id), principal.session_id
    if user is None or not find_user_of_session(
        conn, user_id=user.id, session_id=session_id, now=now
    ):
        raise InvalidToken
    return user


async def update_me(
    context: Context, *, principal: Principal, changes: dict[str, Any], if_match: str | None
) -> User:
    """Raises InvalidToken and PreconditionFailed."""
    return await context.database.run(
        _update_me,
        principal=principal,
        changes=changes,
        if_match=if_match,
        now=context.clock.now(),
    )


def _update_me(
    conn: Connection,
    *,
    principal: Principal,
    changes: dict[str, Any],
    if_match: str | None,
    now: datetime,
) -> User:
    user = lock_caller(conn, principal=principal, now=now)
    check_if_match(if_match, tag_of(_seen(user, principal)))
    own = {name: value for name, value in changes.items() if name != "preferences"}
    own |= preference_changes(user, changes.get("preferences", {}), now)
    if own:
        update_user(conn, user_id=user.id, now=now, **own)
    return _seen(get_user(conn, user_id=user.id), principal)


async def change_password(
    context: Context, *, principal: Principal, current: str, new: str, network: str | None
) -> None:
    """Ends the user's other sessions. Raises InvalidToken, Invalid, WrongPassword, TooManyAttempts
    and Busy."""
    user = await get_me(context, principal=principal)
    refuse_weak(new, email=user.email, min_length=context.password_min, pointer="/new_password")
    async with context.attempts.counted(
        email=user.email, network=network, device=principal.session_id
    ) as attempt:
        verified = await context.hasher.verify(current, user.password_hash)
        if not verified.matches:
            raise WrongPassword
        password_hash = await context.hasher.hash(new)
    await context.database.run(
        _change_password,
        principal=principal,
        seen=user,
        attempt=attempt,
        password_hash=password_hash,
        limits=context.mail_limits,
        now=context.clock.now(),
    )


def _change_password(
    conn: Connection,
    *,
    principal: Principal,
    seen: User,
    attempt: Attempt,
    password_hash: str,
    limits: MailLimits,
    now: datetime,
) -> None:
    """Under the lock that logins take, so that none with the old password outlives it."""
    user, session_id = lock_caller(conn, principal=principal, now=now), principal.session_id
    if user.password_hash != seen.password_hash:
        raise WrongPassword  # changed while the hashes were being computed
    settle(conn, attempt=attempt, looked_at=True)
    update_user(conn, user_id=user.id, now=now, password_hash=password_hash)
    tell(conn, limits=limits, notice=Notice.PASSWORD_CHANGED, user=user, now=now)
    revoke_sessions_of(conn, user_id=user.id, reason="password_changed", now=now, but=session_id)
