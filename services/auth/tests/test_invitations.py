"""Staff are invited by mail, and nobody gets by it what the inviter may not give."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from auth.invitations import LIFETIME
from auth.models import invitations
from auth.worker import Sweeper
from services.auth.tests.conftest import text_of
from services.auth.tests.inviting import (
    EVE,
    PASSWORD,
    accept,
    invite,
    invited,
    join,
    listed,
    token_of,
)
from services.auth.tests.staffing import code, with_role

pytestmark = pytest.mark.anyio


async def put(auth: Any, who: Any, user_id: str, what: str, value: Any) -> Any:
    url = f"/api/auth/users/{user_id}/{what}"
    answer = await auth.public.put(url, json={what: value}, headers=who.headers)
    assert answer.status_code == 200, answer.text


async def test_who_is_invited_makes_an_account_with_the_roles(auth: Any, admin: Any) -> None:
    answer = await invite(auth, admin, "support", "customer", name="Eve", email="Eve@example.com")
    made = answer.json()
    assert made.items() >= {"email": "Eve@example.com", "name": "Eve"}.items()
    assert (made["roles"], made["invited_by"]) == (["customer", "support"], admin.user["id"])
    assert await listed(auth, admin) == [made]
    mail = (await auth.mails())[-1]
    assert (mail["To"], mail["Subject"]) == ("Eve@example.com", "You are invited to Shop")
    assert "root@example.com invites you to work at Shop as customer, support" in text_of(mail)
    token = await token_of(auth)
    assert f"https://shop.example.org/en/invitation#token={token}" in text_of(mail)
    assert token not in answer.text
    user = (await accept(auth, token)).json()
    assert (user["name"], user["roles"]) == ("Eve", ["customer", "support"])
    assert user["email_verified"]
    pair = await auth.log_in(EVE)
    assert (await auth.me(pair["access_token"])).json().items() >= user.items()
    assert "orders:read" in user["scopes"]
    assert await listed(auth, admin) == []


async def test_a19_an_invitation_is_for_one_use(auth: Any, admin: Any) -> None:
    token = await invited(auth, admin)
    assert (await accept(auth, token, name="Evelyn")).json()["name"] == "Evelyn"
    assert code(await accept(auth, token)) == (400, "invalid_token")
    pair = await auth.log_in(EVE)
    assert code(await join(auth, pair["access_token"], token)) == (400, "invalid_token")


async def test_a19_of_many_acceptances_at_once_one_counts(auth: Any, admin: Any) -> None:
    token = await invited(auth, admin)
    answers = await asyncio.gather(*(accept(auth, token) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, *[400] * 5]


async def test_a19_many_joins_at_once_of_one_invitation_count_once(
    auth: Any, admin: Any, signed_in: Any
) -> None:
    token = await invited(auth, admin, email="ada@example.com")
    answers = await asyncio.gather(*(join(auth, signed_in.access_token, token) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, *[400] * 5]


async def test_a19_an_invitation_ends_after_a_week(auth: Any, admin: Any) -> None:
    token = await invited(auth, admin)
    auth.context.clock.advance(seconds=LIFETIME.total_seconds())
    assert code(await accept(auth, token)) == (400, "invalid_token")
    assert code(await accept(auth, "forged")) == (400, "invalid_token")
    assert await listed(auth, admin) == []
    assert (await invite(auth, admin)).status_code == 201


async def test_expired_invitations_are_cleared_away(auth: Any, admin: Any) -> None:
    await invite(auth, admin)
    clock = auth.context.clock
    clock.advance(seconds=LIFETIME.total_seconds() - 1)
    sweeper = Sweeper(auth.database, auth.context.keys, clock)
    rows = select(invitations.c.id)
    await sweeper.drain()
    assert len(await auth.database.read(lambda conn: conn.execute(rows).all())) == 1
    clock.advance(seconds=1)
    await sweeper.drain()
    assert await auth.database.read(lambda conn: conn.execute(rows).all()) == []


async def test_a_withdrawn_invitation_is_worth_nothing(auth: Any, admin: Any) -> None:
    token = await invited(auth, admin)
    url = f"/api/auth/invitations/{(await listed(auth, admin))[0]['id']}"
    assert (await auth.public.delete(url, headers=admin.headers)).status_code == 204
    assert code(await accept(auth, token)) == (400, "invalid_token")
    assert (await auth.public.delete(url, headers=admin.headers)).status_code == 404
    assert await invited(auth, admin) != token


async def test_b4_nobody_invites_to_a_scope_that_they_lack(auth: Any, admin: Any) -> None:
    registrar = await with_role(auth, admin, "registrar", "users:read", "users:write")
    for role in ("admin", "support"):
        refused = await invite(auth, registrar, "customer", role)
        assert code(refused) == (403, "cannot_grant")
    assert "orders:read" in refused.json()["missing_scopes"]
    assert await listed(auth, admin) == []
    token = await invited(auth, registrar, "registrar")
    assert (await accept(auth, token)).json()["scopes"] == ["users:read", "users:write"]


@pytest.mark.parametrize("change", ["demoted", "disabled", "disabled and enabled", "wider role"])
@pytest.mark.parametrize("has_account", [False, True])
async def test_b4_what_an_inviter_may_not_give_any_more_is_not_accepted(
    auth: Any, admin: Any, change: str, has_account: bool
) -> None:
    owner = await with_role(auth, admin, "owner", "users:read", "users:write", "orders:read")
    role = {"name": "packer", "scopes": ["orders:read"]}
    await auth.public.post("/api/auth/roles", json=role, headers=admin.headers)
    token = await invited(auth, owner, "packer")
    user_id = owner.user["id"]
    if change == "demoted":
        await put(auth, admin, user_id, "roles", ["packer"])
    if "disabled" in change:
        await put(auth, admin, user_id, "disabled", True)
    if "enabled" in change:
        await put(auth, admin, user_id, "disabled", False)
    if change == "wider role":
        wider = {"scopes": ["orders:read", "refunds:write"]}
        await auth.public.put("/api/auth/roles/packer", json=wider, headers=admin.headers)
    if not has_account:
        assert code(await accept(auth, token)) == (400, "invalid_token")
        assert code(await auth.post("login", email=EVE, password=PASSWORD))[0] == 401
        return
    await auth.register(EVE)
    pair = await auth.log_in(EVE)
    assert code(await join(auth, pair["access_token"], token)) == (400, "invalid_token")
    assert (await auth.me(pair["access_token"])).json()["roles"] == ["customer"]


async def test_who_has_an_account_joins_with_it(auth: Any, admin: Any, signed_in: Any) -> None:
    token = await invited(auth, admin, email="ADA@example.com")
    assert (await auth.mails())[-1]["To"] == "ada@example.com"
    assert code(await accept(auth, token)) == (409, "account_exists")
    answer = await join(auth, signed_in.access_token, token)
    me = answer.json()
    assert (me["roles"], me["email_verified"]) == (["customer", "support"], True)
    again = await auth.me(signed_in.access_token)
    assert again.json().items() >= me.items()
    assert again.headers["etag"] == answer.headers["etag"]


async def test_b4_an_invitation_is_for_its_own_address(
    auth: Any, admin: Any, signed_in: Any
) -> None:
    """Whoever else gets hold of it, it stays for who was meant."""
    token = await invited(auth, admin)
    refused = await join(auth, signed_in.access_token, token)
    assert code(refused) == (409, "other_address")
    assert (await auth.me(signed_in.access_token)).json()["roles"] == ["customer"]
    assert (await accept(auth, token)).status_code == 201


async def test_b4_only_the_mail_verifies_an_address(auth: Any, admin: Any) -> None:
    """Not one that is compared as equal to that of the mail."""
    token = await invited(auth, admin, email="strasse@example.com")
    await auth.register("straße@example.com")
    pair = await auth.log_in("straße@example.com")
    me = (await join(auth, pair["access_token"], token)).json()
    assert (me["email_verified"], "support" in me["roles"]) == (False, True)


async def test_a10_who_is_out_does_not_join(auth: Any, admin: Any, signed_in: Any) -> None:
    token = await invited(auth, admin, email="ada@example.com")
    await put(auth, admin, signed_in.user["id"], "disabled", True)
    assert code(await join(auth, signed_in.access_token, token)) == (401, "invalid_token")
    assert len(await listed(auth, admin)) == 1
