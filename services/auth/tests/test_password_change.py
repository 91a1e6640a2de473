"""Changing one's own password: what it ends, and what runs at once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from auth import passwords

pytestmark = pytest.mark.anyio
OLD, NEW = "correct horse battery", "staple the horse again"
Change = Callable[..., Awaitable[Any]]


@pytest.fixture
def change(auth: Any, signed_in: Any) -> Change:
    async def send(current: Any = OLD, new: Any = NEW, **more: Any) -> Any:
        body = {"current_password": current, "new_password": new, **more}
        return await auth.public.post("/api/auth/password", json=body, headers=signed_in.headers)

    return send


async def test_a10_a_change_ends_all_other_sessions(
    auth: Any, signed_in: Any, change: Change
) -> None:
    other, eve = await auth.log_in(), await auth.register("eve@example.com")
    hers = await auth.log_in("eve@example.com")
    answer = await change()
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await auth.me(other["access_token"])).status_code == 401
    assert (await auth.refresh(other["refresh_token"])).status_code == 401
    assert (await auth.me(signed_in.access_token)).status_code == 200
    assert (await auth.refresh(signed_in.refresh_token)).status_code == 200
    assert (await auth.me(hers["access_token"])).json().items() >= eve.items()
    old = await auth.post("login", email="ada@example.com", password=OLD)
    assert (old.status_code, old.json()["code"]) == (401, "invalid_credentials")
    assert await auth.log_in(password=NEW)


async def test_a_wrong_password_is_said_without_a_401(
    auth: Any, signed_in: Any, change: Change
) -> None:
    """At which clients would throw their tokens away."""
    other = await auth.log_in()
    answer = await change(current="correct horse batterx")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "wrong_password")
    assert [(e["pointer"], e["code"]) for e in problem["errors"]] == [
        ("/current_password", "wrong_password")
    ]
    assert "www-authenticate" not in answer.headers
    assert (await auth.refresh(other["refresh_token"])).status_code == 200
    assert await auth.log_in(password=OLD)


async def test_nobodys_mailbox_is_flooded(auth: Any, change: Change) -> None:
    """Whoever registers an address may change its password as often as they like."""
    before = len(await auth.mails())
    for current, new in [(OLD, NEW), (NEW, OLD)] * 3:
        assert (await change(current, new)).status_code == 204
    assert len(await auth.mails()) == before + 3


async def test_a10_a_session_that_is_over_changes_nothing(
    auth: Any, signed_in: Any, change: Change
) -> None:
    await auth.post("logout", refresh_token=signed_in.refresh_token)
    for current in (OLD, "a guess of it"):
        answer = await change(current)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert (await auth.public.post("/api/auth/password", json={})).status_code == 401
    assert await auth.log_in(password=OLD)


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"new": "1234567"}, "/new_password", "string_too_short"),
        ({"new": "x" * 129}, "/new_password", "string_too_long"),
        ({"new": "12345678\0"}, "/new_password", "invalid_text"),
        ({"new": None}, "/new_password", "string_type"),
        ({"current": "x" * 129}, "/current_password", "string_too_long"),
        ({"current": ""}, "/current_password", "string_too_short"),
        ({"user_id": "1"}, "/user_id", "extra_forbidden"),
        ({"email": "eve@example.com"}, "/email", "extra_forbidden"),
    ],
    ids=str,
)
async def test_a16_b3_odd_input_is_refused_before_hashing(
    change: Change, body: Any, pointer: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "_ARGON2ID", None)
    answer = await change(**body)
    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [(pointer, code)]


@pytest.mark.parametrize("new", ["x" * 64, "🐘" * 15, " leading space", "p\u00e4ssword-e\u0301"])
async def test_a16_any_text_of_8_to_128_may_be_the_new_one(
    auth: Any, change: Change, new: str
) -> None:
    assert (await change(new=new)).status_code == 204
    assert await auth.log_in(password=new)


async def test_a17_busy_is_503_and_changes_nothing(auth: Any, change: Change) -> None:
    places = auth.context.hasher._places
    taken = 0
    while places.acquire(blocking=False):
        taken += 1
    answer = await change()
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert answer.headers["retry-after"] == "1"
    places.release(taken)
    assert await auth.log_in(password=OLD)


async def test_a10_a_login_with_the_old_password_at_once_leaves_no_session(
    auth: Any, change: Change, held: Any
) -> None:
    late = await held.hold(auth.post("login", email="ada@example.com", password=OLD))
    assert (await change()).status_code == 204
    answer = await held.let_go(late)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")


async def test_a10_whatever_logs_in_at_once_one_session_is_left(
    auth: Any, signed_in: Any, change: Change
) -> None:
    logins = [auth.post("login", email="ada@example.com", password=OLD) for _ in range(8)]
    changed, *answers = await asyncio.gather(change(), *logins)
    assert changed.status_code == 204
    assert {answer.status_code for answer in answers} <= {200, 401}
    mine = await auth.public.get("/api/auth/sessions", headers=signed_in.headers)
    assert [session["current"] for session in mine.json()["items"]] == [True]


async def test_of_two_changes_at_once_one_counts(auth: Any, change: Change, held: Any) -> None:
    late = await held.hold(change(new="the one that came late"))
    assert (await change()).status_code == 204
    answer = await held.let_go(late)
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_password")
    assert await auth.log_in(password=NEW)


async def test_a10_a_session_that_ends_meanwhile_changes_nothing(
    auth: Any, signed_in: Any, change: Change, held: Any
) -> None:
    late = await held.hold(change())
    await auth.post("logout", refresh_token=signed_in.refresh_token)
    answer = await held.let_go(late)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert await auth.log_in(password=OLD)
