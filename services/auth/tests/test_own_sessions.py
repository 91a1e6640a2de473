"""Seeing one's own sessions, and ending one."""

from typing import Any

import pytest

from auth.domain import shown_user_agent
from shopkit.clock import FrozenClock
from shopkit.ids import new_id

pytestmark = pytest.mark.anyio
CREDENTIALS = {"email": "ada@example.com", "password": "correct horse battery"}
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


async def log_in_with(auth: Any, user_agent: str) -> Any:
    headers = {"User-Agent": user_agent.encode("latin-1")}
    answer = await auth.public.post("/api/auth/login", json=CREDENTIALS, headers=headers)
    assert answer.status_code == 200
    return answer.json()


async def listed(auth: Any, who: Any, **query: Any) -> Any:
    return await auth.public.get("/api/auth/sessions", params=query, headers=who.headers)


async def ids_of(auth: Any, who: Any) -> list[str]:
    return [session["id"] for session in (await listed(auth, who)).json()["items"]]


async def end(auth: Any, who: Any, session_id: str) -> Any:
    return await auth.public.delete(f"/api/auth/sessions/{session_id}", headers=who.headers)


async def test_b7_sessions_are_shown_with_what_tells_them_apart(
    auth: Any, signed_in: Any, clock: FrozenClock
) -> None:
    began = clock.now()
    pair = await log_in_with(auth, FIREFOX)
    clock.advance(seconds=7)
    assert (await auth.refresh(pair["refresh_token"])).status_code == 200
    answer = await listed(auth, signed_in)
    assert answer.headers["cache-control"] == "no-store"
    firefox, own = answer.json()["items"]
    assert answer.json()["next_cursor"] is None
    assert (firefox["user_agent"], firefox["current"]) == (FIREFOX, False)
    assert own["current"] is True
    names = {"id", "created_at", "last_used_at", "expires_at", "user_agent", "current"}
    assert firefox.keys() == own.keys() == names
    used = {"created_at": began, "last_used_at": clock.now()}
    assert {name: firefox[name] for name in used} == {
        name: moment.isoformat().replace("+00:00", "Z") for name, moment in used.items()
    }
    assert own["last_used_at"] == own["created_at"] < firefox["expires_at"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (FIREFOX, FIREFOX),
        ("x" * 500, "x" * 200),
        ("a\x1b[31mb\x85c\x7f\u00ad", "a[31mbc"),
        ("caf\u00e9 ", "caf\u00e9"),
        ("\x85 \x7f", None),
        ("", None),
    ],
    ids=ascii,
)
def test_c4_a_user_agent_is_cut_and_cleaned(sent: str, kept: str | None) -> None:
    assert shown_user_agent(sent) == kept


async def test_c4_a_user_agent_comes_cut_and_clean(auth: Any, signed_in: Any) -> None:
    await log_in_with(auth, "Evil/1 " + "\x85" * 9 + "x" * 500)
    await log_in_with(auth, "")
    form = {"grant_type": "password", "username": "ada@example.com"}
    form |= {"password": CREDENTIALS["password"]}
    await auth.public.post("/api/auth/token", data=form, headers={"User-Agent": "oauth/2"})
    shown = [each["user_agent"] for each in (await listed(auth, signed_in)).json()["items"]]
    assert shown[:3] == ["oauth/2", None, "Evil/1 " + "x" * 193]


async def test_only_live_sessions_are_shown(auth: Any, signed_in: Any, clock: FrozenClock) -> None:
    clock.advance(days=-31)
    await auth.log_in()
    clock.advance(days=31)
    over = await auth.log_in()
    await auth.post("logout", refresh_token=over["refresh_token"])
    page = (await listed(auth, signed_in, count="true")).json()
    assert [session["current"] for session in page["items"]] == [True]
    assert page["total"] == 1


async def test_b1_sessions_are_paged_and_nobody_sees_anothers(
    auth: Any, signed_in: Any, admin: Any
) -> None:
    for _ in range(4):
        await auth.log_in()
    whole = await ids_of(auth, signed_in)
    assert whole == sorted(whole, reverse=True)
    page = (await listed(auth, signed_in, limit=2, count="true")).json()
    assert page["total"] == len(whole) == 5
    seen, cursor = [each["id"] for each in page["items"]], page["next_cursor"]
    foreign = await listed(auth, admin, limit=2, cursor=cursor)
    assert (foreign.status_code, foreign.json()["code"]) == (400, "invalid_cursor")
    while cursor:
        page = (await listed(auth, signed_in, limit=2, cursor=cursor)).json()
        seen, cursor = seen + [each["id"] for each in page["items"]], page["next_cursor"]
    assert seen == whole
    assert not set(whole) & set(await ids_of(auth, admin))


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"count": "1"}, {"user_id": "1"}])
async def test_c8_odd_queries_are_refused(auth: Any, signed_in: Any, query: Any) -> None:
    assert (await listed(auth, signed_in, **query)).status_code == 422
    assert (await listed(auth, signed_in, cursor="forged")).status_code == 400


async def test_a10_one_session_is_ended(auth: Any, signed_in: Any) -> None:
    other, third = await auth.log_in(), await auth.log_in()
    _, session_id, _ = await ids_of(auth, signed_in)
    answer = await end(auth, signed_in, session_id)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await auth.me(other["access_token"])).status_code == 401
    assert (await auth.refresh(other["refresh_token"])).status_code == 401
    assert (await auth.refresh(third["refresh_token"])).status_code == 200
    assert session_id not in await ids_of(auth, signed_in)
    assert (await end(auth, signed_in, session_id)).status_code == 404


async def test_a10_the_session_that_asks_may_be_ended(auth: Any, signed_in: Any) -> None:
    (session_id,) = await ids_of(auth, signed_in)
    assert (await end(auth, signed_in, session_id)).status_code == 204
    assert (await auth.refresh(signed_in.refresh_token)).status_code == 401
    assert (await listed(auth, signed_in)).status_code == 401
    again = await end(auth, signed_in, session_id)
    assert (again.status_code, again.json()["code"]) == (401, "invalid_token")


async def test_b1_anothers_session_is_not_there(auth: Any, signed_in: Any, admin: Any) -> None:
    (hers,) = await ids_of(auth, admin)

    def told(answer: Any) -> Any:
        varying = ("request_id", "instance")
        return answer.status_code, {k: v for k, v in answer.json().items() if k not in varying}

    foreign, unknown = await end(auth, signed_in, hers), await end(auth, signed_in, new_id())
    assert told(foreign) == told(unknown)
    assert foreign.status_code == 404
    assert (await end(auth, signed_in, "1")).status_code == 404
    assert (await auth.refresh(admin.refresh_token)).status_code == 200


async def test_b4_sessions_need_a_token(auth: Any) -> None:
    assert (await auth.public.get("/api/auth/sessions")).status_code == 401
    assert (await auth.public.delete(f"/api/auth/sessions/{new_id()}")).status_code == 401
