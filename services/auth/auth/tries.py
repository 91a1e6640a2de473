"""Callers who prove once more who they are, by password or code, before something of weight.

Guesses count like those at login, with the session as the known device.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from auth.accounts import get_me, lock_caller
from auth.attempts import Attempt
from auth.context import Context
from auth.domain import User
from auth.errors import WrongPassword
from auth.secret_box import SecretBox
from shopkit.auth import Principal


@dataclass(frozen=True)
class Try:
    """Of a caller to prove who they are: counted as failed until it is settled."""

    principal: Principal
    seen: User
    by_password: bool
    """`seen` had the password that was sent."""
    attempt: Attempt
    box: SecretBox
    now: datetime


@asynccontextmanager
async def trying(
    context: Context, principal: Principal, network: str | None, password: str | None = None
) -> AsyncIterator[Try]:
    """What makes use of the try belongs inside: a conflict there takes its failure back. Raises
    InvalidToken, WrongPassword, TooManyAttempts and Busy."""
    user = await get_me(context, principal=principal)
    async with context.attempts.counted(
        email=user.email, network=network, device=principal.session_id
    ) as attempt:
        if password is not None:
            verified = await context.hasher.verify(password, user.password_hash)
            if not verified.matches:
                raise WrongPassword("/password")
        box, now = context.second_factor.box, context.clock.now()
        yield Try(principal, user, password is not None, attempt, box, now)


def lock_trying(conn: Connection, tried: Try) -> User:
    """The caller, under the lock that logins take. Raises InvalidToken and WrongPassword."""
    user = lock_caller(conn, principal=tried.principal, now=tried.now)
    if tried.by_password and user.password_hash != tried.seen.password_hash:
        raise WrongPassword("/password")  # changed while the hash was being computed
    return user
