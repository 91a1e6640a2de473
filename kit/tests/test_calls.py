"""Calls between services, over real sockets."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kit.tests.conftest import serving
from shopkit.errors import Unavailable
from shopkit.http_client import ServiceClient, ServiceToken
from shopkit.jwks import JwksClient
from shopkit.logs import request_id
from shopkit.testing import TokenFactory

Answers = Callable[[dict[str, object]], Awaitable[tuple[int, bytes]]]


@asynccontextmanager
async def listening(path: Path, answer: Answers) -> AsyncIterator[str]:
    async def app(scope: dict, receive: Callable, send: Callable) -> None:  # type: ignore[type-arg]
        body = (await receive()).get("body", b"")
        status, content = await answer({**scope, "body": body, "headers": dict(scope["headers"])})
        headers = [(b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async with serving(path, app):
        yield f"unix:{path}"


async def test_a_call_carries_body_request_id_and_token(tmp_path: Path) -> None:
    seen: list[dict[str, object]] = []

    async def answer(request: dict[str, object]) -> tuple[int, bytes]:
        seen.append(request)
        if request["path"] == "/internal/token":
            return 200, b'{"access_token": "abc", "expires_in": 600}'
        return 409, b'{"code": "taken"}'

    async with listening(tmp_path / "s", answer) as url:
        auth = ServiceClient(url)
        client = ServiceClient(url, tokens=ServiceToken(auth, "cart", "secret"))
        request_id.set("request-0001")
        found = await asyncio.gather(
            *(client.call("POST", "/internal/x", json={"a": 1}) for _ in range(5))
        )
        await client.close()
        await auth.close()
    assert {(each.status, each.json["code"]) for each in found} == {(409, "taken")}
    assert [request["path"] for request in seen].count("/internal/token") == 1
    headers = seen[-1]["headers"]
    assert isinstance(headers, dict)
    assert (headers[b"x-request-id"], headers[b"authorization"]) == (b"request-0001", b"Bearer abc")
    assert seen[-1]["body"] == b'{"a": 1}'


async def test_f2_while_auth_hangs_the_token_in_hand_serves(tmp_path: Path) -> None:
    hangs = False

    async def answer(request: dict[str, object]) -> tuple[int, bytes]:
        if request["path"] == "/internal/token":
            if hangs:
                await asyncio.sleep(3)
            return 200, b'{"access_token": "abc", "expires_in": 600}'
        return 200, b"{}"

    async with listening(tmp_path / "s", answer) as url:
        auth = ServiceClient(url)
        token = ServiceToken(auth, "cart", "secret")
        client = ServiceClient(url, tokens=token)
        await client.call("GET", "/internal/x")
        hangs, token._renew_at = True, 0.0  # half of its life is over
        for _ in range(3):
            assert (await client.call("GET", "/internal/x", deadline=0.5)).status == 200
        if token._renewal:
            token._renewal.cancel()
        await client.close()
        await auth.close()


async def test_who_started_before_auth_has_a_token_as_soon_as_auth_is_there(tmp_path: Path) -> None:
    async def answer(_: dict[str, object]) -> tuple[int, bytes]:
        return 200, b'{"access_token": "abc", "expires_in": 600}'

    auth = ServiceClient(f"unix:{tmp_path / 's'}")
    token = ServiceToken(auth, "cart", "secret")
    with pytest.raises(Unavailable):
        await token.get()
    assert token._renew_at - time.monotonic() <= 0.1
    async with listening(tmp_path / "s", answer):
        await asyncio.sleep(0.1)
        assert await token.get() == "abc"
        await auth.close()


async def test_unknown_outcomes_are_repeated_and_then_told(tmp_path: Path) -> None:
    calls = 0

    async def answer(_: dict[str, object]) -> tuple[int, bytes]:
        nonlocal calls
        calls += 1
        return (503, b"") if calls < 3 else (200, b"{}")

    async with listening(tmp_path / "s", answer) as url:
        client = ServiceClient(url)
        assert (await client.call("PUT", "/internal/x")).status == 200
        assert calls == 3
        calls = 0
        with pytest.raises(Unavailable):
            await client.call("PUT", "/internal/x", attempts=2)
        await client.close()


async def test_f6_a_callee_that_is_away_or_stalls_is_unavailable(tmp_path: Path) -> None:
    async def stalls(_: dict[str, object]) -> tuple[int, bytes]:
        await asyncio.sleep(3)
        return 200, b"{}"

    client = ServiceClient(f"unix:{tmp_path}/nobody")
    with pytest.raises(Unavailable):
        await client.call("GET", "/internal/x")
    await client.close()
    async with listening(tmp_path / "s", stalls) as url:
        client = ServiceClient(url)
        with pytest.raises(Unavailable):
            await client.call("GET", "/internal/x", deadline=0.3)
        await client.close()


async def test_a3_unknown_key_ids_cause_one_fetch(tmp_path: Path, tokens: TokenFactory) -> None:
    fetches = 0

    async def answer(_: dict[str, object]) -> tuple[int, bytes]:
        nonlocal fetches
        fetches += 1
        return 200, tokens.jwks_cache.read_bytes()

    cache = tmp_path / "cache.json"
    async with listening(tmp_path / "s", answer) as url:
        client = ServiceClient(url)
        keys = JwksClient(client, cache)
        assert await keys.find_key(tokens.kid) is not None
        found = await asyncio.gather(*(keys.find_key(f"forged-{n}") for n in range(200)))
        await client.close()
    assert found == [None] * 200
    assert fetches == 1
    restarted = JwksClient(ServiceClient("unix:/nowhere"), cache)
    assert await restarted.find_key(tokens.kid) is not None


async def test_a20_no_key_at_all_is_not_the_callers_fault(tmp_path: Path) -> None:
    client = ServiceClient(f"unix:{tmp_path}/nobody")
    keys = JwksClient(client, None)
    with pytest.raises(Unavailable):
        await keys.find_key("any")
    assert not keys.ready
    await client.close()
