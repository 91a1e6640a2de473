"""What a token out of a mail proves: that whoever sends it reads at an address, once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from auth.domain import User
from auth.email_token_repository import find_token, spend_token
from auth.email_tokens import Purpose, bound_to
from auth.errors import InvalidEmailToken
from auth.repository import find_user, lock_user


@dataclass(frozen=True)
class Proof:
    user: User
    email: str
    """That was written to."""


def get_proof(conn: Connection, *, token_hash: str, purpose: Purpose, now: datetime) -> Proof:
    """Raises InvalidEmailToken, the same for whatever is wrong with it."""
    row = find_token(conn, token_hash=token_hash)
    if row is None or row.purpose != purpose or row.used_at or row.expires_at <= now:
        raise InvalidEmailToken
    user = find_user(conn, user_id=row.user_id)
    if user is None or user.disabled or row.bound_to != bound_to(user):
        raise InvalidEmailToken
    return Proof(user, row.email)


def spend_proof(conn: Connection, *, token_hash: str, purpose: Purpose, now: datetime) -> Proof:
    """Of many at once, one gets it; the others raise InvalidEmailToken. The user is locked."""
    seen = get_proof(conn, token_hash=token_hash, purpose=purpose, now=now)
    lock_user(conn, user_id=seen.user.id)
    proof = get_proof(conn, token_hash=token_hash, purpose=purpose, now=now)
    if not spend_token(conn, token_hash=token_hash, now=now):
        raise InvalidEmailToken
    return proof
