"""Tokens that are void before they expire (A10), as a service sees it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx2
import pytest

from shopkit import revocations
from shopkit.app import build_app
from shopkit.auth import CurrentUser, Principal, Staff, TokenVerifier
from shopkit.errors import TokenExpired, Unavailable
from shopkit.fake_auth import FakeAuth
from shopkit.ids import new_id
from shopkit.jwks import JwksClient
from shopkit.revocations import RevocationFeed
from shopkit.routing import new_router
from shopkit.testing import TokenFactory, client_for

pytestmark = pytest.mark.anyio
ADA, SESSION = new_id(), new_id()
AUDIENCE: Any = {"issuer": "shop-auth", "audience": "shop-api", "kind": "user"}


@pytest.fixture
def auth(tokens: TokenFactory) -> FakeAuth:
    return FakeAuth(tokens)


@pytest.fixture
def feed(auth: FakeAuth) -> RevocationFeed:
    return RevocationFeed(auth.client)


@pytest.fixture
def verifier(auth: FakeAuth, feed: RevocationFeed) -> TokenVerifier:
    return TokenVerifier(JwksClient(auth.client, None), **AUDIENCE, revocations=feed)


def signed(tokens: TokenFactory, **claims: Any) -> str:
    return tokens.user(id=ADA, **claims).removeprefix("Bearer ")


async def test_a10_a_token_that_was_verified_ends_with_its_session(
    auth: FakeAuth, feed: RevocationFeed, verifier: TokenVerifier, tokens: TokenFactory
) -> None:
    mine, other = signed(tokens, session_id=SESSION), signed(tokens)
    await verifier.verify(mine)
    auth.end_session(SESSION)
    await feed.catch_up()
    with pytest.raises(TokenExpired) as refused:
        await verifier.verify(mine)
    assert (refused.value.code, refused.value.status) == ("token_expired", 401)
    assert (await verifier.verify(other)).id == ADA


async def test_a10_voided_tokens_are_told_from_those_signed_since_without_a_clock(
    auth: FakeAuth, feed: RevocationFeed, verifier: TokenVerifier, tokens: TokenFactory
) -> None:
    auth.void_tokens(ADA, 2)
    auth.void_tokens(ADA, 1)  # never lower again
    await feed.catch_up()
    for version in (0, 1):
        with pytest.raises(TokenExpired):
            await verifier.verify(signed(tokens, version=version))
    assert (await verifier.verify(signed(tokens, version=2))).token_version == 2
    assert await verifier.verify(tokens.user(id=new_id()).removeprefix("Bearer "))


async def test_a10_what_is_known_holds_while_auth_is_down_and_after(
    auth: FakeAuth, feed: RevocationFeed, verifier: TokenVerifier, tokens: TokenFactory
) -> None:
    auth.end_session(SESSION)
    await feed.catch_up()
    await verifier.verify(signed(tokens))
    auth.down = True
    for _ in range(2):
        with pytest.raises(Unavailable):
            await feed.catch_up()
    assert await verifier.verify(signed(tokens))
    with pytest.raises(TokenExpired):
        await verifier.verify(signed(tokens, session_id=SESSION))
    auth.down = False
    auth.void_tokens(ADA, 1)
    await feed.catch_up()
    with pytest.raises(TokenExpired):
        await verifier.verify(signed(tokens))


async def test_a10_one_that_starts_learns_what_was_before(
    auth: FakeAuth, tokens: TokenFactory
) -> None:
    auth.end_session(SESSION)
    restarted = RevocationFeed(auth.client)
    await restarted.catch_up()
    assert restarted.include(Principal(ADA, "user", session_id=SESSION))


async def test_a10_auth_from_an_old_backup_is_followed_from_the_beginning(
    auth: FakeAuth, feed: RevocationFeed
) -> None:
    for _ in range(3):
        auth.end_session(new_id())
    await feed.catch_up()
    auth._events.clear()
    auth.end_session(SESSION)
    await feed.catch_up()
    assert feed.include(Principal(ADA, "user", session_id=SESSION))


async def test_events_are_forgotten_when_they_concern_no_token_any_more(
    auth: FakeAuth, feed: RevocationFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth.end_session(SESSION)
    auth.void_tokens(ADA, 1)
    auth.void_tokens(ADA, 2)
    await feed.catch_up()
    later = revocations.time.time() + 3601
    monkeypatch.setattr(revocations.time, "time", lambda: later)
    await feed.catch_up()
    assert (feed._sessions, feed._versions, len(feed._ends)) == (set(), {}, 0)


class Slow(FakeAuth):
    """Answers when it may, with what was true when it was asked."""

    def __init__(self, tokens: TokenFactory) -> None:
        super().__init__(tokens)
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    async def send(self, *request: Any) -> tuple[int, bytes]:
        answer = await super().send(*request)
        self.asked.set()
        await self.go.wait()
        return answer


async def test_a10_who_comes_while_a_question_is_on_its_way_shares_the_next(
    tokens: TokenFactory,
) -> None:
    auth = Slow(tokens)
    feed = RevocationFeed(auth.client)
    first = asyncio.ensure_future(feed.catch_up())
    await auth.asked.wait()
    auth.end_session(SESSION)  # too late for the first question
    others = [asyncio.ensure_future(feed.catch_up()) for _ in range(20)]
    gone = asyncio.ensure_future(feed.catch_up())
    await asyncio.sleep(0)
    gone.cancel()  # whose client hung up
    auth.go.set()
    await asyncio.gather(first, *others)
    assert auth.questions == 2
    assert feed.include(Principal(ADA, "user", session_id=SESSION))


@pytest.fixture
async def http(verifier: TokenVerifier) -> AsyncIterator[httpx2.AsyncClient]:
    router = new_router()
    state = {"database": None, "verifier": verifier}

    @router.get("/api/mine")
    async def mine(_: CurrentUser) -> dict[str, str]:
        return {}

    @router.get("/api/seen")
    async def seen(_: Annotated[Principal, Staff("orders:read")]) -> dict[str, str]:
        return {}

    @router.post("/api/refund")
    async def refund(_: Annotated[Principal, Staff("refunds:write")]) -> dict[str, str]:
        return {}

    async with client_for(build_app(title="Test", routers=[router], state=state)) as http:
        yield http


async def test_a10_staff_writes_end_at_once_and_nobody_else_asks(
    auth: FakeAuth, http: httpx2.AsyncClient, tokens: TokenFactory
) -> None:
    staff = tokens.user(session_id=SESSION, scopes=["orders:read", "refunds:write"])
    headers = {"authorization": staff}
    assert (await http.get("/api/mine", headers=headers)).status_code == 200
    assert (await http.get("/api/seen", headers=headers)).status_code == 200
    customer = {"authorization": tokens.user()}
    assert (await http.post("/api/refund", headers=customer)).status_code == 403
    assert auth.questions == 0
    assert (await http.post("/api/refund", headers=headers)).status_code == 200
    auth.end_session(SESSION)
    refused = await http.post("/api/refund", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "token_expired")
    assert refused.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_a10_while_auth_is_down_staff_writes_wait_and_all_else_goes_on(
    auth: FakeAuth, http: httpx2.AsyncClient, tokens: TokenFactory
) -> None:
    headers = {"authorization": tokens.user(scopes=["orders:read", "refunds:write"])}
    assert (await http.post("/api/refund", headers=headers)).status_code == 200
    auth.down = True
    waits = await http.post("/api/refund", headers=headers)
    assert (waits.status_code, waits.json()["code"]) == (503, "service_unavailable")
    assert waits.headers["retry-after"] == "1"
    assert (await http.get("/api/seen", headers=headers)).status_code == 200
    assert (await http.get("/api/mine", headers=headers)).status_code == 200


async def test_the_follower_goes_on_after_an_outage(
    auth: FakeAuth, feed: RevocationFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocations, "POLL_SECONDS", 0.001)
    auth.down = True
    following = asyncio.ensure_future(feed.run())
    while feed._failure is None:
        await asyncio.sleep(0.001)
    auth.down = False
    auth.end_session(SESSION)
    while not feed.include(Principal(ADA, "user", session_id=SESSION)):
        await asyncio.sleep(0.001)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
