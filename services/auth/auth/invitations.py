"""Staff are invited: by mail, to roles that the inviter may give, also when it is accepted."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from auth import invitation_repository as store
from auth.context import Context
from auth.domain import Invitation
from auth.grants import require_scopes, scopes_of
from auth.mail_limits import MailLimits, passes
from auth.mails import INVITATION, invite_by_mail
from auth.models import audit_log, idempotency_keys
from auth.repository import find_user_by_email
from auth.role_repository import lock_roles
from auth.staff_errors import AlreadyInvited, TooManyInvitations, TooManyMails
from auth.staff_schemas import InvitationInput
from shopkit.audit import By, by_staff, record
from shopkit.auth import Principal
from shopkit.errors import NotFound
from shopkit.idempotency import Answer, fingerprint, replayable

LIFETIME = timedelta(days=7)
MAX_OPEN = 100
"""They are listed in one answer."""


async def invite(
    context: Context, *, actor: Principal, payload: InvitationInput, key: str | None
) -> Answer:
    """Raises InvalidToken, InsufficientScope, CannotGrant, Invalid, AlreadyInvited,
    TooManyInvitations, TooManyMails and IdempotencyKeyReused."""
    now = context.clock.now()
    invitation = Invitation(
        id=context.new_id(),
        email=payload.email,
        name=payload.name,
        roles=tuple(sorted(set(payload.roles))),
        invited_by=actor.id,
        created_at=now,
        expires_at=now + LIFETIME,
    )
    return await context.database.run(
        _invite,
        actor=actor,
        by=by_staff(actor),
        invitation=invitation,
        key=key,
        fingerprint=fingerprint(payload, context.request_secret.hex()),
        limits=context.mail_limits,
        now=now,
    )


def _invite(
    conn: Connection,
    *,
    actor: Principal,
    by: By,
    invitation: Invitation,
    key: str | None,
    fingerprint: str,
    limits: MailLimits,
    now: datetime,
) -> Answer:
    lock_roles(conn)
    require_scopes(conn, actor, scopes_of(conn, invitation.roles), now)
    holder = find_user_by_email(conn, email=invitation.email)
    if holder is not None:  # not to an address that is merely compared as equal
        invitation = replace(invitation, email=holder.email)
    person = {"email": invitation.email, "name": invitation.name}

    def effect() -> Answer:
        _insert(conn, by, invitation, limits, now)
        shown = {name: value for name, value in vars(invitation).items() if name not in person}
        return Answer(201, shown)

    answer = replayable(
        conn,
        table=idempotency_keys,
        key=key,
        caller=by.actor,
        route="invite",
        fingerprint=fingerprint,
        now=now,
        effect=effect,
    )
    # Who was invited is not stored with the answer, which outlives the invitation.
    return replace(answer, body={**answer.body, **person})


def _insert(
    conn: Connection, by: By, invitation: Invitation, limits: MailLimits, now: datetime
) -> None:
    store.delete_expired_invitations(conn, now=now, limit=MAX_OPEN)
    if not store.insert_invitation(conn, invitation=invitation):
        raise AlreadyInvited
    if store.count_invitations(conn) > MAX_OPEN:
        raise TooManyInvitations(MAX_OPEN)
    if not passes(conn, limits.gates(INVITATION, to=invitation.email, user_id=None), now):
        raise TooManyMails
    invite_by_mail(conn, invitation=invitation, now=now)
    log_step(conn, by, "invitation.create", invitation, now)


def log_step(conn: Connection, by: By, action: str, invitation: Invitation, now: datetime) -> None:
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
    log_step(conn, by, "invitation.withdraw", invitation, now)
