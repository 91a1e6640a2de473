"""The counters of failed logins, and of mails that were asked for, in the database."""

from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from auth.login_limits import Counter
from auth.models import login_failures
from shopkit.background import delete_batch

_COUNTER = ("failures", "blocked_until", "expires_at")


def lock_counter(
    conn: Connection, *, key: str, now: datetime, table: Table = login_failures
) -> Counter:
    """That of the key, or a new one, which is over already: nobody else counts there until the
    transaction ends, not even where there was none yet."""
    new = {"key": key, "failures": 0, "blocked_until": None, "expires_at": now}
    row = conn.execute(_insert_or_lock(table, conn.dialect.name), new).one()
    return Counter(**row._mapping)


@cache
def _insert_or_lock(table: Table, dialect: str) -> ReturningInsert[Any]:
    """An upsert that changes nothing takes the row's lock, which a select could not take of a row
    that is deleted or inserted at the same time."""
    kind = sqlite if dialect == "sqlite" else postgresql
    new = kind.insert(table)
    locking = new.on_conflict_do_update(index_elements=["key"], set_={"key": new.excluded.key})
    returning: ReturningInsert[Any] = locking.returning(*(table.c[name] for name in _COUNTER))
    return returning


def find_counter(conn: Connection, *, key: str) -> Counter | None:
    """Locked, where there is one."""
    found = (
        select(*(login_failures.c[name] for name in _COUNTER))
        .where(login_failures.c.key == key)
        .with_for_update()
    )
    row = conn.execute(found).first()
    return None if row is None else Counter(**row._mapping)


def update_counter(
    conn: Connection, *, key: str, counter: Counter, table: Table = login_failures
) -> None:
    changed = update(table).where(table.c.key == key)
    conn.execute(changed.values(asdict(counter)))


def delete_counter(conn: Connection, *, key: str) -> None:
    conn.execute(delete(login_failures).where(login_failures.c.key == key))


def delete_expired_counters(
    conn: Connection, *, now: datetime, limit: int, table: Table = login_failures
) -> int:
    """How many went; at most `limit`."""
    return delete_batch(conn, table, table.c.expires_at <= now, limit=limit)
