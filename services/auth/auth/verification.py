"""Verifying one's e-mail address."""

from datetime import datetime

from sqlalchemy import Connection

from auth.accounts import get_me
from auth.context import Context
from auth.email_tokens import Purpose
from auth.mails import ask
from auth.proofs import spend_proof
from auth.repository import update_user
from auth.tokens import token_hash
from shopkit.auth import Principal


async def ask_for_verification(context: Context, *, principal: Principal) -> None:
    """Raises InvalidToken."""
    user = await get_me(context, principal=principal)
    await context.database.run(
        ask,
        limits=context.mail_limits,
        purpose=Purpose.VERIFY_EMAIL,
        to=user.email,
        user_id=user.id,
        now=context.clock.now(),
    )


async def verify_email(context: Context, *, token: str) -> None:
    """Raises InvalidEmailToken."""
    hashed, now = token_hash(token), context.clock.now()
    await context.database.run(_verify_email, hashed=hashed, now=now)


def _verify_email(conn: Connection, *, hashed: str, now: datetime) -> None:
    proof = spend_proof(conn, token_hash=hashed, purpose=Purpose.VERIFY_EMAIL, now=now)
    update_user(conn, user_id=proof.user.id, now=now, email_verified=True)
