"""How staff search a service's audit log: the same route in every service that has one."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import Field
from sqlalchemy import Connection, RowMapping, Select, Table, literal, select, tuple_

from shopkit.auth import Principal, Staff
from shopkit.db import Database
from shopkit.pagination import MAX_CURSOR, Cursors
from shopkit.query import FromQuery
from shopkit.routing import new_router
from shopkit.schemas import Input, Limit, Moment, Output, Page, Timestamp

SCOPE = "audit:read"
Name = Annotated[str, Field(pattern="^[A-Za-z0-9._:-]{1,64}$")]


class AuditQuery(Input):
    actor: Annotated[Name | None, Field(description="What this user did, or `system`")] = None
    action: Annotated[Name | None, Field(description="Such as `product.update`")] = None
    object: Annotated[Name | None, Field(description="Done to what has this id")] = None
    since: Annotated[Moment | None, Field(alias="from", description="Not before this time")] = None
    until: Annotated[Moment | None, Field(alias="to", description="Before this time")] = None
    request_id: Annotated[Name | None, Field(description="Done in this request")] = None
    limit: Limit = 20
    cursor: Annotated[
        str | None, Field(max_length=MAX_CURSOR, description="`next_cursor` of a page")
    ] = None

    @property
    def filters(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude={"limit", "cursor"})


class AuditActor(Output):
    id: str


class AuditObject(Output):
    type: str
    id: str


class AuditEntry(Output):
    id: str
    at: Timestamp
    actor: AuditActor
    action: str
    object: AuditObject
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    request_id: str | None


@dataclass(frozen=True)
class AuditLog:
    """Where a service keeps it. `confirm` refuses who may not read it any more."""

    table: Table
    database: Database
    cursors: Cursors
    confirm: Callable[[Principal], Awaitable[None]] | None = None


async def _audit_log(request: Request) -> AuditLog:
    found: AuditLog = request.app.state.audit_log
    return found


def audit_router(path: str, *, name: str, about: str) -> APIRouter:
    """One route, `GET path`, called `name`, for an app whose state has an `audit_log`."""
    router = new_router()

    @router.get(
        path,
        name=name,
        summary=f"Search what staff did to {about}",
        response_model=Page[AuditEntry],
        tags=["Audit"],
    )
    async def search(
        staff: Annotated[Principal, Staff(SCOPE)],
        log: Annotated[AuditLog, Depends(_audit_log)],
        query: Annotated[AuditQuery, FromQuery(AuditQuery)],
    ) -> Any:
        """Newest first. `before` and `after` have the members that were changed: what was made has
        no `before`, what was deleted no `after`. Entries are never changed nor deleted."""
        if log.confirm is not None:
            await log.confirm(staff)
        asked = json.dumps([path, query.filters])
        after = log.cursors.decode(asked, query.cursor) if query.cursor is not None else None
        found = await log.database.read_slow(_list, log.table, query=query, after=after)
        page, more = found[: query.limit], len(found) > query.limit
        last = log.cursors.encode(asked, [page[-1]["at"], page[-1]["id"]]) if more else None
        return {"items": [_shown(row) for row in page], "next_cursor": last}

    return router


def _list(
    conn: Connection, table: Table, *, query: AuditQuery, after: list[Any] | None
) -> list[RowMapping]:
    """One more than `limit` when there are more."""
    statement = _filtered(select(table), table, query)
    if after is not None:
        at, id_ = datetime.fromisoformat(after[0]), after[1]
        place = tuple_(literal(at, table.c.at.type), literal(id_, table.c.id.type))
        statement = statement.where(tuple_(table.c.at, table.c.id) < place)
    newest = statement.order_by(table.c.at.desc(), table.c.id.desc()).limit(query.limit + 1)
    return list(conn.execute(newest).mappings())


def _filtered(statement: Select[Any], table: Table, query: AuditQuery) -> Select[Any]:
    equal = {
        "actor": query.actor,
        "action": query.action,
        "object_id": query.object,
        "request_id": query.request_id,
    }
    for name, value in equal.items():
        if value is not None:
            statement = statement.where(table.c[name] == value)
    if query.since is not None:
        statement = statement.where(table.c.at >= query.since)
    if query.until is not None:
        statement = statement.where(table.c.at < query.until)
    return statement


def _shown(row: RowMapping) -> dict[str, Any]:
    entry = {name: row[name] for name in ("id", "at", "action", "before", "after", "request_id")}
    kind = row["action"].partition(".")[0]
    return {
        **entry,
        "actor": {"id": row["actor"]},
        "object": {"type": kind, "id": row["object_id"]},
    }
