"""Idempotency keys of what auth makes: sent again, a request has no second effect."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from auth.login_limits import ACCOUNT
from auth.models import audit_log, idempotency_keys, users
from auth.worker import Sweeper
from services.auth.tests.conftest import PASSWORD
from services.auth.tests.inviting import EVE, accept, invited, listed
from services.auth.tests.staffing import code, with_role
from shopkit.idempotency import KEPT

pytestmark = pytest.mark.anyio
ADA = {"email": "ada@example.com", "password": PASSWORD, "name": "Lovelace"}
INVITATION = {"email": EVE, "name": "Eve", "roles": ["support"]}
ROLE = {"name": "packer", "description": "Sends parcels", "scopes": ["orders:write"]}
OTHERS = [
    {"name": "Eve"},
    {"name": None},
    {"password": "another horse battery"},
    {"email": "ADA@example.com"},
]


async def send(auth: Any, call: str, body: Any, *, key: str = "once", **headers: str) -> Any:
    named = {"Idempotency-Key": key, **headers}
    return await auth.public.post(f"/api/auth/{call}", json=body, headers=named)


def replayed(answer: Any) -> bool:
    return bool(answer.headers.get("idempotent-replayed") == "true")


async def count(auth: Any, table: Any) -> int:
    def find(conn: Connection) -> int:
        return int(conn.execute(select(func.count()).select_from(table)).scalar_one())

    found: int = await auth.database.read(find)
    return found


async def test_registering_again_answers_with_the_account(auth: Any) -> None:
    first, again = [await send(auth, "register", ADA) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert (replayed(first), replayed(again)) == (False, True)
    for name in ("location", "etag", "cache-control"):
        assert again.headers[name] == first.headers[name]
    assert len(await auth.mails()) == 1


@pytest.mark.parametrize("other", OTHERS, ids=lambda other: next(iter(other)))
async def test_e5_registering_otherwise_needs_another_key(auth: Any, other: Any) -> None:
    await send(auth, "register", ADA)
    answer = await send(auth, "register", {**ADA, **other})
    assert code(answer) == (422, "idempotency_key_reused")


async def test_e5_keys_of_two_addresses_do_not_meet(auth: Any) -> None:
    answers = [
        await send(auth, "register", {**ADA, "email": f"{name}@example.com"})
        for name in ("ada", "eve")
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert not any(map(replayed, answers))


async def test_a_key_that_made_nothing_is_free(auth: Any) -> None:
    await auth.register()
    assert code(await send(auth, "register", ADA)) == (409, "email_taken")
    assert await count(auth, idempotency_keys) == 0


async def test_of_many_at_once_one_makes_the_account(auth: Any) -> None:
    answers = await asyncio.gather(*(send(auth, "register", ADA) for _ in range(4)))
    made = [answer for answer in answers if answer.status_code == 201 and not replayed(answer)]
    others = [answer for answer in answers if answer not in made]
    assert len(made) == 1
    assert {answer.json()["code"] for answer in others if answer.status_code != 201} <= {
        "request_in_progress"
    }
    assert replayed(await send(auth, "register", ADA))


async def test_a10_whoever_has_a_key_guesses_no_more_passwords_than_at_login(auth: Any) -> None:
    await send(auth, "register", ADA)
    wrong = {**ADA, "password": "another horse battery"}
    for _ in range(ACCOUNT.free + 1):
        assert (await send(auth, "register", wrong)).status_code == 422
    assert code(await send(auth, "register", ADA)) == (429, "too_many_attempts")
    assert code(await auth.post("login", email=ADA["email"], password=PASSWORD))[0] == 429


async def test_a_right_password_is_no_failure(auth: Any) -> None:
    for _ in range(ACCOUNT.free + 3):
        assert (await send(auth, "register", ADA)).status_code == 201


async def test_what_is_stored_names_and_proves_nobody(auth: Any, admin: Any) -> None:
    await send(auth, "register", ADA)
    await send(auth, "invitations", INVITATION, **admin.headers)
    rows = await auth.database.read(lambda conn: conn.execute(select(idempotency_keys)).all())
    assert len(rows) == 2
    stored = str(rows).casefold()
    for said in ("ada@", "lovelace", "eve", "horse", "argon2"):
        assert said not in stored


async def test_an_account_that_was_deleted_is_not_made_again_by_its_key(auth: Any) -> None:
    await send(auth, "register", ADA)
    pair = await auth.log_in()
    bearer = {"Authorization": f"Bearer {pair['access_token']}"}
    body = {"password": PASSWORD}
    gone = await auth.public.post("/api/auth/me/delete", json=body, headers=bearer)
    assert gone.status_code == 204
    assert code(await send(auth, "register", ADA)) == (422, "idempotency_key_reused")
    assert (await send(auth, "register", ADA, key="new")).status_code == 201


async def test_accepting_again_answers_with_the_account(auth: Any, admin: Any) -> None:
    body = {"token": await invited(auth, admin), "password": PASSWORD}
    first, again = [await send(auth, "invitations/accept", body) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert (replayed(first), replayed(again)) == (False, True)
    wrong = {**body, "password": "another horse battery"}
    assert code(await send(auth, "invitations/accept", wrong)) == (422, "idempotency_key_reused")
    assert code(await accept(auth, body["token"])) == (400, "invalid_token")
    assert await count(auth, users) == 2


async def test_inviting_again_sends_no_second_mail(auth: Any, admin: Any) -> None:
    first, again = [await send(auth, "invitations", INVITATION, **admin.headers) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert (replayed(first), replayed(again)) == (False, True)
    assert await listed(auth, admin) == [first.json()]
    assert sum("invited" in mail["Subject"] for mail in await auth.mails()) == 1
    other = {**INVITATION, "name": "Eva"}
    refused = await send(auth, "invitations", other, **admin.headers)
    assert code(refused) == (422, "idempotency_key_reused")


async def test_an_invitation_that_is_over_is_answered_as_it_was(auth: Any, admin: Any) -> None:
    first = await send(auth, "invitations", INVITATION, **admin.headers)
    url = f"/api/auth/invitations/{first.json()['id']}"
    await auth.public.delete(url, headers=admin.headers)
    again = await send(auth, "invitations", INVITATION, **admin.headers)
    assert (again.json(), replayed(again)) == (first.json(), True)
    assert await listed(auth, admin) == []


async def test_a_role_is_made_once(auth: Any, admin: Any) -> None:
    first, again = [await send(auth, "roles", ROLE, **admin.headers) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["location"] == "/api/auth/roles/packer"
    assert (replayed(first), replayed(again)) == (False, True)
    actions = await auth.database.read(lambda conn: conn.execute(select(audit_log.c.action)).all())
    assert [row.action for row in actions].count("role.create") == 1


async def test_e5_keys_are_of_one_caller_and_one_route(auth: Any, admin: Any) -> None:
    boss = await with_role(auth, admin, "boss", "users:read", "users:write", "orders:write")
    await send(auth, "roles", ROLE, **admin.headers)
    theirs = await send(auth, "roles", {**ROLE, "name": "sender"}, **boss.headers)
    assert (theirs.status_code, replayed(theirs)) == (201, False)
    elsewhere = await send(auth, "invitations", INVITATION, **admin.headers)
    assert code(elsewhere) == (422, "idempotency_key_reused")


async def test_whoever_lost_a_scope_gets_no_old_answer(auth: Any, admin: Any) -> None:
    boss = await with_role(auth, admin, "boss", "users:read", "users:write", "orders:write")
    assert (await send(auth, "roles", ROLE, **boss.headers)).status_code == 201
    change = {"scopes": ["users:read", "users:write"]}
    await auth.public.put("/api/auth/roles/boss", json=change, headers=admin.headers)
    pair = await auth.log_in("boss@example.com")
    headers = {"Authorization": f"Bearer {pair['access_token']}"}
    assert code(await send(auth, "roles", ROLE, **headers)) == (403, "cannot_grant")


async def test_c20_old_keys_are_cleared_away(auth: Any, clock: Any) -> None:
    await send(auth, "register", ADA)
    clock.advance(days=KEPT.days)
    sweeper = Sweeper(auth.database, auth.context.keys, clock)
    await sweeper.drain()
    assert await count(auth, idempotency_keys) == 0


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "\x7f"])
async def test_e6_unusable_keys_are_refused(auth: Any, key: str) -> None:
    answer = await send(auth, "register", ADA, key=key)
    assert code(answer) == (400, "invalid_idempotency_key")
