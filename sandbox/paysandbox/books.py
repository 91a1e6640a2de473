"""The books within one transaction: what changes is written down, and told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import cache
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    Update,
    bindparam,
    insert,
    select,
    update,
)

from paysandbox.domain import Intent, Kind, Status, Trouble, view
from paysandbox.models import intents, keys, ledger, outbox
from shopkit.errors import NotFound
from shopkit.idempotency import Answer, replayable
from shopkit.ids import new_id
from shopkit.outbox import emit
from shopkit.tables import insert_or_ignore

TOPIC = "webhook"
_NAMES = [one.name for one in fields(Intent)]
_COLUMNS = [intents.c[name] for name in _NAMES]
_BY_ID = select(*_COLUMNS).where(intents.c.id == bindparam("intent_id"))
_BY_REFERENCE = select(*_COLUMNS).where(intents.c.reference == bindparam("of_reference"))
_INSERT_ENTRY = insert(ledger)


@dataclass(frozen=True)
class Terms:
    """What every transaction has to know."""

    public_url: str
    sends_webhooks: bool
    now: datetime


@dataclass(frozen=True)
class Call:
    """A call that may be repeated with its key."""

    intent_id: str
    key: str
    fingerprint: str


@dataclass
class Books:
    conn: Connection
    terms: Terms
    trouble: Trouble | None = None
    """Of the answer to what was just done."""

    def get(self, intent_id: str) -> Intent:
        """Raises NotFound."""
        return get_intent(self.conn, intent_id)

    def open(self, reference: str, amount: int, currency: str) -> Intent:
        """The intent of this reference; made when there is none."""
        row = {"id": new_id(), "reference": reference, "amount": amount, "currency": currency}
        empty = {"status": Status.CREATED, "captured": 0, "refunded": 0, "silent": False}
        insert_or_ignore(self.conn, intents, {**row, **empty, "created_at": self.terms.now})
        return intent_of(self.conn.execute(_BY_REFERENCE, {"of_reference": reference}).one())

    def change(self, intent: Intent, event: str, **values: Any) -> Intent:
        """The intent as it is now; the webhook about it goes out after the commit."""
        changed = replace(intent, **values)
        self.conn.execute(_update(tuple(values)), {"intent_id": intent.id, **values})
        if self.terms.sends_webhooks and not changed.silent:
            payload = self._event(f"intent.{event}", changed)
            emit(self.conn, outbox, topic=TOPIC, payload=payload, now=self.terms.now)
        return changed

    def _event(self, type: str, intent: Intent) -> dict[str, Any]:
        event = {
            "id": new_id(),
            "type": type,
            "live": False,
            "created_at": self.terms.now,
            "data": {"intent": view(intent, self.terms.public_url)},
        }
        found: dict[str, Any] = to_jsonable_python(event)
        return found

    def enter(self, intent: Intent, kind: Kind, amount: int, key: str | None = None) -> None:
        row = {"intent": intent.id, "reference": intent.reference, "kind": kind, "amount": amount}
        more = {"currency": intent.currency, "key": key, "at": self.terms.now}
        self.conn.execute(_INSERT_ENTRY, {**row, **more})

    def once(self, call: Call, route: str, effect: Callable[[], Answer]) -> Answer:
        """Do it, or answer what its key was answered before. Keys are kept for good."""
        return replayable(
            self.conn,
            table=keys,
            key=call.key,
            caller="api",
            route=route,
            fingerprint=call.fingerprint,
            now=self.terms.now,
            effect=effect,
        )

    def shown(self, intent: Intent) -> Answer:
        return Answer(200, view(intent, self.terms.public_url))


@cache
def _update(columns: tuple[str, ...]) -> Update:
    values: dict[str, Any] = {name: bindparam(name) for name in columns}
    return update(intents).where(intents.c.id == bindparam("intent_id")).values(values)


def intent_of(row: Row[Any]) -> Intent:
    known = {name: row._mapping[name] for name in _NAMES}
    return Intent(**{**known, "status": Status(known["status"])})


def get_intent(conn: Connection, intent_id: str) -> Intent:
    """Raises NotFound."""
    row = conn.execute(_BY_ID, {"intent_id": intent_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such intent.")
    return intent_of(row)


def page(
    conn: Connection, table: Table, condition: ColumnElement[bool], after: int, limit: int
) -> Sequence[Row[Any]]:
    """In the order in which they were written; one more than `limit` where there are more."""
    chosen = select(table).where(condition, table.c.seq > after)
    return conn.execute(chosen.order_by(table.c.seq).limit(limit + 1)).all()
