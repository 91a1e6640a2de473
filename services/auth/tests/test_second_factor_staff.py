"""A second factor of staff: required by the shop, reset by others, readable with one key only."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import jwt
import pytest
from pydantic import SecretStr
from sqlalchemy import delete, insert

from auth.commands import reset_second_factor
from auth.main import build
from auth.models import roles, second_factors
from auth.repository import insert_roles
from auth.settings import AuthSettings
from services.auth.tests.conftest import Auth, SignedIn, bearer
from services.auth.tests.second_factors import (
    PASSWORD,
    REFUSED,
    REQUIRED,
    RIGHT,
    call,
    log_in,
    switch_on,
    told,
)
from shopkit.clock import FrozenClock
from shopkit.testing import running

pytestmark = pytest.mark.anyio
ROOT = {"email": "root@example.com"}


@pytest.fixture(autouse=True)
def _room(clock: FrozenClock) -> None:
    clock.advance(minutes=-5)


@pytest.fixture
async def strict(settings: AuthSettings, clock: FrozenClock) -> AsyncIterator[Auth]:
    """Where staff must have a second factor."""
    told = settings.model_copy(update={"staff_second_factor": "required"})
    service = build(told, clock)
    async with running(service) as (public, internal):
        yield Auth(service, public, internal, told)


async def staff_of(auth: Any, *names: str, email: str = "root@example.com") -> SignedIn:
    user = await auth.register(email)
    await auth.database.run(insert_roles, user_id=user["id"], names=names)
    pair = await auth.log_in(email)
    return SignedIn(user, pair["access_token"], pair["refresh_token"])


def claims(access_token: str) -> dict[str, Any]:
    return dict(jwt.decode(access_token, options={"verify_signature": False}))


async def users(auth: Any, access_token: str) -> Any:
    return await auth.public.get("/api/auth/users", headers=bearer(access_token))


async def reset(auth: Any, actor: Any, user_id: str) -> Any:
    path = f"/api/auth/users/{user_id}/second-factor"
    return await auth.public.delete(path, headers=actor.headers)


async def test_where_it_is_optional_staff_go_without(auth: Any, admin: Any) -> None:
    assert (await users(auth, admin.access_token)).status_code == 200
    assert "users:write" in claims(admin.access_token)["scope"]
    assert (await auth.me(admin.access_token)).json()["second_factor_required"] is False


async def test_where_it_is_required_staff_are_customers_without(strict: Any) -> None:
    root = await staff_of(strict, "admin")
    found = claims(root.access_token)
    assert (found["scope"], found["roles"], found["amr"]) == ("", ["customer"], ["pwd"])
    answer = await users(strict, root.access_token)
    problem = answer.json()
    assert told(answer) == (403, "insufficient_scope")
    assert problem["second_factor_required"] is True
    assert "second factor" in problem["detail"]
    me = await strict.me(root.access_token)
    shown = {name: me.json()[name] for name in ("roles", "scopes", "second_factor_required")}
    assert shown == {"roles": ["customer"], "scopes": [], "second_factor_required": True}
    again = (await strict.refresh(root.refresh_token)).json()
    assert claims(again["access_token"])["scope"] == ""
    changed = await strict.public.patch(
        "/api/auth/me",
        json={"name": "Root"},
        headers={**bearer(again["access_token"]), "If-Match": me.headers["etag"]},
    )
    assert (changed.status_code, changed.json()["scopes"]) == (200, [])


async def test_required_of_staff_it_gives_them_their_roles(strict: Any) -> None:
    root = await staff_of(strict, "admin")
    app, _ = await switch_on(strict, root)
    fresh = (await strict.refresh(root.refresh_token)).json()["access_token"]
    assert (await users(strict, fresh)).status_code == 200
    assert (await strict.me(fresh)).json()["second_factor_required"] is False
    assert told(await log_in(strict, **ROOT)) == REQUIRED
    pair = (await log_in(strict, app.next_code(), **ROOT)).json()
    assert claims(pair["access_token"])["amr"] == ["pwd", "otp"]
    refreshed = (await strict.refresh(pair["refresh_token"])).json()["access_token"]
    assert (await users(strict, refreshed)).status_code == 200
    form = {"grant_type": "password", "username": ROOT["email"], "password": PASSWORD}
    granted = (await strict.form(**form, one_time_code=app.next_code())).json()
    assert "users:write" in granted["scope"].split()


async def test_who_switches_it_off_loses_them_again(strict: Any) -> None:
    root = await staff_of(strict, "admin")
    _, codes = await switch_on(strict, root)
    ended = await call(strict, root, "DELETE", password=PASSWORD, code=codes[0])
    assert ended.status_code == 204
    fresh = (await strict.refresh(root.refresh_token)).json()["access_token"]
    assert (await users(strict, fresh)).status_code == 403


async def test_customers_need_none(strict: Any) -> None:
    ada = await staff_of(strict, email="ada@example.com")
    assert "second_factor_required" not in claims(ada.access_token)
    assert (await strict.me(ada.access_token)).json().items() >= ada.user.items()


async def test_staff_reset_it_for_who_has_lost_everything(
    auth: Any, admin: Any, signed_in: Any
) -> None:
    await switch_on(auth, signed_in)
    path = f"/api/auth/users/{signed_in.user['id']}"
    shown = (await auth.public.get(path, headers=admin.headers)).json()
    assert shown["second_factor"] is True
    assert (await reset(auth, admin, signed_in.user["id"])).status_code == 204
    assert (await auth.me(signed_in.access_token)).status_code == 401
    assert (await auth.refresh(signed_in.refresh_token)).status_code == 401
    again = await log_in(auth)
    assert told(again) == RIGHT
    assert (await reset(auth, admin, signed_in.user["id"])).status_code == 204
    assert (await auth.me(again.json()["access_token"])).status_code == 200  # nothing to reset


async def test_b4_nobody_resets_who_may_do_more_nor_themselves(
    auth: Any, admin: Any, signed_in: Any
) -> None:
    await switch_on(auth, admin)
    role: dict[str, Any] = {"name": "deputy", "description": "", "built_in": False}
    role["scopes"] = ["users:read", "users:write"]
    await auth.database.run(lambda conn: conn.execute(insert(roles).values(role)))
    deputy = await staff_of(auth, "deputy", email="deputy@example.com")
    assert told(await reset(auth, deputy, admin.user["id"])) == (403, "cannot_grant")
    assert told(await reset(auth, signed_in, admin.user["id"])) == (403, "insufficient_scope")
    assert told(await reset(auth, admin, admin.user["id"])) == (409, "own_account")
    nobody = "01a2045d-f955-7000-aa33-51b3e0e4c83c"
    assert told(await reset(auth, admin, nobody)) == (404, "not_found")
    assert told(await log_in(auth, **ROOT)) == REQUIRED


async def test_a_command_resets_it_for_the_admin(
    settings: AuthSettings, clock: FrozenClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who may be the only one."""

    @asynccontextmanager
    async def run() -> AsyncIterator[Auth]:
        service = build(settings, clock)
        async with running(service) as (public, internal):
            yield Auth(service, public, internal, settings)

    async with run() as auth:
        await switch_on(auth, await staff_of(auth, "admin"))
        assert told(await log_in(auth, **ROOT)) == REQUIRED
    named = settings.model_copy(update={"admin_email": SecretStr(ROOT["email"])})
    for said in ("the second factor is off", "there is no second factor"):
        await asyncio.to_thread(reset_second_factor, named)
        assert said in capsys.readouterr().out
    async with run() as auth:
        assert told(await log_in(auth, **ROOT)) == RIGHT
    for email in ("", "nobody@example.com"):
        unknown = settings.model_copy(update={"admin_email": SecretStr(email)})
        with pytest.raises(ValueError, match="AUTH_ADMIN_EMAIL"):
            await asyncio.to_thread(reset_second_factor, unknown)


async def test_with_another_key_recovery_codes_are_left(
    settings: AuthSettings, clock: FrozenClock
) -> None:
    other = settings.model_copy(update={"secret_key": SecretStr("another-" + "k" * 40)})
    service = build(settings, clock)
    async with running(service) as (public, internal):
        auth = Auth(service, public, internal, settings)
        app, codes = await switch_on(auth, await staff_of(auth, email="ada@example.com"))
    service = build(other, clock)
    async with running(service) as (public, internal):
        auth = Auth(service, public, internal, other)
        assert told(await log_in(auth, app.next_code())) == REFUSED
        pair = (await log_in(auth, codes[0])).json()
        ada = SignedIn({}, pair["access_token"], pair["refresh_token"])
        ended = await call(auth, ada, "DELETE", password=PASSWORD, code=codes[1])
        assert ended.status_code == 204
        await switch_on(auth, ada)


async def test_where_it_is_required_keys_count_while_their_maker_has_one(strict: Auth) -> None:
    admin = await staff_of(strict, "admin")
    body = {"name": "CRM", "scopes": ["users:read"]}
    refused = await strict.public.post("/api/auth/keys", json=body, headers=admin.headers)
    assert (refused.status_code, refused.json()["second_factor_required"]) == (403, True)
    await switch_on(strict, admin)
    fresh = (await strict.refresh(admin.refresh_token)).json()["access_token"]
    made = await strict.public.post("/api/auth/keys", json=body, headers=bearer(fresh))
    key = made.json()["key"]
    assert (await users(strict, key)).status_code == 200
    gone = delete(second_factors)
    await strict.database.run(lambda conn: conn.execute(gone))
    assert (await users(strict, key)).status_code == 403
