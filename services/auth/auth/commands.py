"""shop-auth create-key, rotate-key, create-admin and reset-second-factor."""

import asyncio
import re
import sys
from datetime import datetime

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection

from auth import key_ring
from auth.accounts import new_user
from auth.domain import ADMIN, CUSTOMER, User
from auth.key_files import KeyProblem, SigningKey
from auth.models import audit_log
from auth.password_rules import find_weakness
from auth.passwords import MAX_LENGTH, hash_password
from auth.repository import find_user_by_email, insert_roles, insert_user
from auth.second_factor import reset
from auth.settings import AuthSettings
from shopkit.audit import SYSTEM, Values, record
from shopkit.clock import SYSTEM_CLOCK
from shopkit.databases import open_database
from shopkit.ids import new_id
from shopkit.schemas import Email

MIN_ADMIN_PASSWORD = 12
MIN_DISTINCT = 6
GUESSED = re.compile(
    r"admin|password|passwort|change-?me|secret|letmein|qwerty|welcome|default|shop|1234\d*", re.I
)


def create_key(settings: AuthSettings) -> None:
    """Idempotent: says which key signs."""
    if settings.keys_dir is None:
        raise KeyProblem("AUTH_KEYS_DIR is not set: name the folder of the signing keys")
    _say("signing key", key_ring.create_key(settings.keys_dir, SYSTEM_CLOCK.now()))


def rotate_key(settings: AuthSettings) -> None:
    if settings.keys_dir is None:
        raise KeyProblem("AUTH_KEYS_DIR is not set: name the folder of the signing keys")
    _say("next signing key", key_ring.rotate_key(settings.keys_dir, SYSTEM_CLOCK.now()))


def _say(what: str, key: SigningKey) -> None:
    moment = key.active_from.isoformat(timespec="seconds")
    sys.stdout.write(f"{what} {key.kid}, signs from {moment}\n")


def create_admin(settings: AuthSettings) -> None:
    """Idempotent: makes the admin, or gives the role to who has that address. Raises ValueError."""
    email, password = _admin(settings)
    made = asyncio.run(_create_admin(settings, email, password))
    sys.stdout.write(f"admin {'made' if made else 'is there'}\n")


def _admin(settings: AuthSettings) -> tuple[str, str]:
    email = settings.admin_email.get_secret_value()
    password = settings.admin_password.get_secret_value()
    if not email or not password:
        raise ValueError("set AUTH_ADMIN_EMAIL and AUTH_ADMIN_PASSWORD")
    try:
        return TypeAdapter(Email).validate_python(email), password
    except ValidationError:
        raise ValueError("AUTH_ADMIN_EMAIL is not an e-mail address") from None


async def _create_admin(settings: AuthSettings, email: str, password: str) -> bool:
    database = open_database(settings.database_url)
    await database.start()
    try:
        known = await database.read(find_user_by_email, email=email)
        if known is None:
            refuse_weak_admin(email, password, settings.password_min)
        hashed = "" if known else hash_password(password)
        return await database.run(
            _ensure_admin, email=email, password_hash=hashed, now=SYSTEM_CLOCK.now()
        )
    finally:
        await database.stop()


def _ensure_admin(conn: Connection, *, email: str, password_hash: str, now: datetime) -> bool:
    """True when a user was made. Never changes a password."""
    user = new_user(
        user_id=new_id(),
        email=email,
        name=None,
        password_hash=password_hash,
        roles=(CUSTOMER, ADMIN),
        now=now,
    )
    known: User | None = find_user_by_email(conn, email=email)
    if known is None:
        made = insert_user(conn, user=user)
        if made:
            _record(conn, "user.create", user.id, None, {"roles": user.roles}, now)
        return made
    if ADMIN not in known.roles:
        insert_roles(conn, user_id=known.id, names=[ADMIN])
        was, given = {"roles": known.roles}, {"roles": sorted((*known.roles, ADMIN))}
        _record(conn, "user.set_roles", known.id, was, given, now)
    return False


def _record(
    conn: Connection,
    action: str,
    user_id: str,
    before: Values | None,
    after: Values,
    now: datetime,
) -> None:
    record(conn, audit_log, SYSTEM, action, user_id, before=before, after=after, now=now)


def refuse_weak_admin(email: str, password: str, password_min: int = 0) -> None:
    """Raises ValueError for what attackers try first, which is more than customers are refused."""
    shortest = max(MIN_ADMIN_PASSWORD, password_min)
    if not shortest <= len(password) <= MAX_LENGTH:
        raise ValueError(f"AUTH_ADMIN_PASSWORD must have {shortest} to 128 characters")
    own = GUESSED.sub("", password.replace(email.partition("@")[0], ""))
    weakness = find_weakness(password, email=email, min_length=shortest)
    if weakness or len(set(own)) < MIN_DISTINCT:
        raise ValueError("AUTH_ADMIN_PASSWORD is easy to guess: take a long random one")


def reset_second_factor(settings: AuthSettings) -> None:
    """For an admin whom no other can help: switches it off for who has that address, and ends their
    sessions. Raises ValueError."""
    done = asyncio.run(_reset_second_factor(settings, settings.admin_email.get_secret_value()))
    sys.stdout.write(f"{'the second factor is off' if done else 'there is no second factor'}\n")


async def _reset_second_factor(settings: AuthSettings, email: str) -> bool:
    database = open_database(settings.database_url)
    await database.start()
    try:
        user = await database.read(find_user_by_email, email=email)
        if user is None:
            raise ValueError("AUTH_ADMIN_EMAIL is nobody's address")
        return await database.run(reset, user_id=user.id, by=SYSTEM, now=SYSTEM_CLOCK.now())
    finally:
        await database.stop()


COMMANDS = {
    "create-key": create_key,
    "rotate-key": rotate_key,
    "create-admin": create_admin,
    "reset-second-factor": reset_second_factor,
}
