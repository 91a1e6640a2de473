"""What auth tells other services of sessions and users (A10)."""

import asyncio
from datetime import timedelta
from typing import Any

import jwt
import pytest
from sqlalchemy.exc import DBAPIError

from auth import events, session_repository
from auth.events import Event, EventKind, list_events, tell
from auth.worker import Sweeper
from shopkit.ids import new_id
from shopkit.postgres import postgres_engine

pytestmark = pytest.mark.anyio
PASSWORD, NEW = "correct horse battery", "battery horse correct"


async def told(auth: Any, after: int | None = None, caller: str = "orders") -> dict[str, Any]:
    token = auth.context.issuer.service_token(caller)
    params = {} if after is None else {"after": after}
    headers = {"Authorization": f"Bearer {token}"}
    answer = await auth.internal.get("/internal/events", params=params, headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def told_of(auth: Any) -> list[tuple[str, str, Any]]:
    """Kind, user, and what it is about."""
    return [
        (item["kind"], item["user_id"], item["session_id"] or item["payload"]["version"])
        for item in (await told(auth))["items"]
    ]


def claims(access_token: str) -> dict[str, Any]:
    return jwt.decode(access_token, options={"verify_signature": False})


def session_of(access_token: str) -> str:
    return str(claims(access_token)["sid"])


async def another(auth: Any) -> Any:
    return await auth.log_in()


async def test_a10_it_tells_of_sessions_that_end(auth: Any, signed_in: Any) -> None:
    ada, mine = signed_in.user["id"], session_of(signed_in.access_token)
    first, second, third = [await another(auth) for _ in range(3)]
    ids = [session_of(pair["access_token"]) for pair in (first, second, third)]
    assert await told_of(auth) == []
    await auth.post("logout", refresh_token=first["refresh_token"])
    await auth.post("logout", refresh_token=first["refresh_token"])  # over already
    await auth.public.delete(f"/api/auth/sessions/{ids[1]}", headers=signed_in.headers)
    newer = (await auth.refresh(third["refresh_token"])).json()["refresh_token"]
    await auth.refresh(newer)
    assert (await auth.refresh(third["refresh_token"])).json()["code"] == "refresh_token_reused"
    assert await told_of(auth) == [("session_ended", ada, id_) for id_ in ids]
    assert mine not in ids


async def test_a10_it_tells_of_all_other_sessions_when_the_password_changes(
    auth: Any, signed_in: Any
) -> None:
    ids = {session_of((await another(auth))["access_token"]) for _ in range(2)}
    body = {"current_password": PASSWORD, "new_password": NEW}
    await auth.public.post("/api/auth/password", json=body, headers=signed_in.headers)
    ada = signed_in.user["id"]
    assert sorted(await told_of(auth)) == [("session_ended", ada, id_) for id_ in sorted(ids)]


async def test_a10_it_tells_of_a_session_that_gives_way_to_a_hundred_newer_ones(
    auth: Any, signed_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_repository, "SESSIONS_PER_USER", 1)
    await another(auth)
    oldest = session_of(signed_in.access_token)
    assert await told_of(auth) == [("session_ended", signed_in.user["id"], oldest)]


async def test_a10_one_event_voids_all_tokens_of_a_user(
    auth: Any, admin: Any, signed_in: Any
) -> None:
    ada = signed_in.user["id"]
    await another(auth)
    await auth.public.post("/api/auth/logout-all", headers=signed_in.headers)
    assert await told_of(auth) == [("tokens_voided", ada, 1)]
    path = f"/api/auth/users/{ada}/disabled"
    for disabled in (True, True, False):
        await auth.public.put(path, json={"disabled": disabled}, headers=admin.headers)
    assert [item[2] for item in await told_of(auth)][:2] == [1, 2]
    pair = await another(auth)
    assert claims(pair["access_token"])["ver"] == (await told_of(auth))[-1][2]


async def test_a10_a_refresh_after_new_roles_is_good_at_once(
    auth: Any, admin: Any, signed_in: Any
) -> None:
    ada = signed_in.user["id"]
    path = f"/api/auth/users/{ada}/roles"
    for _ in range(2):  # the second time nothing changes
        body = {"roles": ["customer", "support"]}
        answer = await auth.public.put(path, json=body, headers=admin.headers)
        assert answer.status_code == 200
    assert await told_of(auth) == [("tokens_voided", ada, 1)]
    assert claims(signed_in.access_token)["ver"] == 0
    fresh = claims((await auth.refresh(signed_in.refresh_token)).json()["access_token"])
    assert (fresh["ver"], fresh["roles"]) == (1, ["customer", "support"])


async def test_what_is_told_is_read_in_pages(
    auth: Any, signed_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "PAGE", 2)
    ended = [Event(EventKind.SESSION_ENDED, new_id(), new_id()) for _ in range(3)]
    await auth.database.run(tell, *ended, now=auth.context.clock.now())
    first = await told(auth)
    assert [item["seq"] for item in first["items"]] == [1, 2]
    assert (first["next_after"], first["has_more"]) == (2, True)
    rest = await told(auth, first["next_after"])
    assert [item["session_id"] for item in rest["items"]] == [ended[2].session_id]
    assert (rest["next_after"], rest["has_more"]) == (3, False)
    assert await told(auth, 3) == {"items": [], "next_after": 3, "has_more": False}
    assert (await told(auth, 99))["next_after"] == 3  # it has forgotten: from an old backup


async def test_what_concerns_no_token_any_more_goes_and_what_is_kept_stays(
    auth: Any, clock: Any
) -> None:
    def happen(conn: Any, kept: bool) -> None:
        event = Event(EventKind.SESSION_ENDED, new_id(), new_id(), kept=kept)
        tell(conn, event, now=clock.now())

    await auth.database.run(happen, kept=True)
    await auth.database.run(happen, kept=False)
    sweeper = Sweeper(auth.database, auth.context.keys, clock)
    for minutes, young in ((59, [2]), (2, [])):
        clock.advance(minutes=minutes)
        await sweeper.drain()
        page = await auth.database.read(list_events, after=None, now=clock.now())
        assert ([item["seq"] for item in page.items], page.next_after) == (young, 2)
    left = (await auth.database.read(list_events, after=0, now=clock.now())).items
    assert [(item["seq"], item["expires_at"]) for item in left] == [(1, None)]
    assert timedelta(seconds=auth.context.issuer.expires_in) < events.LIVES


async def test_an_event_is_told_only_with_its_cause(auth: Any, clock: Any) -> None:
    def fail(conn: Any) -> None:
        tell(conn, Event(EventKind.SESSION_ENDED, new_id(), new_id()), now=clock.now())
        raise LookupError

    with pytest.raises(LookupError):
        await auth.database.run(fail)
    assert await told(auth) == {"items": [], "next_after": 0, "has_more": False}


async def test_b4_only_services_are_told(auth: Any, signed_in: Any) -> None:
    path = "/internal/events"
    assert (await auth.internal.get(path)).status_code == 401
    assert (await auth.internal.get(path, headers=signed_in.headers)).status_code == 401
    stranger = {"Authorization": f"Bearer {auth.context.issuer.service_token('somebody')}"}
    assert (await auth.internal.get(path, headers=stranger)).status_code == 403
    for after in ("-1", "x", "99999999999999999999"):
        token = auth.context.issuer.service_token("catalog")
        headers = {"Authorization": f"Bearer {token}"}
        answer = await auth.internal.get(path, params={"after": after}, headers=headers)
        assert answer.status_code == 422


async def test_a10_no_reader_passes_by_an_event_that_is_committed_late(
    auth: Any, settings: Any, clock: Any
) -> None:
    """The second writer gets its number only when the first has committed."""
    if auth.database.dialect == "sqlite":
        pytest.skip("SQLite has one writer")
    engine = postgres_engine(settings.database_url, pool_size=2, lock_timeout="100")
    late, early = (Event(EventKind.SESSION_ENDED, new_id(), new_id()) for _ in range(2))

    async def write(conn: Any, event: Event) -> None:
        await conn.run_sync(lambda sync: tell(sync, event, now=clock.now()))

    async with engine.connect() as first, engine.connect() as second:
        await write(first, late)
        with pytest.raises(DBAPIError, match="lock timeout"):
            await write(second, early)
        await second.rollback()
        assert (await told(auth))["items"] == []
        await first.commit()
        seen = await told(auth)
        await write(second, early)
        await second.commit()
    await engine.dispose()
    rest = await told(auth, seen["next_after"])
    assert [item["session_id"] for item in seen["items"]] == [late.session_id]
    assert [item["session_id"] for item in rest["items"]] == [early.session_id]


async def test_a10_everybody_who_ends_at_once_is_told(auth: Any, signed_in: Any) -> None:
    pairs = [await another(auth) for _ in range(8)]
    tokens = [pair["refresh_token"] for pair in pairs]
    everywhere = auth.public.post("/api/auth/logout-all", headers=signed_in.headers)
    outs = (auth.post("logout", refresh_token=token) for token in tokens)
    refreshes = (auth.refresh(token) for token in tokens)
    answers = await asyncio.gather(*refreshes, everywhere, *outs)
    assert {answer.status_code for answer in answers} <= {200, 204, 401}
    seqs = [item["seq"] for item in (await told(auth))["items"]]
    assert seqs == list(range(1, len(seqs) + 1))
    assert "tokens_voided" in {item[0] for item in await told_of(auth)}
