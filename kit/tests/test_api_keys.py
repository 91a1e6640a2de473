"""API keys at a service that asks auth about them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import httpx2
import pytest

from shopkit import api_keys, key_limits
from shopkit.api_keys import KeyVerifier
from shopkit.app import build_app
from shopkit.auth import CurrentUser, MaybePerson, MaybeUser, Principal, Staff
from shopkit.errors import InvalidToken, RateLimited, TokenExpired, Unavailable
from shopkit.fake_auth import FakeAuth
from shopkit.ids import new_id
from shopkit.jwks import JwksClient
from shopkit.key_limits import Bucket
from shopkit.revocations import RevocationFeed
from shopkit.routing import new_router
from shopkit.settings import ServiceSettings
from shopkit.testing import TokenFactory, client_for

pytestmark = pytest.mark.anyio
MAKER, KEY_ID = new_id(), new_id()


def key_of(number: int) -> str:
    return f"sk_{number:012x}_{'s' * 43}"


KEY = key_of(1)


@pytest.fixture
def auth(tokens: TokenFactory) -> FakeAuth:
    return FakeAuth(tokens)


@pytest.fixture
def feed(auth: FakeAuth) -> RevocationFeed:
    return RevocationFeed(auth.client)


@pytest.fixture
def verifier(auth: FakeAuth, feed: RevocationFeed) -> KeyVerifier:
    settings = ServiceSettings(database_url="", listen="", internal_listen="")
    return KeyVerifier(JwksClient(auth.client, None), settings, feed)


Give = Callable[..., str]


@pytest.fixture
def give(auth: FakeAuth, tokens: TokenFactory) -> Give:
    """Let auth know the key, and swap it for a token of these rights; which is answered."""

    def know(key: str = KEY, *scopes: str, version: int = 0, rate_class: str = "") -> str:
        claims = {"session_id": KEY_ID, "made_by": MAKER, "rate_class": rate_class}
        signed = tokens.user(id=KEY_ID, scopes=scopes, version=version, **claims)
        auth.keys[key] = signed.removeprefix("Bearer ")
        return auth.keys[key]

    return know


async def test_a_key_is_asked_about_once_and_then_costs_no_call(
    auth: FakeAuth, verifier: KeyVerifier, give: Give
) -> None:
    give(KEY, "orders:read")
    many = [await verifier.verify(KEY) for _ in range(3)]
    together = await asyncio.gather(*(verifier.verify(KEY) for _ in range(3)))
    assert auth.swaps == 1
    (found,) = {*many, *together}
    assert (found.id, found.made_by, found.scopes) == (KEY_ID, MAKER, {"orders:read"})


async def test_many_who_come_at_once_share_the_question(
    auth: FakeAuth, verifier: KeyVerifier, give: Give
) -> None:
    give()
    first = asyncio.ensure_future(verifier.verify(KEY))
    await asyncio.sleep(0)
    others = [asyncio.ensure_future(verifier.verify(KEY)) for _ in range(10)]
    await asyncio.sleep(0)
    first.cancel()  # whose client hung up
    assert len(await asyncio.gather(*others)) == 10
    assert auth.swaps == 1


async def test_a9_wrong_keys_are_answered_like_wrong_tokens(
    auth: FakeAuth, verifier: KeyVerifier, give: Give
) -> None:
    give()
    for wrong in ("sk_", KEY[:-1], f"{KEY}A", KEY.upper(), f"{KEY}\n", f"{KEY}é", "sk_" * 100_000):
        with pytest.raises(InvalidToken):
            await verifier.verify(wrong)
    assert auth.swaps == 0, "what cannot be a key is not asked about"
    for _ in range(2):
        with pytest.raises(InvalidToken) as refused:
            await verifier.verify(key_of(2))
    assert (refused.value.code, refused.value.detail) == ("invalid_token", InvalidToken().detail)
    assert auth.swaps == 1


async def test_a_key_that_was_refused_is_asked_about_again_later(
    auth: FakeAuth, verifier: KeyVerifier, give: Give, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidToken):
        await verifier.verify(KEY)
    give()
    with pytest.raises(InvalidToken):
        await verifier.verify(KEY)
    pass_time(monkeypatch, api_keys.REFUSED_SECONDS)
    assert (await verifier.verify(KEY)).id == KEY_ID
    assert auth.swaps == 2


def pass_time(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    then = api_keys.monotonic() + seconds
    for module in (api_keys, key_limits):
        monkeypatch.setattr(module, "monotonic", lambda: then)


async def test_a_flood_of_invented_keys_is_none_of_questions(
    auth: FakeAuth, verifier: KeyVerifier, give: Give, monkeypatch: pytest.MonkeyPatch
) -> None:
    give()
    await verifier.verify(KEY)
    pass_time(monkeypatch, 0)  # stands still
    refused = []
    for number in range(2, 1002):
        with pytest.raises((InvalidToken, RateLimited)) as answer:
            await verifier.verify(key_of(number))
        refused.append(answer.type)
    assert auth.swaps <= 2 * api_keys.STRANGERS_A_SECOND
    assert refused[-1] is RateLimited
    auth.void_tokens(MAKER, 1)
    await verifier._revocations.catch_up()  # type: ignore[union-attr]
    give(version=1)
    assert (await verifier.verify(KEY)).token_version == 1, "known ones pass by"


async def test_a10_a_revoked_key_is_refused_once_it_is_told(
    auth: FakeAuth, feed: RevocationFeed, verifier: KeyVerifier, give: Give
) -> None:
    token = give()
    await verifier.verify(KEY)
    await verifier.verify(token)
    del auth.keys[KEY]
    auth.end_session(KEY_ID)
    await feed.catch_up()
    with pytest.raises(InvalidToken) as refused:
        await verifier.verify(KEY)
    assert refused.value.code == "invalid_token"
    with pytest.raises(TokenExpired):
        await verifier.verify(token)


async def test_a10_what_its_maker_loses_the_key_loses(
    auth: FakeAuth, feed: RevocationFeed, verifier: KeyVerifier, give: Give
) -> None:
    token = give(KEY, "orders:read", "refunds:write")
    assert len((await verifier.verify(KEY)).scopes) == 2
    give(KEY, "orders:read", version=1)
    auth.void_tokens(MAKER, 1)
    await feed.catch_up()
    with pytest.raises(TokenExpired):
        await verifier.verify(token)
    assert (await verifier.verify(KEY)).scopes == {"orders:read"}
    assert auth.swaps == 2


async def test_while_auth_is_down_keys_in_use_go_on(
    auth: FakeAuth, verifier: KeyVerifier, give: Give
) -> None:
    give()
    await verifier.verify(KEY)
    auth.down = True
    assert (await verifier.verify(KEY)).id == KEY_ID
    with pytest.raises(Unavailable):
        await verifier.verify(key_of(2))
    auth.down = False
    give(key_of(2))
    assert await verifier.verify(key_of(2)), "auth's silence is no refusal"


def test_a_bucket_fills_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    pass_time(monkeypatch, 0)
    bucket = Bucket(10)
    assert [bucket.wait() for _ in range(21)] == [*[0.0] * 20, pytest.approx(0.1)]
    pass_time(monkeypatch, 0.11)
    assert (bucket.wait(), bucket.wait() > 0) == (0.0, True)
    pass_time(monkeypatch, 3600)
    assert [bucket.wait() > 0 for _ in range(21)] == [*[False] * 20, True]


@pytest.fixture
async def http(verifier: KeyVerifier) -> AsyncIterator[httpx2.AsyncClient]:
    router = new_router()
    state = {"database": None, "verifier": verifier}

    @router.get("/api/mine")
    async def mine(_: CurrentUser) -> dict[str, str]:
        return {}

    @router.get("/api/basket")
    async def basket(_: MaybePerson) -> dict[str, str]:
        return {}

    @router.get("/api/shelf")
    async def shelf(_: MaybeUser) -> dict[str, str]:
        return {}

    @router.get("/api/seen")
    async def seen(_: Annotated[Principal, Staff("orders:read")]) -> dict[str, str]:
        return {}

    @router.post("/api/refund")
    async def refund(_: Annotated[Principal, Staff("refunds:write")]) -> dict[str, str]:
        return {}

    async with client_for(build_app(title="Test", routers=[router], state=state)) as http:
        yield http


async def test_b4_a_key_does_what_its_scopes_say_and_has_nothing_of_its_own(
    http: httpx2.AsyncClient, give: Give
) -> None:
    token = give(KEY, "orders:read")
    for credential in (KEY, token):
        headers = {"authorization": f"Bearer {credential}"}
        found = {}
        for path in ("mine", "basket", "shelf", "seen"):
            answer = await http.get(f"/api/{path}", headers=headers)
            found[path] = answer.json().get("code", answer.status_code)
        assert found == {
            "mine": "person_required",
            "basket": "person_required",
            "shelf": 200,
            "seen": 200,
        }
        refused = await http.post("/api/refund", headers=headers)
        assert (refused.status_code, refused.json()["required_scope"]) == (403, "refunds:write")
    assert (await http.get("/api/basket")).status_code == 200


async def test_a10_a_key_changes_what_it_may_at_that_moment(
    auth: FakeAuth, feed: RevocationFeed, http: httpx2.AsyncClient, give: Give
) -> None:
    async def refund(credential: str = KEY) -> Any:
        headers = {"authorization": f"Bearer {credential}"}
        answer = await http.post("/api/refund", headers=headers)
        return answer.json().get("code", answer.status_code)

    token = give(KEY, "refunds:write")
    assert (await refund(), await refund(token)) == (200, 200)
    give(KEY, "refunds:write", version=1)
    auth.void_tokens(MAKER, 1)
    assert (await refund(), await refund(token)) == (200, "token_expired")
    give(KEY, "orders:read", version=2)
    auth.void_tokens(MAKER, 2)
    assert await refund() == "insufficient_scope"
    give(KEY, "refunds:write", version=3)
    auth.void_tokens(MAKER, 3)
    await feed.catch_up()
    assert await refund() == 200
    del auth.keys[KEY]
    auth.end_session(KEY_ID)
    assert (await refund(), await refund()) == ("invalid_token", "invalid_token")


async def test_more_than_its_rate_class_allows_is_429(
    http: httpx2.AsyncClient, give: Give, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = give(KEY, rate_class="high")
    pass_time(monkeypatch, 0)
    headers = [{"authorization": f"Bearer {one}"} for one in (KEY, token)]
    answers = [await http.get("/api/shelf", headers=headers[n % 2]) for n in range(201)]
    assert [answer.status_code for answer in answers] == [*[200] * 200, 429]
    assert answers[-1].headers["retry-after"] == "1"
    assert answers[-1].json()["code"] == "rate_limited"
