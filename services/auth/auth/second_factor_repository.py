"""Second factors and recovery codes in the database. Whoever writes here has locked the user."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from auth.models import recovery_codes, second_factors


def find_factor(conn: Connection, *, user_id: str) -> Row[Any] | None:
    """Confirmed or not."""
    return conn.execute(select(second_factors).where(second_factors.c.user_id == user_id)).first()


def insert_factor(conn: Connection, *, user_id: str, sealed_secret: str, now: datetime) -> None:
    """To be confirmed yet; in place of the one before."""
    delete_factor(conn, user_id=user_id)
    row = {"user_id": user_id, "sealed_secret": sealed_secret, "created_at": now}
    conn.execute(insert(second_factors).values(row))


def confirm_factor(conn: Connection, *, user_id: str, step: int, now: datetime) -> None:
    changed = update(second_factors).where(second_factors.c.user_id == user_id)
    conn.execute(changed.values(confirmed_at=now, last_step=step))


def spend_step(conn: Connection, *, user_id: str, step: int) -> bool:
    """False when this step's code, or a later one, was used before."""
    unspent = (second_factors.c.user_id == user_id) & (second_factors.c.last_step < step)
    return conn.execute(update(second_factors).where(unspent).values(last_step=step)).rowcount == 1


def delete_factor(conn: Connection, *, user_id: str) -> bool:
    """With its recovery codes. False when there was none."""
    gone = delete(second_factors).where(second_factors.c.user_id == user_id)
    return conn.execute(gone).rowcount == 1


def replace_recovery_codes(conn: Connection, *, user_id: str, hashes: Iterable[str]) -> None:
    conn.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
    rows = [{"user_id": user_id, "code_hash": code_hash} for code_hash in hashes]
    conn.execute(insert(recovery_codes), rows)


def spend_recovery_code(conn: Connection, *, user_id: str, code_hash: str) -> bool:
    """False when the user has no such code, or not any more."""
    own = (recovery_codes.c.user_id == user_id) & (recovery_codes.c.code_hash == code_hash)
    return conn.execute(delete(recovery_codes).where(own)).rowcount == 1


def count_recovery_codes(conn: Connection, *, user_id: str) -> int:
    own = select(func.count()).where(recovery_codes.c.user_id == user_id)
    return int(conn.execute(own).scalar_one())
