"""Threats A1 to A9 against the verifier that every service has, with keys fetched over HTTP."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import pytest

from shopkit.auth import Principal, TokenVerifier
from shopkit.errors import InvalidToken, TokenExpired
from shopkit.forged_tokens import forgeries, signed, twin, wrong_claims
from shopkit.http_client import ServiceClient
from shopkit.jwks import JwksClient
from shopkit.testing import TokenFactory

pytestmark = pytest.mark.anyio


@dataclass
class AuthServer:
    """A transport that serves the keys, and counts how often it was asked."""

    jwks: dict[str, Any]
    down: bool = False
    asked: list[str] = field(default_factory=list)

    async def send(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        self.asked.append(path)
        return (503, b"") if self.down else (200, json.dumps(self.jwks).encode())

    async def close(self) -> None: ...


@dataclass
class Shop:
    tokens: TokenFactory
    server: AuthServer
    keys: JwksClient
    verifier: TokenVerifier

    def claims(self, **changes: Any) -> dict[str, Any]:
        found: dict[str, Any] = jwt.decode(self.good(), options={"verify_signature": False})
        return {**found, **changes}

    def good(self) -> str:
        return self.tokens.user(scopes=["orders:read"]).removeprefix("Bearer ")

    async def verify(self, token: str) -> Principal:
        return await self.verifier.verify(token)


@pytest.fixture
async def shop(tokens: TokenFactory, tmp_path: Path) -> AsyncIterator[Shop]:
    server = AuthServer(tokens.jwks)
    client = ServiceClient("http://auth", transport=server)
    keys = JwksClient(client, tmp_path / "cache.json")
    verifier = TokenVerifier(keys, issuer="shop-auth", audience="shop-api", kind="user")
    yield Shop(tokens, server, keys, verifier)
    await client.close()


def restarted(shop: Shop, cache: Path) -> TokenVerifier:
    keys = JwksClient(ServiceClient("http://auth", transport=shop.server), cache)
    return TokenVerifier(keys, issuer="shop-auth", audience="shop-api", kind="user")


async def test_a_good_token_names_its_user_and_scopes(shop: Shop) -> None:
    claims = shop.claims(email="ada@example.com")
    principal = await shop.verify(shop.tokens.sign(claims))
    assert (principal.id, principal.kind) == (claims["sub"], "user")
    assert principal.scopes == {"orders:read"}
    assert principal.session_id == claims["sid"]


async def test_a1_to_a9_forgeries_are_refused_alike(shop: Shop) -> None:
    good = shop.good()
    await shop.verify(good)
    for name, forged in forgeries(good, shop.tokens.jwks["keys"][0]).items():
        with pytest.raises(InvalidToken) as refused:
            pytest.fail(f"{name}: {await shop.verify(forged)}")
        assert (name, refused.value.code) == (name, "invalid_token")
        assert (name, refused.value.detail) == (name, InvalidToken().detail)
    await shop.verify(good)


async def test_a5_to_a7_wrong_claims_are_refused_although_signed(shop: Shop) -> None:
    for name, claims in wrong_claims(shop.claims()).items():
        with pytest.raises(InvalidToken) as refused:
            forged = signed(claims, shop.tokens.key, kid=shop.tokens.kid)
            pytest.fail(f"{name}: {await shop.verify(forged)}")
        assert isinstance(refused.value, TokenExpired) == (name == "a5_expired"), name


@pytest.mark.parametrize(
    "odd",
    [
        {"scope": 1},
        {"scope": None},
        {"roles": 1},
        {"email": []},
        {"sid": {}},
        {"sub": 7},
        {"second_factor_required": 1},
    ],
    ids=str,
)
async def test_a5_claims_of_the_wrong_type_are_refused(shop: Shop, odd: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        await shop.verify(shop.tokens.sign(shop.claims(**odd)))


@pytest.mark.parametrize("typ", ["JWT", "at+JWT ", "refresh+jwt", None])
async def test_a7_other_kinds_of_tokens_are_refused_although_signed(
    shop: Shop, typ: str | None
) -> None:
    with pytest.raises(InvalidToken):
        await shop.verify(shop.tokens.sign(shop.claims(), typ=typ))


async def test_a7_a_user_token_does_not_open_the_internal_listener(shop: Shop) -> None:
    internal = TokenVerifier(
        shop.keys, issuer="shop-auth", audience="shop-internal", kind="service"
    )
    with pytest.raises(InvalidToken):
        await internal.verify(shop.good())
    service = shop.tokens.service("orders").removeprefix("Bearer ")
    assert (await internal.verify(service)).id == "orders"


async def test_a3_unknown_kids_cause_one_fetch(shop: Shop) -> None:
    good = shop.good()
    await shop.verify(good)
    before = len(shop.server.asked)
    for number in range(1000):
        with pytest.raises(InvalidToken):
            await shop.verify(shop.tokens.sign(shop.claims(), kid=f"unknown-{number}"))
    assert len(shop.server.asked) - before <= 1
    assert (await shop.verify(shop.good())).kind == "user"


async def test_a8_the_twin_signature_gives_nothing_new(shop: Shop) -> None:
    good = shop.good()
    assert await shop.verify(twin(good)) == await shop.verify(good)


async def lose_key(shop: Shop) -> None:
    """Auth has another key, and the service has fetched it."""
    shop.server.jwks = TokenFactory(shop.tokens.folder, kid="next").jwks
    fetching = asyncio.create_task(shop.keys.run())
    async with asyncio.timeout(10):
        while await shop.keys.find_key("next") is None:
            await asyncio.sleep(0)
    fetching.cancel()


def wait(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    then = time.time() + seconds
    monkeypatch.setattr("shopkit.auth.time.time", lambda: then)


async def test_a_key_that_is_gone_ends_its_tokens_within_a_minute(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = shop.good()
    await shop.verify(good)
    await lose_key(shop)
    with pytest.raises(InvalidToken):
        await shop.verify(shop.good())
    wait(monkeypatch, 55)
    assert (await shop.verify(good)).kind == "user", "remembered"
    wait(monkeypatch, 6)
    with pytest.raises(InvalidToken):
        await shop.verify(good)


async def test_a5_a_token_is_not_remembered_past_its_end(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = shop.tokens.sign(shop.claims(exp=int(time.time()) + 20))
    await shop.verify(good)
    await lose_key(shop)
    assert (await shop.verify(good)).kind == "user", "remembered"
    wait(monkeypatch, 21)
    with pytest.raises(InvalidToken):
        await shop.verify(good)


async def test_a20_keys_from_disk_are_enough_while_auth_is_down(shop: Shop, tmp_path: Path) -> None:
    await shop.verify(shop.good())
    shop.server.down = True
    verifier = restarted(shop, tmp_path / "cache.json")
    assert (await verifier.verify(shop.good())).kind == "user"


HALF_A_KEY = {"kty": "EC", "crv": "P-256", "kid": "half", "x": "AAAA"}
DAMAGED = [b"", b"{", b"\xff", b"[]", b"[" * 100_000, b'{"keys": 1}', b'{"keys": [1, {"kid": 1}]}']


@pytest.mark.parametrize("content", [*DAMAGED, json.dumps({"keys": [HALF_A_KEY]}).encode()])
async def test_a20_a_damaged_file_of_keys_is_replaced(
    shop: Shop, tmp_path: Path, content: bytes
) -> None:
    cache = tmp_path / "damaged.json"
    cache.write_bytes(content)
    assert (await restarted(shop, cache).verify(shop.good())).kind == "user"
    shop.server.down = True
    assert (await restarted(shop, cache).verify(shop.good())).kind == "user"


@pytest.mark.parametrize("place", ["missing/keys.json", "file/keys.json", "folder", "x" * 300])
async def test_a20_no_place_for_the_file_of_keys_stops_nothing(
    shop: Shop, tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder" / "full").mkdir(parents=True)
    assert (await restarted(shop, tmp_path / place).verify(shop.good())).kind == "user"


async def test_a20_a_folder_that_is_read_only_stops_nothing(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir(mode=0o500)
    assert (await restarted(shop, tmp_path / "mine" / "keys.json").verify(shop.good())).id
