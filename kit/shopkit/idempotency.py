"""Idempotency-Key (IETF draft-ietf-httpapi-idempotency-key-header-07) for one-transaction effects.

The key's row is written in the transaction of the effect: both are there, or neither.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from pydantic_core import to_jsonable_python
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    MetaData,
    PrimaryKeyConstraint,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    select,
    update,
)

from shopkit.background import delete_batch
from shopkit.errors import IdempotencyKeyReused, InvalidIdempotencyKey
from shopkit.responses import json_response
from shopkit.tables import Instant, Int, Str, Verbatim, insert_or_ignore, new_table

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
KEPT = timedelta(days=30)


@dataclass(frozen=True)
class Answer:
    """What a request was answered with; `body` is JSON-able after storing."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    replayed: bool = False

    def response(self) -> Response:
        replayed = {"Idempotent-Replayed": "true"} if self.replayed else {}
        return json_response(self.body, status=self.status, headers=self.headers | replayed)


async def _idempotency_key(
    request: Request,
    _: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="Any unique text of up to 255 characters. Repeating the request with the "
            "same key has no second effect and gives the first answer again.",
        ),
    ] = None,
) -> str | None:
    sent = request.headers.getlist("idempotency-key")
    if not sent:
        return None
    if len(sent) > 1 or not _KEY.fullmatch(sent[0]):
        raise InvalidIdempotencyKey("Send one key of 1 to 255 visible ASCII characters.")
    return sent[0]


IdempotencyKey = Annotated[str | None, Depends(_idempotency_key)]


def new_key_table(metadata: MetaData) -> Table:
    return new_table(
        metadata,
        "idempotency_keys",
        Column("caller", Str, nullable=False),
        Column("key", Str, nullable=False),
        Column("route", Str, nullable=False),
        Column("fingerprint", Str, nullable=False),
        Column("status", Int),
        Column("headers", Verbatim),
        Column("body", Verbatim),
        Column("created_at", Instant, nullable=False, index=True),
        PrimaryKeyConstraint("caller", "key"),
    )


def fingerprint(payload: BaseModel | None, *more: str) -> str:
    """Tells payloads apart: a hash of what was sent, and of `more` (path ids and the like)."""
    sent = payload.model_dump(mode="json", exclude_unset=True) if payload else None
    text = json.dumps([sent, *more], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def replayable(
    conn: Connection,
    *,
    table: Table,
    key: str | None,
    caller: str,
    route: str,
    fingerprint: str,
    now: datetime,
    effect: Callable[[], Answer],
) -> Answer:
    """Run `effect` once per (caller, key); repeats get its answer. Call inside the transaction.

    An effect that raises leaves nothing behind, the key included. Raises IdempotencyKeyReused.
    """
    if key is None:
        return effect()
    mine = {"caller": caller, "key": key, "route": route, "fingerprint": fingerprint}
    while not insert_or_ignore(conn, table, {**mine, "created_at": now}):
        if stored := find_answer(conn, table, mine):  # else an old key that has just been forgotten
            return stored
    answer = effect()
    body = to_jsonable_python(answer.body)
    kept = {"status": answer.status, "headers": answer.headers, "body": body}
    conn.execute(_store(table), {**kept, "of": caller, "named": key})
    return Answer(answer.status, body, answer.headers)


@cache
def _store(table: Table) -> Update:
    values: dict[str, Any] = {name: bindparam(name) for name in ("status", "headers", "body")}
    return update(table).where(_mine(table)).values(values)


@cache
def _find(table: Table) -> Select[Any]:
    return select(table).where(_mine(table))


def _mine(table: Table) -> ColumnElement[bool]:
    return and_(table.c.caller == bindparam("of"), table.c.key == bindparam("named"))


def find_answer(conn: Connection, table: Table, mine: Mapping[str, str]) -> Answer | None:
    """That of an earlier request with this key; `mine` are caller, key, route and fingerprint of
    this one. Raises IdempotencyKeyReused when they are not the same."""
    asked = {"of": mine["caller"], "named": mine["key"]}
    row = conn.execute(_find(table), asked).mappings().one_or_none()
    if row is None:
        return None
    if (row["route"], row["fingerprint"]) != (mine["route"], mine["fingerprint"]):
        raise IdempotencyKeyReused
    return Answer(row["status"], row["body"], row["headers"], replayed=True)


def delete_old_keys(conn: Connection, *, table: Table, now: datetime, limit: int) -> int:
    """How many keys went of those that are older than KEPT; at most `limit`."""
    old = table.c.created_at <= now - KEPT
    return delete_batch(conn, table, old, limit=limit)
