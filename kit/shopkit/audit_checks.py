"""What the tests of every service ask of its audit log."""

from typing import Any

import httpx2
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from shopkit.db import Database
from shopkit.openapi import policy_of

WRITES = ("POST", "PUT", "PATCH", "DELETE")


def writes(app: FastAPI, *kinds: str) -> set[str]:
    """`POST /api/…` for each route that changes something, and whose policy is of these kinds."""
    return {
        f"{method} {route.path}"
        for route in app.router.routes
        if isinstance(route, APIRoute) and policy_of(route).kind in kinds
        for method in route.methods or ()
        if method in WRITES
    }


async def entries_of(
    http: httpx2.AsyncClient, path: str, authorization: str, answer: httpx2.Response
) -> list[dict[str, Any]]:
    """What the request that was answered so has left in the log at `path`."""
    query = {"request_id": answer.headers["x-request-id"]}
    found = await http.get(path, params=query, headers={"Authorization": authorization})
    assert found.status_code == 200, found.text  # noqa: S101
    items: list[dict[str, Any]] = found.json()["items"]
    return items


async def check_append_only(database: Database) -> None:
    """With an entry in it, the log refuses every way to change or remove one."""
    attempts = ["UPDATE audit_log SET actor = 'me'", "DELETE FROM audit_log"]
    if database.dialect == "sqlite":
        attempts.append("INSERT OR REPLACE INTO audit_log SELECT * FROM audit_log")
    else:
        attempts.append("TRUNCATE audit_log")
    before = await database.read(_all)
    assert before  # noqa: S101
    for attempt in attempts:
        assert "append-only" in await _refusal(database, attempt), attempt  # noqa: S101
    assert await database.read(_all) == before  # noqa: S101


async def _refusal(database: Database, statement: str) -> str:
    try:
        await database.run(_execute, statement)
    except DBAPIError as exc:
        return str(exc)
    return ""


def _execute(conn: Connection, statement: str) -> None:
    conn.execute(text(statement))


def _all(conn: Connection) -> list[tuple[Any, ...]]:
    return [tuple(map(str, row)) for row in conn.execute(text("SELECT * FROM audit_log"))]
