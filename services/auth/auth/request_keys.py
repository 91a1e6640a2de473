"""Idempotency keys of requests that make an account. Nobody is logged in there, so whoever repeats
one proves with the password that they are the same. No address and no password is stored for it,
not even hashed as fast as payloads are: the account's id is, and keyed hashes of what was sent.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from auth.attempts import settle
from auth.context import Context
from auth.domain import User
from auth.models import idempotency_keys
from auth.repository import find_user
from shopkit.errors import IdempotencyKeyReused, RequestInProgress
from shopkit.idempotency import find_answer
from shopkit.tables import insert_or_ignore


@dataclass(frozen=True)
class Making:
    """A request with a key that makes an account; the fields are those of the stored row."""

    caller: str
    key: str
    route: str
    fingerprint: str


@dataclass(frozen=True)
class Made:
    """An account, by this request or by an earlier one with its key."""

    user: User
    replayed: bool = False


def making(
    context: Context, route: str, key: str | None, *, caller: str, says: tuple[str | None, ...]
) -> Making | None:
    """`caller` is what the account is made for: keys meet only there. None without a key."""
    if key is None:
        return None
    secret = context.request_secret
    return Making(_digest(secret, route, caller), key, route, _digest(secret, *says))


def _digest(secret: bytes, *said: str | None) -> str:
    return hmac.digest(secret, json.dumps(said).encode(), hashlib.sha256).hex()


async def find_made(
    context: Context, request: Making | None, *, password: str, network: str | None
) -> Made | None:
    """The account, as it is now, that this request has made before. Raises IdempotencyKeyReused
    where it says something else, be it the password; TooManyAttempts, as a login would, and
    Busy."""
    user = await context.database.read(_find_made, request=request) if request else None
    if user is None:
        return None
    async with context.attempts.counted(email=user.email, network=network, device=None) as attempt:
        verified = await context.hasher.verify(password, user.password_hash)
        if not verified.matches:
            raise IdempotencyKeyReused
        await context.database.run(settle, attempt=attempt, looked_at=True)
    return Made(user, replayed=True)


def _find_made(conn: Connection, *, request: Making) -> User | None:
    stored = find_answer(conn, idempotency_keys, vars(request))
    if stored is None:
        return None
    user = find_user(conn, user_id=stored.body["id"])
    if user is None:  # deleted since
        raise IdempotencyKeyReused
    return user


def claim(conn: Connection, request: Making | None, *, user_id: str, now: datetime) -> None:
    """The key, for the account that this transaction makes. Raises RequestInProgress when another
    one has it."""
    if request is None:
        return
    answer = {"status": 201, "headers": {}, "body": {"id": user_id}, "created_at": now}
    if not insert_or_ignore(conn, idempotency_keys, {**vars(request), **answer}):
        raise RequestInProgress
