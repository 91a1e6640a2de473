"""What other services must know of sessions and users, in the order in which it became true.

They ask for it (`/internal/events`) and keep their place in it: the decision is 0009.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from auth.models import event_counter, events, user_roles, users
from shopkit.auth import LEEWAY, MAX_LIFETIME
from shopkit.background import delete_batch

PAGE = 500
LIVES = timedelta(seconds=MAX_LIFETIME + LEEWAY)
"""How long a token can be alive that was signed before an event, for the most patient verifier."""


class EventKind(StrEnum):
    SESSION_ENDED = "session_ended"
    """Tokens of `session_id` are void."""
    TOKENS_VOIDED = "tokens_voided"
    """Tokens of `user_id` whose version is below `payload.version` are void."""
    USER_DELETED = "user_deleted"
    """`user_id` is nobody any more: what is kept of them is to be erased."""


@dataclass(frozen=True)
class Event:
    kind: EventKind
    user_id: str
    session_id: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    kept: bool = False
    """Otherwise it is cleared away when it can concern no token any more."""


def tell(conn: Connection, *told: Event, now: datetime) -> None:
    """Write events in the transaction of their cause, as the last that it does: from here to its
    commit nobody else can, so that `seq` grows in the order of commits and no reader ever passes
    one by."""
    if not told:
        return
    counted = update(event_counter).values(last_seq=event_counter.c.last_seq + len(told))
    last = conn.execute(counted.returning(event_counter.c.last_seq)).scalar_one()
    rows = [
        {
            "seq": seq,
            "kind": event.kind.value,
            "user_id": event.user_id,
            "session_id": event.session_id,
            "payload": dict(event.payload),
            "created_at": now,
            "expires_at": None if event.kept else now + LIVES,
        }
        for seq, event in enumerate(told, start=last - len(told) + 1)
    ]
    conn.execute(insert(events), rows)


def tell_ended(conn: Connection, sessions: Iterable[Any], *, now: datetime) -> None:
    """Of rows with `id` and `user_id`."""
    kind = EventKind.SESSION_ENDED
    tell(conn, *(Event(kind, row.user_id, session_id=row.id) for row in sessions), now=now)


def void_tokens(conn: Connection, *, user_id: str, now: datetime) -> None:
    """Make every access token of now worthless everywhere; those of the next refresh are good."""
    _void_tokens(conn, users.c.id == user_id, now)


def void_tokens_with(conn: Connection, *, role: str, now: datetime) -> None:
    """Those of everybody who has the role."""
    theirs = select(user_roles.c.user_id).where(user_roles.c.role == role)
    _void_tokens(conn, users.c.id.in_(theirs), now)


def _void_tokens(conn: Connection, whose: ColumnElement[bool], now: datetime) -> None:
    raised = update(users).where(whose).values(token_version=users.c.token_version + 1)
    rows = conn.execute(raised.returning(users.c.id, users.c.token_version)).all()
    kind = EventKind.TOKENS_VOIDED
    tell(
        conn,
        *(Event(kind, row.id, payload={"version": row.token_version}) for row in rows),
        now=now,
    )


@dataclass(frozen=True)
class EventPage:
    items: list[dict[str, Any]]
    next_after: int
    has_more: bool


def list_events(conn: Connection, *, after: int | None, now: datetime) -> EventPage:
    """Those after that one, or all that can concern a live token; and where to go on.

    The counter is looked at first: what comes in between is in the page, or comes after it.
    """
    last = conn.execute(select(event_counter.c.last_seq)).scalar_one()
    if after is None:
        young = select(func.min(events.c.seq)).where(events.c.expires_at > now)
        first = conn.execute(young).scalar()
        after = last if first is None else first - 1
    page = select(events).where(events.c.seq > after).order_by(events.c.seq).limit(PAGE)
    items = [dict(row._mapping) for row in conn.execute(page)]
    next_after = items[-1]["seq"] if items else min(after, last)
    return EventPage(items, next_after, len(items) == PAGE)


def delete_past_events(conn: Connection, *, now: datetime, limit: int) -> int:
    """How many went; at most `limit`."""
    return delete_batch(conn, events, events.c.expires_at <= now, limit=limit)
