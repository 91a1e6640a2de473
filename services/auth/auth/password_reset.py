"""A new password for who has forgotten theirs, and can read their mail."""

from datetime import datetime

from sqlalchemy import Connection

from auth.context import Context
from auth.email_tokens import Purpose
from auth.failure_repository import delete_counter
from auth.mail_limits import MailLimits
from auth.mails import Notice, ask, tell
from auth.password_rules import refuse_weak
from auth.proofs import get_proof, spend_proof
from auth.repository import update_user
from auth.second_factor_repository import delete_factor
from auth.session_repository import revoke_sessions_of
from auth.tokens import token_hash


async def ask_for_reset(context: Context, *, email: str, network: str | None) -> None:
    """The same for every address: whose it is, is looked at when the mail is written."""
    await context.database.run(
        ask,
        limits=context.mail_limits,
        purpose=Purpose.RESET_PASSWORD,
        to=email,
        user_id=None,
        network=network,
        now=context.clock.now(),
    )


async def reset_password(context: Context, *, token: str, new: str) -> None:
    """Ends all of the user's sessions. Raises InvalidEmailToken, Invalid and Busy."""
    hashed, purpose = token_hash(token), Purpose.RESET_PASSWORD
    proof = await context.database.read(
        get_proof, token_hash=hashed, purpose=purpose, now=context.clock.now()
    )
    email = proof.user.email
    refuse_weak(new, email=email, min_length=context.password_min, pointer="/new_password")
    await context.database.run(
        _reset_password,
        hashed=hashed,
        password_hash=await context.hasher.hash(new),
        counter=context.attempts.account_key(email),
        limits=context.mail_limits,
        now=context.clock.now(),
    )


def _reset_password(
    conn: Connection,
    *,
    hashed: str,
    password_hash: str,
    counter: str,
    limits: MailLimits,
    now: datetime,
) -> None:
    """What was guessed wrong was the old password: the count of it begins anew."""
    user = spend_proof(conn, token_hash=hashed, purpose=Purpose.RESET_PASSWORD, now=now).user
    update_user(conn, user_id=user.id, now=now, password_hash=password_hash, email_verified=True)
    delete_counter(conn, key=counter)
    if not user.email_verified and not user.scopes:
        # Anybody may have registered the address, and switched it on.
        delete_factor(conn, user_id=user.id)
    tell(conn, limits=limits, notice=Notice.PASSWORD_CHANGED, user=user, now=now)
    revoke_sessions_of(conn, user_id=user.id, reason="password_reset", now=now)
