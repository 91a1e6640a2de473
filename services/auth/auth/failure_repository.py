"""The counters of failed logins in the database."""

from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from auth.login_limits import Counter
from auth.models import login_failures
from shopkit.background import delete_batch

_COUNTER = [login_failures.c[name] for name in ("failures", "blocked_until", "expires_at")]


def lock_counter(conn: Connection, *, key: str, now: datetime) -> Counter:
    """That of the key, or a new one, which is over already: nobody else counts there until the
    transaction ends, not even where there was none yet."""
    new = {"key": key, "failures": 0, "blocked_until": None, "expires_at": now}
    row = conn.execute(_insert_or_lock(conn.dialect.name), new).one()
    return Counter(**row._mapping)


@cache
def _insert_or_lock(dialect: str) -> ReturningInsert[Any]:
    """An upsert that changes nothing takes the row's lock, which a select could not take of a row
    that is deleted or inserted at the same time."""
    kind = sqlite if dialect == "sqlite" else postgresql
    new = kind.insert(login_failures)
    locking = new.on_conflict_do_update(index_elements=["key"], set_={"key": new.excluded.key})
    returning: ReturningInsert[Any] = locking.returning(*_COUNTER)
    return returning


def find_counter(conn: Connection, *, key: str) -> Counter | None:
    """Locked, where there is one."""
    found = select(*_COUNTER).where(login_failures.c.key == key).with_for_update()
    row = conn.execute(found).first()
    return None if row is None else Counter(**row._mapping)


def update_counter(conn: Connection, *, key: str, counter: Counter) -> None:
    changed = update(login_failures).where(login_failures.c.key == key)
    conn.execute(changed.values(asdict(counter)))


def delete_expired_counters(conn: Connection, *, now: datetime, limit: int) -> int:
    """How many went; at most `limit`."""
    return delete_batch(conn, login_failures, login_failures.c.expires_at <= now, limit=limit)
