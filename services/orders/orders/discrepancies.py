"""What does not fit together and needs a person: the list that staff read and close."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, func, select, update

from orders.models import audit_log, discrepancies
from shopkit.audit import SYSTEM, By, record
from shopkit.errors import NotFound
from shopkit.ids import new_id
from shopkit.tables import insert_or_ignore


@dataclass(frozen=True)
class Finding:
    """`kind` says what is wrong, `subject` with what: both together are on the list once."""

    kind: str
    subject: str
    detail: str
    order_id: str | None = None


_CLOSE = (
    update(discrepancies)
    .where(discrepancies.c.id == bindparam("b_id"), discrepancies.c.closed_at.is_(None))
    .values({name: bindparam(name) for name in ("closed_at", "closed_by", "note")})
)


def report(conn: Connection, finding: Finding, *, now: datetime) -> bool:
    """Put it on the list; False when it is there already."""
    row = {"id": new_id(), **vars(finding), "found_at": now}
    return insert_or_ignore(conn, discrepancies, row)


def close(
    conn: Connection, discrepancy_id: str, *, by: By, note: str | None, now: datetime
) -> RowMapping:
    """Staff have seen to it, or it was gone by itself; again: as it is. Raises NotFound."""
    values = {"closed_at": now, "closed_by": by.actor, "note": note}
    closed = conn.execute(_CLOSE, {"b_id": discrepancy_id, **values}).rowcount == 1
    if closed and by != SYSTEM:
        was, is_now = {"state": "open"}, {"state": "closed"}
        action = "discrepancy.close"
        record(conn, audit_log, by, action, discrepancy_id, before=was, after=is_now, now=now)
    row = select(discrepancies).where(discrepancies.c.id == discrepancy_id)
    found = conn.execute(row).mappings().one_or_none()
    if found is None:
        raise NotFound
    return found


_COUNT_OPEN = (
    select(discrepancies.c.kind, func.count())
    .where(discrepancies.c.closed_at.is_(None))
    .group_by(discrepancies.c.kind)
)


def list_open(conn: Connection, kinds: Collection[str]) -> list[RowMapping]:
    rows = select(discrepancies).where(
        discrepancies.c.closed_at.is_(None), discrepancies.c.kind.in_(kinds)
    )
    return list(conn.execute(rows).mappings())


def count_open(conn: Connection) -> dict[str, int]:
    """By kind."""
    return {row[0]: row[1] for row in conn.execute(_COUNT_OPEN)}


def closed_by_staff(conn: Connection, kind: str, subjects: Collection[str]) -> set[str]:
    """Which of them a person has seen to once."""
    seen = select(discrepancies.c.subject).where(
        discrepancies.c.kind == kind,
        discrepancies.c.subject.in_(subjects),
        discrepancies.c.closed_by != SYSTEM.actor,
    )
    return set(conn.execute(seen).scalars())


def list_discrepancies(
    conn: Connection, *, open_only: bool, before: str | None, limit: int
) -> list[dict[str, Any]]:
    """Newest first, one more than `limit` when there are more."""
    statement = select(discrepancies)
    if open_only:
        statement = statement.where(discrepancies.c.closed_at.is_(None))
    if before is not None:
        statement = statement.where(discrepancies.c.id < before)
    statement = statement.order_by(discrepancies.c.id.desc()).limit(limit + 1)
    return [dict(row) for row in conn.execute(statement).mappings()]
