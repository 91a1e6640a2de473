"""The mails of accounts: queued with what causes them, written when they are sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from auth.domain import Invitation, User
from auth.email_token_repository import insert_token
from auth.email_tokens import LIFETIME, EmailTokens, Purpose
from auth.invitation_repository import find_invitation, set_token
from auth.mail_limits import MailLimits, passes
from auth.models import outbox
from auth.repository import find_user, find_user_by_email
from auth.tokens import token_hash
from shopkit.clock import Clock
from shopkit.db import Database
from shopkit.ids import new_id
from shopkit.outbox import emit
from shopkit.postman import MAIL, Postman

INVITATION = "invitation"
PATHS: Mapping[str, str] = {
    Purpose.VERIFY_EMAIL: "/verify-email",
    Purpose.RESET_PASSWORD: "/reset-password",
    Purpose.CHANGE_EMAIL: "/confirm-email",
    INVITATION: "/invitation",
}
"""What the storefront serves. The token is in the fragment, which browsers send to nobody."""
EMAIL_TAKEN = "email_taken"


class Notice(StrEnum):
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a name
    EMAIL_CHANGED = "email_changed"


_NOTICES = frozenset(notice.value for notice in Notice)


def ask(
    conn: Connection,
    *,
    limits: MailLimits,
    purpose: Purpose,
    to: str,
    user_id: str | None,
    now: datetime,
    network: str | None = None,
) -> None:
    """Queue a mail with a token, unless there were too many. The same work whoever has `to`: that
    is looked at when the mail is written, where nobody waits for an answer."""
    gates = limits.gates(purpose.value, to=to, user_id=user_id, network=network)
    if passes(conn, gates, now):
        _queue(conn, purpose.value, to, user_id, now)


def tell(
    conn: Connection, *, limits: MailLimits, notice: Notice, user: User, now: datetime
) -> None:
    """Queue a mail to the user's address as it is in `user`, unless it was told so too often: who
    registers another's address could fill their mailbox by changing things."""
    if passes(conn, limits.gates(notice.value, to=user.email, user_id=None), now):
        _queue(conn, notice.value, user.email, user.id, now)


def invite_by_mail(conn: Connection, *, invitation: Invitation, now: datetime) -> None:
    """Queue the mail with its token."""
    _queue(conn, INVITATION, invitation.email, None, now, mail_id=invitation.id)


def _queue(
    conn: Connection,
    kind: str,
    to: str,
    user_id: str | None,
    now: datetime,
    mail_id: str | None = None,
) -> None:
    payload = {
        "id": mail_id or new_id(),
        "kind": kind,
        "to": to,
        "user_id": user_id,
        "at": now.isoformat(),
    }
    emit(conn, outbox, topic=MAIL, payload=payload, now=now)


@dataclass(frozen=True)
class Letter:
    to: str
    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    """Of this template alone."""


class AccountMails:
    """Takes what was queued out of the outbox, and sends it."""

    def __init__(
        self,
        database: Database,
        postman: Postman,
        tokens: EmailTokens,
        link: Callable[[str], str],
        clock: Clock,
    ) -> None:
        self._database, self._postman, self._clock = database, postman, clock
        self._tokens, self._link = tokens, link

    async def deliver(self, payload: Mapping[str, Any]) -> None:
        """Raises MailDelayed."""
        await self._deliver(**payload)

    async def _deliver(self, *, id: str, kind: str, to: str, user_id: str | None, at: str) -> None:
        token = self._tokens.token(id)
        letter: Letter | None = Letter(to, kind)
        if kind == INVITATION:
            letter = await self._database.run(
                _prepare_invitation,
                invitation_id=id,
                hashed=token_hash(token),
                now=self._clock.now(),
            )
        elif kind not in _NOTICES:
            letter = await self._database.run(
                _prepare,
                purpose=Purpose(kind),
                to=to,
                user_id=user_id,
                hashed=token_hash(token),
                now=self._clock.now(),
            )
        if letter is None:
            return
        path = PATHS.get(letter.template)
        link = self._link(f"{path}#token={token}" if path else "/")
        await self._postman.send(
            id=id,
            to=letter.to,
            template=letter.template,
            values={"link": link, "minutes": LIFETIME.seconds // 60, **letter.values},
            made_at=datetime.fromisoformat(at),
        )


def _prepare(
    conn: Connection,
    *,
    purpose: Purpose,
    to: str,
    user_id: str | None,
    hashed: str,
    now: datetime,
) -> Letter | None:
    """None when there is nobody to write to, or no reason any more. Who has an account is written
    to at the address that it has: what somebody typed may be another that is compared as equal."""
    holder = find_user_by_email(conn, email=to)
    user = find_user(conn, user_id=user_id) if user_id else holder
    if user is None or user.disabled:
        return None
    if purpose is Purpose.CHANGE_EMAIL and holder is not None and holder.id != user.id:
        return Letter(holder.email, EMAIL_TAKEN)
    if purpose is Purpose.VERIFY_EMAIL and (user.email_verified or user != holder):
        return None
    email = to if purpose is Purpose.CHANGE_EMAIL else user.email
    insert_token(conn, token_hash=hashed, user=user, purpose=purpose, email=email, now=now)
    return Letter(email, purpose.value)


def _prepare_invitation(
    conn: Connection, *, invitation_id: str, hashed: str, now: datetime
) -> Letter | None:
    """None when it was withdrawn meanwhile."""
    invitation = find_invitation(conn, invitation_id=invitation_id, now=now)
    inviter = find_user(conn, user_id=invitation.invited_by) if invitation else None
    if invitation is None or inviter is None:
        return None
    set_token(conn, invitation_id=invitation_id, token_hash=hashed)
    values = {"inviter": inviter.email, "roles": ", ".join(invitation.roles)}
    return Letter(invitation.email, INVITATION, values)
