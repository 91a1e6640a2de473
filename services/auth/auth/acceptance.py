"""Who is invited accepts: with a new account, or with the one that they have."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from auth import invitation_repository as store
from auth.accounts import lock_caller, new_user
from auth.context import Context
from auth.domain import Invitation, User, email_key
from auth.errors import InvalidEmailToken
from auth.grants import scopes_of
from auth.invitations import log_step
from auth.password_rules import refuse_weak
from auth.repository import find_user, get_user, insert_user, replace_roles, update_user
from auth.request_keys import Made, Making, claim, find_made, making
from auth.role_repository import lock_roles
from auth.scopes import USERS_WRITE
from auth.staff_errors import AccountExists, OtherAddress
from auth.tokens import token_hash
from shopkit.audit import By, by_user
from shopkit.auth import Principal


async def accept(
    context: Context,
    *,
    token: str,
    password: str,
    name: str | None,
    key: str | None,
    network: str | None,
) -> Made:
    """Make the account. Raises InvalidEmailToken, AccountExists, Invalid, IdempotencyKeyReused,
    RequestInProgress, TooManyAttempts and Busy."""
    hashed = token_hash(token)
    request = making(context, "accept_invitation", key, caller=hashed, says=(name,))
    if made := await find_made(context, request, password=password, network=network):
        return made
    invitation = await context.database.read(
        _get_invitation, hashed=hashed, now=context.clock.now()
    )
    refuse_weak(
        password, email=invitation.email, min_length=context.password_min, pointer="/password"
    )
    user_id = context.new_id()
    user = await context.database.run(
        _accept,
        hashed=hashed,
        by=by_user(user_id),
        user_id=user_id,
        request=request,
        password_hash=await context.hasher.hash(password),
        name=name,
        now=context.clock.now(),
    )
    return Made(user)


def _accept(
    conn: Connection,
    *,
    hashed: str,
    by: By,
    user_id: str,
    request: Making | None,
    password_hash: str,
    name: str | None,
    now: datetime,
) -> User:
    claim(conn, request, user_id=user_id, now=now)
    invitation = _take(conn, hashed, now)
    user = new_user(
        user_id=user_id,
        email=invitation.email,
        name=name or invitation.name,
        password_hash=password_hash,
        roles=invitation.roles,
        now=now,
    )
    if not insert_user(conn, user=replace(user, email_verified=True)):
        raise AccountExists
    log_step(conn, by, "invitation.accept", invitation, now)
    return get_user(conn, user_id=user_id)


async def join(context: Context, *, principal: Principal, token: str) -> User:
    """Give the roles to the caller, beside their own. Raises InvalidToken, InvalidEmailToken and
    OtherAddress."""
    return await context.database.run(
        _join,
        principal=principal,
        by=by_user(principal.id),
        hashed=token_hash(token),
        now=context.clock.now(),
    )


def _join(conn: Connection, *, principal: Principal, by: By, hashed: str, now: datetime) -> User:
    """The mail verifies the address that it was sent to, and no other that is equal to it."""
    invitation = _take(conn, hashed, now)
    user = lock_caller(conn, principal=principal, now=now)
    if email_key(user.email) != email_key(invitation.email):
        raise OtherAddress
    replace_roles(conn, user_id=user.id, names=sorted({*user.roles, *invitation.roles}))
    verified = user.email_verified or user.email == invitation.email
    update_user(conn, user_id=user.id, now=now, email_verified=verified)
    log_step(conn, by, "invitation.accept", invitation, now)
    return get_user(conn, user_id=user.id)


def _take(conn: Connection, hashed: str, now: datetime) -> Invitation:
    """The invitation, which is gone when this transaction is committed: of many at once, one gets
    it. Raises InvalidEmailToken."""
    lock_roles(conn)
    invitation = _get_invitation(conn, hashed=hashed, now=now)
    store.delete_invitation(conn, invitation_id=invitation.id)
    return invitation


def _get_invitation(conn: Connection, *, hashed: str, now: datetime) -> Invitation:
    """Raises InvalidEmailToken, also when who has invited may not give these roles any more."""
    invitation = store.find_invitation_by_token(conn, token_hash=hashed, now=now)
    if invitation is None or not _stands(conn, invitation):
        raise InvalidEmailToken
    return invitation


def _stands(conn: Connection, invitation: Invitation) -> bool:
    inviter = find_user(conn, user_id=invitation.invited_by)
    if inviter is None or inviter.disabled:
        return False
    return scopes_of(conn, invitation.roles) | {USERS_WRITE} <= set(inviter.scopes)
