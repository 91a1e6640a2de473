"""Staff are invited: by mail, to roles that the inviter may give, also when it is accepted."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from auth import invitation_repository as store
from auth.accounts import lock_caller, new_user
from auth.context import Context
from auth.domain import Invitation, User, email_key
from auth.errors import InvalidEmailToken
from auth.grants import require_scopes, scopes_of
from auth.mail_limits import MailLimits, passes
from auth.mails import INVITATION, invite_by_mail
from auth.models import audit_log
from auth.password_rules import refuse_weak
from auth.repository import (
    find_user,
    find_user_by_email,
    get_user,
    insert_user,
    replace_roles,
    update_user,
)
from auth.role_repository import lock_roles
from auth.scopes import USERS_WRITE
from auth.staff_errors import (
    AccountExists,
    AlreadyInvited,
    OtherAddress,
    TooManyInvitations,
    TooManyMails,
)
from auth.tokens import token_hash
from shopkit.audit import By, by_staff, by_user, record
from shopkit.auth import Principal
from shopkit.errors import NotFound

LIFETIME = timedelta(days=7)
MAX_OPEN = 100
"""They are listed in one answer."""


async def invite(
    context: Context, *, actor: Principal, email: str, name: str | None, roles: Iterable[str]
) -> Invitation:
    """Raises InvalidToken, InsufficientScope, CannotGrant, Invalid, AlreadyInvited,
    TooManyInvitations and TooManyMails."""
    now = context.clock.now()
    invitation = Invitation(
        id=context.new_id(),
        email=email,
        name=name,
        roles=tuple(sorted(set(roles))),
        invited_by=actor.id,
        created_at=now,
        expires_at=now + LIFETIME,
    )
    return await context.database.run(
        _invite,
        actor=actor,
        by=by_staff(actor),
        invitation=invitation,
        limits=context.mail_limits,
        now=now,
    )


def _invite(
    conn: Connection,
    *,
    actor: Principal,
    by: By,
    invitation: Invitation,
    limits: MailLimits,
    now: datetime,
) -> Invitation:
    lock_roles(conn)
    require_scopes(conn, actor, scopes_of(conn, invitation.roles), now)
    store.delete_expired_invitations(conn, now=now, limit=MAX_OPEN)
    holder = find_user_by_email(conn, email=invitation.email)
    if holder is not None:  # not to an address that is merely compared as equal
        invitation = replace(invitation, email=holder.email)
    if not store.insert_invitation(conn, invitation=invitation):
        raise AlreadyInvited
    if store.count_invitations(conn) > MAX_OPEN:
        raise TooManyInvitations(MAX_OPEN)
    if not passes(conn, limits.gates(INVITATION, to=invitation.email, user_id=None), now):
        raise TooManyMails
    invite_by_mail(conn, invitation=invitation, now=now)
    _record(conn, by, "invitation.create", invitation, now)
    return invitation


def _record(conn: Connection, by: By, action: str, invitation: Invitation, now: datetime) -> None:
    """The address is nobody's business in a log that stays for ever."""
    offered = {"roles": invitation.roles}
    was, is_now = (None, offered) if action == "invitation.create" else (offered, None)
    record(conn, audit_log, by, action, invitation.id, before=was, after=is_now, now=now)


async def list_invitations(context: Context) -> list[Invitation]:
    return await context.database.read(store.list_invitations, now=context.clock.now())


async def withdraw(context: Context, *, actor: Principal, invitation_id: str) -> None:
    """Raises InvalidToken, InsufficientScope and NotFound."""
    await context.database.run(
        _withdraw,
        actor=actor,
        by=by_staff(actor),
        invitation_id=invitation_id,
        now=context.clock.now(),
    )


def _withdraw(
    conn: Connection, *, actor: Principal, by: By, invitation_id: str, now: datetime
) -> None:
    """Whatever it offers: that nobody gets it raises nobody's privileges."""
    lock_roles(conn)
    require_scopes(conn, actor, (), now)
    invitation = store.find_invitation(conn, invitation_id=invitation_id, now=now)
    if invitation is None:
        raise NotFound
    store.delete_invitation(conn, invitation_id=invitation_id)
    _record(conn, by, "invitation.withdraw", invitation, now)


async def accept(context: Context, *, token: str, password: str, name: str | None) -> User:
    """Make the account. Raises InvalidEmailToken, AccountExists, Invalid and Busy."""
    hashed = token_hash(token)
    invitation = await context.database.read(
        _get_invitation, hashed=hashed, now=context.clock.now()
    )
    refuse_weak(
        password, email=invitation.email, min_length=context.password_min, pointer="/password"
    )
    user_id = context.new_id()
    return await context.database.run(
        _accept,
        hashed=hashed,
        by=by_user(user_id),
        user_id=user_id,
        password_hash=await context.hasher.hash(password),
        name=name,
        now=context.clock.now(),
    )


def _accept(
    conn: Connection,
    *,
    hashed: str,
    by: By,
    user_id: str,
    password_hash: str,
    name: str | None,
    now: datetime,
) -> User:
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
    _record(conn, by, "invitation.accept", invitation, now)
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
    _record(conn, by, "invitation.accept", invitation, now)
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
