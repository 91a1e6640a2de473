"""What staff do with users: find them, give and take roles, and disable them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from auth import repository, second_factor
from auth.accounts import tag_of
from auth.context import Context
from auth.domain import ADMIN, User
from auth.errors import LastAdmin, OwnAccount
from auth.events import void_tokens
from auth.grants import require_scopes, scopes_of
from auth.invitation_repository import delete_invitations_by
from auth.models import audit_log
from auth.role_repository import lock_roles
from auth.session_repository import revoke_sessions_of
from shopkit.audit import By, by_staff, record
from shopkit.auth import Principal
from shopkit.conditional import check_if_match


@dataclass(frozen=True)
class UserPage:
    users: list[User]
    next_cursor: str | None
    total: int | None
    """Only when it was asked for."""


async def list_users(
    context: Context,
    *,
    q: str | None,
    cursor: str | None,
    limit: int,
    count: bool,
) -> UserPage:
    """Newest first. Raises InvalidCursor."""
    query = f"users:{q or ''}"
    before = context.cursors.decode(query, cursor)[0] if cursor else None
    found, total = await context.database.read_slow(
        _list_users, q=q, before=before, limit=limit + 1, count=count
    )
    page = found[:limit]
    more = context.cursors.encode(query, [page[-1].id]) if len(found) > limit else None
    return UserPage(page, more, total)


def _list_users(
    conn: Connection, *, q: str | None, before: str | None, limit: int, count: bool
) -> tuple[list[User], int | None]:
    found = repository.list_users(conn, q=q, before=before, limit=limit)
    return found, repository.count_users(conn, q=q) if count else None


async def get_user(context: Context, *, user_id: str) -> User:
    """Raises NotFound."""
    return await context.database.read(repository.get_user, user_id=user_id)


async def set_roles(
    context: Context,
    *,
    actor: Principal,
    user_id: str,
    roles: Sequence[str],
    if_match: str | None,
) -> User:
    """Raises NotFound, PreconditionFailed, Invalid, InsufficientScope, CannotGrant, LastAdmin."""
    return await context.database.run(
        _set_roles,
        actor=actor,
        user_id=user_id,
        by=by_staff(actor),
        wanted=frozenset(roles),
        if_match=if_match,
        now=context.clock.now(),
    )


def _set_roles(
    conn: Connection,
    *,
    actor: Principal,
    by: By,
    user_id: str,
    wanted: frozenset[str],
    if_match: str | None,
    now: datetime,
) -> User:
    user = lock_other(conn, user_id, if_match)
    changed = wanted ^ set(user.roles)
    concerned = scopes_of(conn, changed)
    require_scopes(conn, actor, concerned, now)
    if ADMIN in changed - wanted:
        _require_other_admin(conn, user_id)
    if changed:
        repository.replace_roles(conn, user_id=user_id, names=sorted(wanted))
        repository.update_user(conn, user_id=user_id, now=now)
        was, given = {"roles": user.roles}, {"roles": sorted(wanted)}
        record(conn, audit_log, by, "user.set_roles", user_id, before=was, after=given, now=now)
        void_tokens(conn, user_id=user_id, now=now)
    return repository.get_user(conn, user_id=user_id)


async def set_disabled(
    context: Context, *, actor: Principal, user_id: str, disabled: bool, if_match: str | None
) -> User:
    """Raises NotFound, PreconditionFailed, InsufficientScope, CannotGrant, OwnAccount and
    LastAdmin."""
    return await context.database.run(
        _set_disabled,
        actor=actor,
        by=by_staff(actor),
        user_id=user_id,
        disabled=disabled,
        if_match=if_match,
        now=context.clock.now(),
    )


def _set_disabled(
    conn: Connection,
    *,
    actor: Principal,
    by: By,
    user_id: str,
    disabled: bool,
    if_match: str | None,
    now: datetime,
) -> User:
    """Also ends the user's sessions and withdraws their invitations, so that enabling brings none
    back."""
    user = lock_other(conn, user_id, if_match)
    require_scopes(conn, actor, user.scopes, now)
    if user.disabled == disabled:
        return user
    if disabled and user_id == actor.id:
        raise OwnAccount
    if disabled and ADMIN in user.roles:
        _require_other_admin(conn, user_id)
    repository.update_user(conn, user_id=user_id, now=now, disabled=disabled)
    delete_invitations_by(conn, user_id=user_id)
    action = "user.disable" if disabled else "user.enable"
    was, is_now = {"disabled": user.disabled}, {"disabled": disabled}
    record(conn, audit_log, by, action, user_id, before=was, after=is_now, now=now)
    revoke_sessions_of(conn, user_id=user_id, reason="disabled", now=now)
    return repository.get_user(conn, user_id=user_id)


async def reset_second_factor(
    context: Context, *, actor: Principal, user_id: str, if_match: str | None
) -> None:
    """Raises NotFound, PreconditionFailed, InsufficientScope, CannotGrant and OwnAccount."""
    await context.database.run(
        _reset_second_factor,
        actor=actor,
        by=by_staff(actor),
        user_id=user_id,
        if_match=if_match,
        now=context.clock.now(),
    )


def _reset_second_factor(
    conn: Connection,
    *,
    actor: Principal,
    by: By,
    user_id: str,
    if_match: str | None,
    now: datetime,
) -> None:
    user = lock_other(conn, user_id, if_match)
    require_scopes(conn, actor, user.scopes, now)
    if user_id == actor.id:
        raise OwnAccount("Switch off your own with `DELETE /api/auth/second-factor`.")
    second_factor.reset(conn, user_id=user_id, by=by, now=now)


def lock_other(conn: Connection, user_id: str, if_match: str | None) -> User:
    """The user, whom nobody else changes until the transaction ends; nor does anybody's role."""
    lock_roles(conn)
    user = repository.lock_user(conn, user_id=user_id)
    check_if_match(if_match, tag_of(user))
    return user


def _require_other_admin(conn: Connection, user_id: str) -> None:
    if not repository.has_other_admin(conn, user_id=user_id):
        raise LastAdmin
