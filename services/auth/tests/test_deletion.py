"""Deleting an account: what it ends, who may, and what the others are told."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import insert, select

from auth.models import events, login_failures, refresh_tokens, roles, sessions, user_roles, users
from auth.repository import insert_roles
from auth.worker import Sweeper
from services.auth.tests.conftest import PASSWORD, SignedIn

pytestmark = pytest.mark.anyio


async def delete(auth: Any, who: Any, password: Any = PASSWORD) -> Any:
    return await auth.public.post(
        "/api/auth/me/delete", json={"password": password}, headers=who.headers
    )


async def delete_other(auth: Any, staff: Any, user_id: str, **headers: str) -> Any:
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return await auth.public.delete(f"/api/auth/users/{user_id}", headers=staff.headers | more)


def make_people_staff(conn: Any, *, user_id: str) -> None:
    row = {"name": "people", "description": "", "scopes": ["users:write"], "built_in": False}
    conn.execute(insert(roles).values(row))
    insert_roles(conn, user_id=user_id, names=["people"])


async def rows(auth: Any, table: Any) -> list[Any]:
    return list(await auth.database.read(lambda conn: conn.execute(select(table)).all()))


async def told(auth: Any) -> list[tuple[str, Any, bool]]:
    """The last events: what, of whom, and whether for good."""
    found = sorted(await rows(auth, events), key=lambda row: row.seq)
    return [(row.kind, row.user_id, row.expires_at is None) for row in found][-2:]


async def test_a10_an_account_is_gone_with_all_that_is_known_of_it(
    auth: Any, signed_in: Any, admin: Any
) -> None:
    other, id = await auth.log_in(), signed_in.user["id"]
    answer = await delete(auth, signed_in)
    assert (answer.status_code, answer.content) == (204, b"")
    for token in (signed_in.access_token, other["access_token"]):
        assert (await auth.me(token)).status_code == 401
    assert (await auth.refresh(other["refresh_token"])).status_code == 401
    assert (await auth.post("login", email="ada@example.com", password=PASSWORD)).json()[
        "code"
    ] == "invalid_credentials"
    assert [row.id for row in await rows(auth, users)] == [admin.user["id"]]
    assert {row.user_id for row in await rows(auth, sessions)} == {admin.user["id"]}
    assert {row.user_id for row in await rows(auth, user_roles)} == {admin.user["id"]}
    assert len(await rows(auth, refresh_tokens)) == 1
    assert await told(auth) == [("tokens_voided", id, False), ("user_deleted", id, True)]
    again = await auth.register()
    assert again["id"] != id, "the address is free, and somebody new has it"
    assert (await delete(auth, signed_in)).status_code == 401


async def test_a_wrong_password_deletes_nothing_and_counts(auth: Any, signed_in: Any) -> None:
    wrong = await delete(auth, signed_in, "correct horse batterx")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong_password")
    assert wrong.json()["errors"][0]["pointer"] == "/password"
    for _ in range(20):  # ten of a known device, then those of the account
        await delete(auth, signed_in, "correct horse batterx")
    blocked = await delete(auth, signed_in)
    assert (blocked.status_code, blocked.json()["code"]) == (429, "too_many_attempts")
    assert (await auth.me(signed_in.access_token)).status_code == 200


async def test_the_last_admin_stays(auth: Any, admin: Any, signed_in: Any) -> None:
    answer = await delete(auth, admin)
    assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")
    for _ in range(10):  # the password was right: it is no failure, however often
        assert (await delete(auth, admin)).status_code == 409
    assert {row.failures for row in await rows(auth, login_failures)} == {0}
    await auth.database.run(insert_roles, user_id=signed_in.user["id"], names=["admin"])
    both = await asyncio.gather(delete(auth, admin), delete(auth, signed_in))
    assert sorted(one.status_code for one in both) == [204, 409]
    assert len(await rows(auth, users)) == 1


async def test_who_is_deleted_while_they_log_in_is_not_let_in(
    auth: Any, signed_in: Any, admin: Any, held: Any
) -> None:
    login = await held.hold(auth.post("login", email="ada@example.com", password=PASSWORD))
    assert (await delete_other(auth, admin, signed_in.user["id"])).status_code == 204
    answer = await held.let_go(login)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")


async def test_a_password_that_changes_meanwhile_deletes_nothing(
    auth: Any, signed_in: Any, held: Any
) -> None:
    deletion = await held.hold(delete(auth, signed_in))
    body = {"current_password": PASSWORD, "new_password": "staple the horse again"}
    changed = await auth.public.post("/api/auth/password", json=body, headers=signed_in.headers)
    assert changed.status_code == 204
    answer = await held.let_go(deletion)
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_password")
    assert await auth.log_in(password="staple the horse again")


async def test_staff_delete_users_but_not_whom_they_may_not_change(
    auth: Any, signed_in: Any, admin: Any
) -> None:
    id = signed_in.user["id"]
    own = await delete_other(auth, admin, admin.user["id"])
    assert (own.status_code, own.json()["code"]) == (409, "own_account")
    refused = await delete_other(auth, signed_in, admin.user["id"])
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
    await auth.database.run(make_people_staff, user_id=id)
    pair = await auth.log_in()
    staff = SignedIn(signed_in.user, pair["access_token"], pair["refresh_token"])
    less = await delete_other(auth, staff, admin.user["id"])
    assert (less.status_code, less.json()["code"]) == (403, "cannot_grant")
    stale = await delete_other(auth, admin, id, if_match='"old"')
    assert stale.status_code == 412
    assert (await delete_other(auth, admin, id)).status_code == 204
    assert (await delete_other(auth, admin, id)).status_code == 404
    assert await told(auth) == [("tokens_voided", id, False), ("user_deleted", id, True)]


async def test_what_is_told_of_the_deleted_is_never_cleared_away(auth: Any, signed_in: Any) -> None:
    await delete(auth, signed_in)
    auth.context.clock.advance(days=400)
    workers = [getattr(work, "__self__", None) for work in auth.service.background]
    (sweeper,) = [worker for worker in workers if isinstance(worker, Sweeper)]
    await sweeper.drain()
    assert [row.kind for row in await rows(auth, events)] == ["user_deleted"]
