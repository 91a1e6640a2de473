"""Tokens of mails in the database, by their hashes."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from auth.domain import User
from auth.email_tokens import KEPT, LIFETIME, Purpose, bound_to
from auth.models import email_tokens
from shopkit.background import delete_batch
from shopkit.tables import insert_or_ignore


def insert_token(
    conn: Connection, *, token_hash: str, user: User, purpose: Purpose, email: str, now: datetime
) -> None:
    """One for `email`. A mail that is tried again finds its token here: the time begins anew."""
    row = {
        "token_hash": token_hash,
        "user_id": user.id,
        "purpose": purpose.value,
        "email": email,
        "bound_to": bound_to(user),
        "created_at": now,
        "expires_at": now + LIFETIME,
        "used_at": None,
    }
    if not insert_or_ignore(conn, email_tokens, row):
        again = update(email_tokens).where(email_tokens.c.token_hash == token_hash)
        conn.execute(again.values(expires_at=now + LIFETIME))


def find_token(conn: Connection, *, token_hash: str) -> Row[Any] | None:
    return conn.execute(select(email_tokens).where(email_tokens.c.token_hash == token_hash)).first()


def spend_token(conn: Connection, *, token_hash: str, now: datetime) -> bool:
    """False when it was spent before: of many at once, one gets True."""
    unspent = (email_tokens.c.token_hash == token_hash) & email_tokens.c.used_at.is_(None)
    return conn.execute(update(email_tokens).where(unspent).values(used_at=now)).rowcount == 1


def delete_old_tokens(conn: Connection, *, now: datetime, limit: int) -> int:
    """How many went; at most `limit`."""
    return delete_batch(conn, email_tokens, email_tokens.c.created_at <= now - KEPT, limit=limit)
