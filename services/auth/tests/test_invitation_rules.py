"""Who may invite whom, how often, and what is refused."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from auth.invitations import MAX_OPEN
from auth.mail_limits import TO_ADDRESS
from auth.models import invitations
from services.auth.tests.inviting import EVE, accept, invite, invited, listed, withdraw
from services.auth.tests.racing import demote, during, postgres_only
from services.auth.tests.staffing import code, with_role
from shopkit.ids import new_id

pytestmark = pytest.mark.anyio


async def stored(auth: Any) -> int:
    rows = select(invitations.c.id)
    return len(await auth.database.read(lambda conn: conn.execute(rows).all()))


async def test_b4_inviting_is_for_staff_with_the_scope(
    auth: Any, admin: Any, signed_in: Any
) -> None:
    made = (await invite(auth, admin)).json()
    reader = await with_role(auth, admin, "support")
    for who in (signed_in, reader):
        assert code(await invite(auth, who, email="x@example.com")) == (403, "insufficient_scope")
        assert code(await withdraw(auth, who, made["id"])) == (403, "insufficient_scope")
    assert await listed(auth, reader) == [made]
    path = "/api/auth/invitations"
    refused = await auth.public.get(path, headers=signed_in.headers)
    assert code(refused) == (403, "insufficient_scope")
    assert (await auth.public.get(path)).status_code == 401
    assert (await auth.public.post(path, json={})).status_code == 401
    assert (await auth.post("invitations/join", token="x")).status_code == 401


async def test_a10_a_demoted_admin_invites_nobody_with_the_old_token(auth: Any, admin: Any) -> None:
    second = await with_role(auth, admin, "admin")
    made = (await invite(auth, admin)).json()
    url = f"/api/auth/users/{second.user['id']}/roles"
    await auth.public.put(url, json={"roles": ["support"]}, headers=admin.headers)
    refused = await invite(auth, second, "customer", email="x@example.com")
    assert code(refused) == (403, "insufficient_scope")
    assert code(await withdraw(auth, second, made["id"])) == (403, "insufficient_scope")
    await auth.public.post("/api/auth/logout-all", headers=second.headers)
    assert code(await invite(auth, second)) == (401, "invalid_token")
    ended = await auth.public.get("/api/auth/invitations", headers=second.headers)
    assert code(ended) == (401, "invalid_token")
    assert await stored(auth) == 1


async def test_an_address_is_invited_once_at_a_time(auth: Any, admin: Any) -> None:
    assert (await invite(auth, admin)).status_code == 201
    assert code(await invite(auth, admin, "admin", email="EVE@example.com")) == (
        409,
        "already_invited",
    )
    assert [each["roles"] for each in await listed(auth, admin)] == [["support"]]


async def test_c20_only_so_many_mails_go_to_one_address(auth: Any, admin: Any) -> None:
    for _ in range(TO_ADDRESS.most):
        made = (await invite(auth, admin)).json()
        await withdraw(auth, admin, made["id"])
    refused = await invite(auth, admin)
    assert code(refused) == (429, "too_many_mails")
    assert refused.headers["retry-after"] == "3600"
    assert await stored(auth) == 0


async def test_c20_only_so_many_invitations_are_open(auth: Any, admin: Any) -> None:
    for number in range(MAX_OPEN):
        made = await invite(auth, admin, email=f"eve{number}@example.com")
        assert made.status_code == 201
    assert code(await invite(auth, admin)) == (409, "too_many_invitations")
    await withdraw(auth, admin, made.json()["id"])
    assert (await invite(auth, admin)).status_code == 201


async def test_a_role_that_somebody_is_invited_to_is_not_deleted(auth: Any, admin: Any) -> None:
    role = {"name": "packer", "scopes": ["orders:read"]}
    await auth.public.post("/api/auth/roles", json=role, headers=admin.headers)
    token = await invited(auth, admin, "packer")
    url = "/api/auth/roles/packer"
    refused = await auth.public.delete(url, headers=admin.headers)
    assert code(refused) == (409, "role_in_use")
    assert (refused.json()["users"], refused.json()["invitations"]) == (0, 1)
    assert (await accept(auth, token)).status_code == 201


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"roles": ["owner"]}, "/roles"),
        ({"roles": []}, "/roles"),
        ({"roles": "support"}, "/roles"),
        ({"email": "eve"}, "/email"),
        ({"name": "a\nb"}, "/name"),
        ({"token": "x"}, "/token"),
        ({"invited_by": "01a2045d-f955-7000-aa33-51b3e0e4c83c"}, "/invited_by"),
        ({"expires_at": "2099-01-01T00:00:00Z"}, "/expires_at"),
    ],
    ids=str,
)
async def test_b3_odd_invitations_are_refused(
    auth: Any, admin: Any, changes: dict[str, Any], pointer: str
) -> None:
    body = {"email": EVE, "roles": ["support"], **changes}
    url = "/api/auth/invitations"
    refused = await auth.public.post(url, json=body, headers=admin.headers)
    assert code(refused) == (422, "validation_error")
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert await stored(auth) == 0


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"password": "short"}, "/password"),
        ({"password": EVE}, "/password"),
        ({"password": "1234567890"}, "/password"),
        ({"email": "x@example.com"}, "/email"),
        ({"roles": ["admin"]}, "/roles"),
        ({"email_verified": True}, "/email_verified"),
    ],
    ids=str,
)
async def test_b3_odd_acceptances_leave_the_invitation_as_it_is(
    auth: Any, admin: Any, changes: dict[str, Any], pointer: str
) -> None:
    token = await invited(auth, admin)
    refused = await accept(auth, token, **changes)
    assert code(refused) == (422, "validation_error")
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert (await accept(auth, token)).json()["roles"] == ["support"]


async def test_a17_a_forged_token_costs_no_hash(auth: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hash(_: str) -> str:
        raise AssertionError("hashed")

    monkeypatch.setattr(auth.context.hasher, "hash", hash)
    assert code(await accept(auth, "forged")) == (400, "invalid_token")


async def test_c9_what_is_not_there_is_not_withdrawn(auth: Any, admin: Any) -> None:
    assert (await withdraw(auth, admin, new_id())).status_code == 404
    assert (await withdraw(auth, admin, "accept")).status_code in (404, 405)


async def test_b7_no_answer_carries_the_token(auth: Any, admin: Any) -> None:
    made = await invite(auth, admin)
    await auth.mails()
    shown = {"id", "email", "name", "roles", "invited_by", "created_at", "expires_at"}
    assert made.json().keys() == (await listed(auth, admin))[0].keys() == shown


async def test_a_mail_of_a_withdrawn_invitation_is_not_sent(
    auth: Any, admin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(await auth.mails())
    monkeypatch.setattr(auth.context.mail_relay, "wake", lambda *_: None)
    made = (await invite(auth, admin)).json()
    await withdraw(auth, admin, made["id"])
    monkeypatch.undo()
    assert len(await auth.mails()) == before


@postgres_only
async def test_b4_an_invitation_is_not_accepted_while_who_sent_it_is_demoted(
    auth: Any, admin: Any, database_url: str
) -> None:
    second = await with_role(auth, admin, "admin")
    token = await invited(auth, second, "admin")
    demoted = partial(demote, user_id=second.user["id"])
    answer = await during(auth, database_url, demoted, accept(auth, token))
    assert code(answer) == (400, "invalid_token")


@postgres_only
async def test_b4_who_is_being_demoted_invites_nobody(
    auth: Any, admin: Any, database_url: str
) -> None:
    second = await with_role(auth, admin, "admin")
    demoted = partial(demote, user_id=second.user["id"])
    answer = await during(auth, database_url, demoted, invite(auth, second, "admin"))
    assert code(answer) == (403, "insufficient_scope")
    assert await stored(auth) == 0
