"""Logging in, staying logged in, logging out: against the real auth."""

import asyncio
import base64
import json
import stat
import time
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import typer

from auth.totp import code_at, step_at
from shopcli.client import ShopClient
from shopcli.commands.sessions import _tokens as asked_for_tokens
from shopcli.errors import ApiProblem, LoginNeeded, UsageError
from shopcli.session import FixedToken, Guest, PasswordSession, StoredSession, log_in, log_out
from shopcli.settings import normal_url, settings_for
from shopcli.token_store import Tokens, TokenStore

from .conftest import URL, Shop

EMAIL, PASSWORD = "ada@example.com", "correct horse battery"


@pytest.fixture
def store(tmp_path: Path) -> TokenStore:
    return TokenStore(tmp_path / "config" / "shop" / "sessions.json")


async def registered(shop: Shop, store: TokenStore) -> Tokens:
    body = {"email": EMAIL, "password": PASSWORD}
    await ShopClient(shop.wire(), Guest()).post("/api/auth/register", body)
    tokens = await log_in(shop.wire(), EMAIL, PASSWORD)
    store.save(URL, tokens)
    return tokens


async def me(shop: Shop, session: Any) -> str:
    answer = await shop.client(session).get("/api/auth/me")
    return str(answer["email"])


@pytest.mark.anyio
async def test_a_stored_session_is_used_as_long_as_it_lasts(shop: Shop, store: TokenStore) -> None:
    tokens = await registered(shop, store)
    assert await me(shop, StoredSession(store)) == EMAIL
    assert store.find(URL) == tokens


@pytest.mark.anyio
async def test_a_used_up_token_is_refreshed_once_for_all_calls(
    shop: Shop, store: TokenStore
) -> None:
    tokens = await registered(shop, store)
    store.save(URL, replace(tokens, expires_at=time.time() - 1))
    shop.gateway.calls.clear()
    session = StoredSession(store)
    assert await asyncio.gather(*(me(shop, session) for _ in range(8))) == [EMAIL] * 8
    assert shop.gateway.calls.count("POST /api/auth/refresh") == 1
    fresh = store.find(URL)
    assert fresh is not None
    assert fresh.refresh_token != tokens.refresh_token


@pytest.mark.anyio
async def test_a_token_that_is_refused_is_refreshed_and_the_call_repeated(
    shop: Shop, store: TokenStore
) -> None:
    tokens = await registered(shop, store)
    store.save(URL, replace(tokens, access_token="stale"))
    assert await me(shop, StoredSession(store)) == EMAIL


@pytest.mark.anyio
async def test_a_lost_refresh_answer_does_not_end_the_session(
    shop: Shop, store: TokenStore
) -> None:
    tokens = await registered(shop, store)
    store.save(URL, replace(tokens, expires_at=0))
    shop.gateway.faults = iter(["lose", *["pass"] * 9])
    assert await me(shop, StoredSession(store)) == EMAIL


@pytest.mark.anyio
async def test_a_session_that_has_ended_says_so_and_is_forgotten(
    shop: Shop, store: TokenStore
) -> None:
    tokens = await registered(shop, store)
    await log_out(shop.wire(), tokens)
    store.save(URL, replace(tokens, expires_at=0))
    with pytest.raises(LoginNeeded, match="has ended"):
        await me(shop, StoredSession(store))
    assert store.find(URL) is None


@pytest.mark.anyio
async def test_without_a_session_one_is_asked_to_log_in(shop: Shop, store: TokenStore) -> None:
    with pytest.raises(LoginNeeded, match="shop login"):
        await me(shop, StoredSession(store))


@pytest.mark.anyio
async def test_a_machine_logs_in_by_password_and_stores_nothing(
    shop: Shop, store: TokenStore
) -> None:
    await registered(shop, store)
    session = PasswordSession(EMAIL, PASSWORD)
    shop.gateway.calls.clear()
    shop.gateway.faults = cycle(["busy", "pass"])
    assert await asyncio.gather(*(me(shop, session) for _ in range(3))) == [EMAIL] * 3
    assert shop.gateway.calls.count("POST /api/auth/login") == 2  # one of them was refused
    with pytest.raises(ApiProblem) as refused:
        await me(shop, PasswordSession(EMAIL, "wrong"))
    assert refused.value.code == "invalid_credentials"


@pytest.mark.anyio
async def test_a_second_factor_is_asked_for_until_it_is_right(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, store: TokenStore, capsys: Any
) -> None:
    tokens = await registered(shop, store)
    client = shop.client(FixedToken(tokens.access_token))
    begun = await client.post("/api/auth/second-factor", {"password": PASSWORD})
    secret = base64.b32decode(begun["secret"])
    code = code_at(secret, step_at(datetime.now(UTC)))
    answer = await client.post("/api/auth/second-factor/confirm", {"code": code})
    typed = iter([code, f" {answer['recovery_codes'][0]} "])  # the first one is used already
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: next(typed))
    got = await asked_for_tokens(shop.wire(), EMAIL, PASSWORD, store.find_device_token(URL, EMAIL))
    assert await me(shop, FixedToken(got.access_token)) == EMAIL
    assert "used before" in capsys.readouterr().err
    with pytest.raises(ApiProblem, match="`shop login` asks"):
        await me(shop, PasswordSession(EMAIL, PASSWORD))


@pytest.mark.anyio
async def test_this_machine_is_known_again_after_logging_out(shop: Shop, store: TokenStore) -> None:
    tokens = await registered(shop, store)
    for _ in range(12):
        with pytest.raises(ApiProblem):
            await log_in(shop.wire(), EMAIL, "wrong")
    store.forget(URL)
    assert store.find(URL) is None
    assert store.find_device_token(URL, "eve@example.com") is None
    device = store.find_device_token(URL, EMAIL)
    assert device == tokens.device_token
    assert await log_in(shop.wire(), EMAIL, PASSWORD, device_token=device)


def test_only_the_owner_can_read_the_tokens(store: TokenStore) -> None:
    store.save(URL, Tokens("a", "r", 1.0, EMAIL))
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700
    assert [path.name for path in store.path.parent.iterdir()] == ["sessions.json"]


def test_each_shop_has_a_session_of_its_own(store: TokenStore) -> None:
    one, two = Tokens("a", "r", 1.0, EMAIL), Tokens("b", "s", 2.0, EMAIL)
    store.save("http://one", one)
    store.save("http://two", two)
    store.forget("http://one")
    assert (store.find("http://one"), store.find("http://two")) == (None, two)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"http://shop.test": 7}', '{"x": {}}'])
def test_a_damaged_file_means_logged_out(store: TokenStore, content: str) -> None:
    store.path.parent.mkdir(parents=True)
    store.path.write_text(content)
    assert store.find(URL) is None
    store.save(URL, Tokens("a", "r", 1.0))
    assert store.find(URL) == Tokens("a", "r", 1.0)
    assert URL in json.loads(store.path.read_text())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("http://localhost:8080/", "http://localhost:8080"),
        ("HTTP://LocalHost:80", "http://localhost"),
        ("https://shop.example:443/eu/", "https://shop.example/eu"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_one_shop_has_one_spelling(written: str, meant: str) -> None:
    assert normal_url(written) == meant


@pytest.mark.parametrize(
    "written", ["", "localhost:8080", "ftp://x", "http://", "http://a:b@c", "http://x:99999", "//x"]
)
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(UsageError):
        normal_url(written)


def test_the_environment_names_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SHOP_TOKEN", "SHOP_EMAIL", "SHOP_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    assert isinstance(settings_for(URL).session(), StoredSession)
    monkeypatch.setenv("SHOP_EMAIL", EMAIL)
    with pytest.raises(UsageError, match="SHOP_PASSWORD is not"):
        settings_for(URL).session()
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    assert isinstance(settings_for(URL).session(), PasswordSession)
    monkeypatch.setenv("SHOP_TOKEN", "two words")
    with pytest.raises(UsageError):
        settings_for(URL)
