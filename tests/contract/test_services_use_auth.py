"""What the kit expects of auth: keys, and service tokens that the callee accepts."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from auth.commands import create_admin, create_key
from auth.key_ring import rotate_key
from auth.main import MIGRATIONS, build
from auth.settings import AuthSettings
from orders.models import erasure
from orders.settings import MIGRATIONS as ORDERS_MIGRATIONS
from shopkit.api_keys import KeyVerifier
from shopkit.auth import TokenVerifier
from shopkit.clock import SYSTEM_CLOCK
from shopkit.databases import open_database
from shopkit.erasure import Eraser, Left
from shopkit.errors import InvalidToken, TokenExpired, Unavailable
from shopkit.http_client import ServiceClient, ServiceToken
from shopkit.jwks import JwksClient
from shopkit.revocations import RevocationFeed
from shopkit.testing import InProcess, TestDatabases, running

pytestmark = pytest.mark.anyio
SECRET = "orders-" + "s" * 40
PASSWORD = "correct horse battery"
ADMIN = "root@example.com"


@dataclass
class Auth:
    """The real auth, as another service sees it."""

    settings: AuthSettings
    public: Any
    client: ServiceClient
    keys: JwksClient

    def verifier(self, audience: str) -> TokenVerifier:
        kind: Any = "user" if audience == "shop-api" else "service"
        return TokenVerifier(self.keys, issuer="shop-auth", audience=audience, kind=kind)

    async def user_token(self) -> str:
        return str((await self.user_tokens())["access_token"])

    async def user_tokens(self) -> dict[str, Any]:
        account = {"email": "ada@example.com", "password": PASSWORD}
        await self.public.post("/api/auth/register", json=account)
        answer = await self.public.post("/api/auth/login", json=account)
        return dict(answer.json())

    def feed(self) -> RevocationFeed:
        return RevocationFeed(self.client.with_tokens(ServiceToken(self.client, "orders", SECRET)))


@pytest.fixture
async def auth(databases: TestDatabases, tmp_path: Path) -> AsyncIterator[Auth]:
    values: dict[str, Any] = {"service_clients": {"orders": SECRET}, "keys_dir": tmp_path / "keys"}
    settings = AuthSettings(database_url=databases.fresh(MIGRATIONS), **values)
    create_key(settings)
    admin = {"admin_email": SecretStr(ADMIN), "admin_password": SecretStr(PASSWORD)}
    await asyncio.to_thread(create_admin, settings.model_copy(update=admin))
    service = build(settings)
    async with running(service) as (public, _):
        client = ServiceClient("http://auth", transport=InProcess(service.internal))
        yield Auth(settings, public, client, JwksClient(client, tmp_path / "jwks.json"))
        await client.close()


async def test_a_service_token_is_accepted_by_the_callee(auth: Auth) -> None:
    token = await ServiceToken(auth.client, "orders", SECRET).get()
    caller = await auth.verifier("shop-internal").verify(token)
    assert (caller.id, caller.kind, caller.scopes) == ("orders", "service", frozenset())
    with pytest.raises(InvalidToken):
        await auth.verifier("shop-api").verify(token)


async def test_a_wrong_secret_is_not_a_token(auth: Auth) -> None:
    with pytest.raises(Unavailable):
        await ServiceToken(auth.client, "orders", "wrong").get()


async def test_a_user_token_is_accepted_everywhere_and_by_no_internal_route(auth: Auth) -> None:
    token = await auth.user_token()
    user = await auth.verifier("shop-api").verify(token)
    assert (user.kind, user.email, user.roles) == ("user", "ada@example.com", ("customer",))
    assert user.session_id
    with pytest.raises(InvalidToken):
        await auth.verifier("shop-internal").verify(token)


async def test_a20_a_service_knows_the_next_key_before_it_signs(auth: Auth) -> None:
    assert auth.settings.keys_dir
    current = await auth.user_token()
    new = rotate_key(auth.settings.keys_dir, SYSTEM_CLOCK.now())
    while not await auth.keys.find_key(new.kid):
        auth.keys._asked_at = float("-inf")
    assert (await auth.verifier("shop-api").verify(current)).kind == "user"


async def test_a10_sessions_and_tokens_that_end_are_learnt_of(auth: Auth) -> None:
    feed = auth.feed()
    verifier = TokenVerifier(
        auth.keys, issuer="shop-auth", audience="shop-api", kind="user", revocations=feed
    )
    first, second, third = [await auth.user_tokens() for _ in range(3)]
    for pair in (first, second, third):
        await verifier.confirm(await verifier.verify(pair["access_token"]))
    await auth.public.post("/api/auth/logout", json={"refresh_token": first["refresh_token"]})
    await feed.catch_up()
    with pytest.raises(TokenExpired):
        await verifier.verify(first["access_token"])
    headers = {"Authorization": f"Bearer {second['access_token']}"}
    await auth.public.post("/api/auth/logout-all", headers=headers)
    principal = await verifier.verify(third["access_token"])
    with pytest.raises(TokenExpired):
        await verifier.confirm(principal)
    restarted = auth.feed()
    await restarted.catch_up()
    assert restarted.include(principal)
    again = await auth.user_tokens()
    await verifier.confirm(await verifier.verify(again["access_token"]))


async def test_users_who_are_deleted_are_learnt_of(auth: Auth, databases: TestDatabases) -> None:
    database = open_database(databases.fresh(ORDERS_MIGRATIONS))
    await database.start()
    erased: list[str] = []

    def erase(_: Any, owner: str, __: Any) -> Left:
        erased.append(owner)
        return Left.NOTHING

    asking = auth.client.with_tokens(ServiceToken(auth.client, "orders", SECRET))
    eraser = Eraser(database, erasure, asking, erase, SYSTEM_CLOCK)
    headers = {"Authorization": f"Bearer {await auth.user_token()}"}
    me = (await auth.public.get("/api/auth/me", headers=headers)).json()
    await eraser.work()
    assert erased == []
    body = {"password": PASSWORD}
    await auth.public.post("/api/auth/me/delete", json=body, headers=headers)
    await eraser.work()
    await eraser.work()
    assert erased == [f"user:{me['id']}"], "once, until it is looked at again"
    await database.stop()


async def test_a10_a_service_without_a_token_is_told_nothing(auth: Auth) -> None:
    with pytest.raises(Unavailable):
        await RevocationFeed(auth.client).catch_up()


async def admin_of(auth: Auth) -> dict[str, str]:
    """Headers of somebody who may make keys."""
    account = {"email": ADMIN, "password": PASSWORD}
    pair = (await auth.public.post("/api/auth/login", json=account)).json()
    return {"Authorization": f"Bearer {pair['access_token']}"}


async def test_a10_an_api_key_works_until_it_is_revoked(auth: Auth) -> None:
    headers, feed = await admin_of(auth), auth.feed()
    verifier = KeyVerifier(auth.keys, auth.settings, feed)
    body = {"name": "Warehouse", "scopes": ["orders:read"], "rate_class": "high"}
    key = (await auth.public.post("/api/auth/keys", json=body, headers=headers)).json()
    found = await verifier.verify(key["key"])
    assert (found.id, found.made_by, found.kind) == (key["id"], key["made_by"], "user")
    assert (found.scopes, found.rate_class) == ({"orders:read"}, "high")
    await verifier.confirm(found)
    form = {"grant_type": "client_credentials", "client_id": key["id"], "client_secret": key["key"]}
    token = (await auth.public.post("/api/auth/token", data=form)).json()["access_token"]
    assert await verifier.verify(token) == found
    await auth.public.post("/api/auth/logout-all", headers=headers)
    await feed.catch_up()
    later = await verifier.verify(key["key"])  # swapped again, though its maker's tokens are void
    assert later.token_version == found.token_version + 1
    with pytest.raises(InvalidToken):
        await verifier.verify(f"{key['key'][:-43]}{'A' * 43}")
    headers = await admin_of(auth)
    await auth.public.delete(f"/api/auth/keys/{key['id']}", headers=headers)
    await feed.catch_up()
    with pytest.raises(InvalidToken) as refused:
        await verifier.verify(key["key"])
    assert refused.value.code == "invalid_token"


async def test_a_service_that_auth_does_not_know_learns_of_no_key(auth: Auth) -> None:
    verifier = KeyVerifier(auth.keys, auth.settings, RevocationFeed(auth.client))
    with pytest.raises(Unavailable):
        await verifier.verify(f"sk_{'0' * 12}_{'A' * 43}")
