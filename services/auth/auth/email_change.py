"""Another e-mail address for an account: asked for with the password, confirmed from there."""

from datetime import datetime

from sqlalchemy import Connection

from auth.attempts import settle
from auth.context import Context
from auth.email_tokens import Purpose
from auth.errors import EmailTaken
from auth.mail_limits import MailLimits
from auth.mails import Notice, ask, tell
from auth.proofs import spend_proof
from auth.repository import update_email
from auth.session_repository import revoke_sessions_of
from auth.tokens import token_hash
from auth.tries import Try, lock_trying, trying
from shopkit.auth import Principal


async def ask_for_change(
    context: Context, *, principal: Principal, new_email: str, password: str, network: str | None
) -> None:
    """Raises InvalidToken, WrongPassword, TooManyAttempts and Busy. Whether the address is somebody
    else's is looked at when the mail is written."""
    async with trying(context, principal, network, password) as tried:
        await context.database.run(
            _ask_for_change, tried=tried, new_email=new_email, limits=context.mail_limits
        )


def _ask_for_change(conn: Connection, *, tried: Try, new_email: str, limits: MailLimits) -> None:
    user = lock_trying(conn, tried)
    settle(conn, attempt=tried.attempt, looked_at=True)
    purpose, now = Purpose.CHANGE_EMAIL, tried.now
    ask(conn, limits=limits, purpose=purpose, to=new_email, user_id=user.id, now=now)


async def confirm_email(context: Context, *, token: str) -> None:
    """Ends all of the user's sessions. Raises InvalidEmailToken, and EmailTaken when somebody has
    made an account with the address in the meantime."""
    hashed, now = token_hash(token), context.clock.now()
    await context.database.run(_confirm_email, hashed=hashed, limits=context.mail_limits, now=now)


def _confirm_email(conn: Connection, *, hashed: str, limits: MailLimits, now: datetime) -> None:
    """Also in sessions: the access tokens of before name the old address."""
    proof = spend_proof(conn, token_hash=hashed, purpose=Purpose.CHANGE_EMAIL, now=now)
    user = proof.user
    if not update_email(conn, user_id=user.id, email=proof.email, now=now):
        raise EmailTaken
    tell(conn, limits=limits, notice=Notice.EMAIL_CHANGED, user=user, now=now)
    revoke_sessions_of(conn, user_id=user.id, reason="email_changed", now=now)
