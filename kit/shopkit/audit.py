"""The audit log: what staff did, written in the transaction of the action.

There is no action without its entry, no entry without its action, and the database refuses to
change either afterwards (`audit_table`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from pydantic_core import to_json, to_jsonable_python
from sqlalchemy import Connection, Insert, Table, insert

from shopkit.auth import Principal
from shopkit.ids import new_id
from shopkit.logs import request_id
from shopkit.tables import insert_rows

Values = Mapping[str, Any]


@dataclass(frozen=True)
class By:
    """Who acts, and in which request."""

    actor: str
    """A user's id, or `system`."""
    request_id: str | None


SYSTEM = By("system", None)
"""What operators do with a service's own commands."""


def by_staff(staff: Principal) -> By:
    return by_user(staff.id)


def by_user(user_id: str) -> By:
    """To be asked for where the request is: a transaction may run in another task."""
    return By(user_id, request_id.get() or None)


def record(
    conn: Connection,
    table: Table,
    by: By,
    action: str,
    object_id: str,
    *,
    before: Values | None,
    after: Values | None,
    within: Collection[str] = (),
    now: datetime,
) -> None:
    """Write an entry in the transaction of its action, named `<type of the object>.<verb>`.

    Of two values only what `changed` is kept; without any of it there was no action, and there is
    no entry. Give neither secrets nor what tells who a person is: it stays for ever.
    """
    before, after = to_jsonable_python((before, after))
    if before is not None and after is not None:
        before, after = changed(before, after, within)
        if not before and not after:
            return
    conn.execute(_insert(table), _row(by, action, object_id, before, after, now))


def record_made(
    conn: Connection,
    table: Table,
    by: By,
    action: str,
    made: Mapping[str, Values],
    *,
    now: datetime,
) -> None:
    """`record` for things that were made together, by their ids."""
    after: dict[str, Any] = to_jsonable_python(made)
    insert_rows(conn, table, [_row(by, action, id_, None, after[id_], now) for id_ in made])


def _row(
    by: By, action: str, object_id: str, before: Any, after: Any, now: datetime
) -> dict[str, Any]:
    named = {"actor": by.actor, "request_id": by.request_id, "action": action}
    what = {"object_id": object_id, "before": before, "after": after}
    return {"id": new_id(), "at": now, **named, **what}


@cache
def _insert(table: Table) -> Insert:
    return insert(table)


def changed(
    before: Values, after: Values, within: Collection[str] = ()
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The members that differ, as they were and as they are; of those named in `within`, which are
    objects themselves, only their members."""
    was, now = dict[str, Any](), dict[str, Any]()
    for name in (*before, *(name for name in after if name not in before)):
        old, new = before.get(name), after.get(name)
        if name in within:
            old, new = changed(old or {}, new or {})
        if to_json(old) != to_json(new):  # `true` is not 1
            was |= {name: old} if name in before else {}
            now |= {name: new} if name in after else {}
    return was, now
