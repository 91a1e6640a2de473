"""Deleting an account: here it is gone at once, the other services hear of it and follow."""

from datetime import datetime

from sqlalchemy import Connection

from auth import repository
from auth.administration import lock_other
from auth.attempts import settle
from auth.context import Context
from auth.domain import ADMIN, User
from auth.errors import LastAdmin, OwnAccount
from auth.events import Event, EventKind, tell
from auth.grants import require_scopes
from auth.models import audit_log
from auth.role_repository import lock_roles
from auth.tries import Try, lock_trying, trying
from shopkit.audit import By, by_staff, record
from shopkit.auth import Principal


async def delete_me(
    context: Context, *, principal: Principal, password: str, network: str | None
) -> None:
    """Raises InvalidToken, WrongPassword, TooManyAttempts, Busy and LastAdmin."""
    async with trying(context, principal, network, password) as tried:
        await context.database.run(_delete_me, tried=tried)


def _delete_me(conn: Connection, *, tried: Try) -> None:
    lock_roles(conn)
    user = lock_trying(conn, tried)
    settle(conn, attempt=tried.attempt, looked_at=True)
    remove_account(conn, user=user, now=tried.now)


def remove_account(conn: Connection, *, user: User, now: datetime) -> None:
    """Of a user who is locked, as is the assignment of roles; as the last that a transaction does.
    Raises LastAdmin."""
    if ADMIN in user.roles and not repository.has_other_admin(conn, user_id=user.id):
        raise LastAdmin
    repository.delete_user(conn, user_id=user.id)
    version = {"version": user.token_version + 1}
    tell(
        conn,
        Event(EventKind.TOKENS_VOIDED, user.id, payload=version),
        Event(EventKind.USER_DELETED, user.id, kept=True),
        now=now,
    )


async def delete_user(
    context: Context, *, actor: Principal, user_id: str, if_match: str | None
) -> None:
    """Raises NotFound, PreconditionFailed, InsufficientScope, CannotGrant, OwnAccount and
    LastAdmin."""
    await context.database.run(
        _delete_user,
        actor=actor,
        by=by_staff(actor),
        user_id=user_id,
        if_match=if_match,
        now=context.clock.now(),
    )


def _delete_user(
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
        raise OwnAccount
    was = {"roles": user.roles, "disabled": user.disabled}
    record(conn, audit_log, by, "user.delete", user_id, before=was, after=None, now=now)
    remove_account(conn, user=user, now=now)
