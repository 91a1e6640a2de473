"""Roles that change while they are given: nobody gets more than whoever gives may give."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection

from auth.domain import Role
from auth.repository import find_user
from auth.role_repository import list_roles, lock_roles, update_role
from services.auth.tests.racing import demote, during, postgres_only
from services.auth.tests.staffing import code, with_role

pytestmark = pytest.mark.anyio
REGISTRAR = ("users:read", "users:write", "orders:read")


def widen(conn: Connection, *, name: str) -> None:
    lock_roles(conn)
    update_role(conn, role=Role(name, "", ("orders:read", "refunds:write"), built_in=False))


def put(auth: Any, who: Any, path: str, **body: Any) -> Any:
    return auth.public.put(f"/api/auth/{path}", json=body, headers=who.headers)


@postgres_only
async def test_b4_who_is_being_demoted_gives_nothing_more(
    auth: Any, admin: Any, database_url: str
) -> None:
    """Neither a role, nor a scope to one of theirs."""
    eve = await auth.register("eve@example.com")
    calls: list[Callable[[Any], Any]] = [
        lambda who: put(auth, who, f"users/{eve['id']}/roles", roles=["admin"]),
        lambda who: put(auth, who, "roles/own", scopes=["refunds:write"]),
        lambda who: auth.public.post(
            "/api/auth/roles", json={"name": "new", "scopes": []}, headers=who.headers
        ),
        lambda who: auth.public.delete("/api/auth/roles/own", headers=who.headers),
        lambda who: put(auth, who, f"users/{eve['id']}/disabled", disabled=True),
    ]
    await auth.public.post(
        "/api/auth/roles", json={"name": "own", "scopes": ["orders:read"]}, headers=admin.headers
    )
    second = await with_role(auth, admin, "admin")
    before = await auth.database.read(list_roles)
    for call in calls:
        demoted = partial(demote, user_id=second.user["id"])
        assert code(await during(auth, database_url, demoted, call(second))) == (
            403,
            "insufficient_scope",
        )
        await put(auth, admin, f"users/{second.user['id']}/roles", roles=["admin"])
    assert await auth.database.read(list_roles) == before
    assert (await auth.database.read(find_user, user_id=eve["id"])).roles == ("customer",)


@postgres_only
async def test_b4_a_role_that_gets_scopes_meanwhile_is_not_given_without_them(
    auth: Any, admin: Any, database_url: str
) -> None:
    registrar = await with_role(auth, admin, "registrar", *REGISTRAR)
    eve = await auth.register("eve@example.com")
    body = {"name": "packer", "scopes": ["orders:read"]}
    await auth.public.post("/api/auth/roles", json=body, headers=admin.headers)
    giving = put(auth, registrar, f"users/{eve['id']}/roles", roles=["packer"])
    answer = await during(auth, database_url, partial(widen, name="packer"), giving)
    assert code(answer) == (403, "cannot_grant")
    assert answer.json()["missing_scopes"] == ["refunds:write"]


async def test_b4_a_role_is_given_as_it_is_at_the_time(auth: Any, admin: Any) -> None:
    """Many roles are widened by an admin while somebody gives them who has not those scopes."""
    registrar = await with_role(auth, admin, "registrar", *REGISTRAR)
    names = [f"role_{number}" for number in range(8)]
    users = [await auth.register(f"user{number}@example.com") for number in range(8)]
    for name in names:
        body = {"name": name, "scopes": ["orders:read"]}
        await auth.public.post("/api/auth/roles", json=body, headers=admin.headers)
    wide = ["orders:read", "refunds:write"]
    pairs = []
    for user, name in zip(users, names, strict=True):
        pairs.append(put(auth, registrar, f"users/{user['id']}/roles", roles=[name]))
        pairs.append(put(auth, admin, f"roles/{name}", scopes=wide))
    answers = await asyncio.gather(*pairs)
    assert [answer.status_code for answer in answers[1::2]] == [200] * 8
    for answer in answers[::2]:
        refused = answer.status_code == 403
        assert refused or answer.json()["scopes"] == ["orders:read"]


async def test_a_role_is_either_given_or_deleted(auth: Any, admin: Any) -> None:
    users = [await auth.register(f"user{number}@example.com") for number in range(8)]
    names = [f"role_{number}" for number in range(8)]
    for name in names:
        body = {"name": name, "scopes": []}
        await auth.public.post("/api/auth/roles", json=body, headers=admin.headers)
    calls = []
    for user, name in zip(users, names, strict=True):
        calls.append(put(auth, admin, f"users/{user['id']}/roles", roles=[name]))
        calls.append(auth.public.delete(f"/api/auth/roles/{name}", headers=admin.headers))
    statuses = [answer.status_code for answer in await asyncio.gather(*calls)]
    for given, deleted in zip(statuses[::2], statuses[1::2], strict=True):
        assert (given, deleted) in {(200, 409), (422, 204)}
