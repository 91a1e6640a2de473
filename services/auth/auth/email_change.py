"""Another e-mail address for an account: asked for with the password, confirmed from there."""

from datetime import datetime

from sqlalchemy import Connection

from auth.accounts import get_me
from auth.attempts import Attempt, settle
from auth.context import Context
from auth.domain import User
from auth.email_tokens import Purpose
from auth.errors import EmailTaken, WrongPassword
from auth.mail_limits import MailLimits
from auth.mails import Notice, ask, tell
from auth.proofs import spend_proof
from auth.repository import find_user_of_session, lock_user, update_email
from auth.session_repository import revoke_sessions_of
from auth.tokens import token_hash
from shopkit.auth import Principal
from shopkit.errors import InvalidToken


async def ask_for_change(
    context: Context, *, principal: Principal, new_email: str, password: str, network: str | None
) -> None:
    """Raises InvalidToken, WrongPassword, TooManyAttempts and Busy. Whether the address is somebody
    else's is looked at when the mail is written."""
    user = await get_me(context, principal=principal)
    async with context.attempts.counted(
        email=user.email, network=network, device=principal.session_id
    ) as attempt:
        verified = await context.hasher.verify(password, user.password_hash)
        if not verified.matches:
            raise WrongPassword("/password")
    await context.database.run(
        _ask_for_change,
        principal=principal,
        seen=user,
        attempt=attempt,
        new_email=new_email,
        limits=context.mail_limits,
        now=context.clock.now(),
    )


def _ask_for_change(
    conn: Connection,
    *,
    principal: Principal,
    seen: User,
    attempt: Attempt,
    new_email: str,
    limits: MailLimits,
    now: datetime,
) -> None:
    user = lock_user(conn, user_id=seen.id)
    session_id = principal.session_id
    if not find_user_of_session(conn, user_id=user.id, session_id=session_id, now=now):
        raise InvalidToken
    if user.password_hash != seen.password_hash:
        raise WrongPassword("/password")  # changed while the hash was being computed
    settle(conn, attempt=attempt, looked_at=True)
    purpose = Purpose.CHANGE_EMAIL
    ask(conn, limits=limits, purpose=purpose, to=new_email, user_id=user.id, now=now)


async def confirm_email(context: Context, *, token: str) -> None:
    """Ends all of the user's sessions. Raises InvalidEmailToken, and EmailTaken when somebody has
    made an account with the address in the meantime."""
    hashed, now = token_hash(token), context.clock.now()
    await context.database.run(_confirm_email, hashed=hashed, now=now)


def _confirm_email(conn: Connection, *, hashed: str, now: datetime) -> None:
    """Also in sessions: the access tokens of before name the old address."""
    proof = spend_proof(conn, token_hash=hashed, purpose=Purpose.CHANGE_EMAIL, now=now)
    user = proof.user
    if not update_email(conn, user_id=user.id, email=proof.email, now=now):
        raise EmailTaken
    tell(conn, notice=Notice.EMAIL_CHANGED, user=user, now=now)
    revoke_sessions_of(conn, user_id=user.id, reason="email_changed", now=now)
