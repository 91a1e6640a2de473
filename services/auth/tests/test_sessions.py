"""Logging in, refreshing and logging out."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select, update

from auth.models import refresh_tokens, sessions, users
from auth.session_repository import (
    GENERATIONS_KEPT,
    SESSIONS_PER_USER,
    delete_expired_sessions,
)
from auth.worker import BATCH, Sweeper
from shopkit.clock import FrozenClock

pytestmark = pytest.mark.anyio


def live_leaves(conn: Connection) -> int:
    """Tokens that a client could use."""
    alive = sessions.c.revoked_at.is_(None) & (refresh_tokens.c.state == "live")
    rows = select(func.count()).select_from(refresh_tokens.join(sessions)).where(alive)
    return int(conn.execute(rows).scalar_one())


def disable(conn: Connection) -> None:
    conn.execute(update(users).values(disabled=True))


def count(conn: Connection, table: Any) -> int:
    return int(conn.execute(select(func.count()).select_from(table)).scalar_one())


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


INVALID = (401, "invalid_refresh_token")
REUSED = (401, "refresh_token_reused")


async def test_login_answers_as_the_contract_says(auth: Any) -> None:
    await auth.register()
    pair = await auth.log_in()
    promised = {"access_token", "token_type", "expires_in", "refresh_token"}
    assert pair.keys() == promised | {"device_token"}
    assert (pair["token_type"], pair["expires_in"]) == ("Bearer", 600)


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "correct horse batterx"},
        {"password": "x"},
        {"email": "nobody@example.com"},
    ],
    ids=str,
)
async def test_a14_every_wrong_login_answers_alike(auth: Any, wrong: dict[str, str]) -> None:
    await auth.register()
    good = {"email": "ada@example.com", "password": "correct horse battery"}
    answer = await auth.post("login", **{**good, **wrong})
    problem = {k: v for k, v in answer.json().items() if k != "request_id"}
    assert problem == {
        "type": "/docs/#error-invalid_credentials",
        "title": "The credentials are wrong",
        "status": 401,
        "detail": "The e-mail address or the password is wrong.",
        "instance": "/api/auth/login",
        "code": "invalid_credentials",
    }
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a10_disabled_users_neither_log_in_nor_refresh(auth: Any, signed_in: Any) -> None:
    await auth.database.run(disable)
    body = {"email": "ada@example.com", "password": "correct horse battery"}
    assert code(await auth.post("login", **body)) == (401, "invalid_credentials")
    assert code(await auth.refresh(signed_in.refresh_token)) == INVALID
    assert (await auth.me(signed_in.access_token)).status_code == 401


async def test_refresh_rotates(auth: Any, signed_in: Any) -> None:
    first = (await auth.refresh(signed_in.refresh_token)).json()
    second = (await auth.refresh(first["refresh_token"])).json()
    assert len({signed_in.refresh_token, first["refresh_token"], second["refresh_token"]}) == 3
    assert (await auth.me(second["access_token"])).json()["id"] == signed_in.user["id"]


@pytest.mark.parametrize("token", ["unknown", "x" * 512, "é", "a b"])
async def test_an_unknown_refresh_token_is_refused(auth: Any, token: str) -> None:
    answer = await auth.refresh(token)
    assert code(answer) == INVALID
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_a11_reuse_revokes_the_family(auth: Any, signed_in: Any) -> None:
    first = (await auth.refresh(signed_in.refresh_token)).json()
    second = (await auth.refresh(first["refresh_token"])).json()
    assert code(await auth.refresh(signed_in.refresh_token)) == REUSED
    assert code(await auth.refresh(second["refresh_token"])) == INVALID
    assert (await auth.me(second["access_token"])).status_code == 401
    assert await auth.database.read(live_leaves) == 0


async def test_a11_other_sessions_of_the_user_stay(auth: Any, signed_in: Any) -> None:
    phone = await auth.log_in()
    first = (await auth.refresh(signed_in.refresh_token)).json()
    await auth.refresh(first["refresh_token"])
    assert code(await auth.refresh(signed_in.refresh_token)) == REUSED
    assert (await auth.refresh(phone["refresh_token"])).status_code == 200


async def test_a12_a_lost_answer_may_be_asked_for_again(
    auth: Any, signed_in: Any, clock: FrozenClock
) -> None:
    lost = (await auth.refresh(signed_in.refresh_token)).json()
    clock.advance(seconds=59)
    retried = await auth.refresh(signed_in.refresh_token)
    assert retried.status_code == 200
    assert await auth.database.read(live_leaves) == 1
    assert (await auth.refresh(retried.json()["refresh_token"])).status_code == 200
    # Whoever has the superseded one is another party: the same as a replay.
    assert code(await auth.refresh(lost["refresh_token"])) == REUSED


async def test_a12_after_a_minute_it_is_reuse(
    auth: Any, signed_in: Any, clock: FrozenClock
) -> None:
    await auth.refresh(signed_in.refresh_token)
    clock.advance(seconds=61)
    assert code(await auth.refresh(signed_in.refresh_token)) == REUSED
    assert await auth.database.read(live_leaves) == 0


async def test_a12_three_retries_and_no_more(auth: Any, signed_in: Any) -> None:
    answers = [await auth.refresh(signed_in.refresh_token) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [401] * 2
    assert code(answers[-1]) == INVALID
    newest = answers[3].json()["refresh_token"]
    assert (await auth.refresh(newest)).status_code == 200


async def test_a12_a_retry_after_the_successor_was_used_is_reuse(auth: Any, signed_in: Any) -> None:
    await auth.refresh(signed_in.refresh_token)
    retried = (await auth.refresh(signed_in.refresh_token)).json()
    await auth.refresh(retried["refresh_token"])
    assert code(await auth.refresh(signed_in.refresh_token)) == REUSED


async def test_a13_parallel_refreshes_leave_one_live_leaf(auth: Any, signed_in: Any) -> None:
    answers = await asyncio.gather(*(auth.refresh(signed_in.refresh_token) for _ in range(50)))
    assert sorted({answer.status_code for answer in answers}) == [200, 401]
    assert sum(answer.status_code == 200 for answer in answers) == 4
    assert await auth.database.read(live_leaves) == 1
    assert await auth.database.read(count, sessions) == 1


async def test_a13_parallel_reuse_ends_one_session_once(auth: Any, signed_in: Any) -> None:
    first = (await auth.refresh(signed_in.refresh_token)).json()
    await auth.refresh(first["refresh_token"])
    answers = await asyncio.gather(*(auth.refresh(signed_in.refresh_token) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {401}
    assert await auth.database.read(live_leaves) == 0


async def test_logout_ends_the_session(auth: Any, signed_in: Any) -> None:
    rotated = (await auth.refresh(signed_in.refresh_token)).json()
    # With an old token too: the client may have lost the newest.
    answer = await auth.post("logout", refresh_token=signed_in.refresh_token)
    assert (answer.status_code, answer.content) == (204, b"")
    assert code(await auth.refresh(rotated["refresh_token"])) == INVALID


async def test_logout_of_an_unknown_token_is_no_error(auth: Any) -> None:
    assert (await auth.post("logout", refresh_token="unknown")).status_code == 204


async def test_logout_all_ends_every_session_of_the_caller_only(auth: Any, signed_in: Any) -> None:
    phone = await auth.log_in()
    await auth.register("eve@example.com")
    eve = await auth.log_in("eve@example.com")
    answer = await auth.public.post("/api/auth/logout-all", headers=signed_in.headers)
    assert answer.status_code == 204
    assert code(await auth.refresh(signed_in.refresh_token)) == INVALID
    assert code(await auth.refresh(phone["refresh_token"])) == INVALID
    assert (await auth.refresh(eve["refresh_token"])).status_code == 200


async def test_a_refresh_token_expires_when_it_is_not_used(
    auth: Any, signed_in: Any, clock: FrozenClock
) -> None:
    clock.advance(days=29)
    rotated = (await auth.refresh(signed_in.refresh_token)).json()
    clock.advance(days=29)
    rotated = (await auth.refresh(rotated["refresh_token"])).json()
    clock.advance(days=30, seconds=1)
    assert code(await auth.refresh(rotated["refresh_token"])) == INVALID


async def test_a_session_ends_however_much_it_is_used(
    auth: Any, signed_in: Any, clock: FrozenClock
) -> None:
    token = signed_in.refresh_token
    for _ in range(9):
        clock.advance(days=20)
        answer = await auth.refresh(token)
        token = answer.json().get("refresh_token", token)
    assert code(answer) == INVALID


async def test_c20_a_session_keeps_a_bounded_number_of_tokens(auth: Any, signed_in: Any) -> None:
    token = signed_in.refresh_token
    for _ in range(GENERATIONS_KEPT + 5):
        token = (await auth.refresh(token)).json()["refresh_token"]
    assert await auth.database.read(count, refresh_tokens) == GENERATIONS_KEPT
    assert code(await auth.refresh(signed_in.refresh_token)) == INVALID  # forgotten


async def test_c20_a_user_has_a_bounded_number_of_sessions(
    auth: Any, signed_in: Any, clock: FrozenClock
) -> None:
    user_id = signed_in.user["id"]
    await auth.database.run(old_sessions, user_id, auth.context, clock, SESSIONS_PER_USER + 20)
    clock.advance(seconds=1)
    newest = await auth.log_in()
    assert await auth.database.read(count, sessions) == SESSIONS_PER_USER
    assert (await auth.refresh(newest["refresh_token"])).status_code == 200


def old_sessions(
    conn: Connection, user_id: str, context: Any, clock: FrozenClock, number: int
) -> None:
    now = clock.now()
    row = {"user_id": user_id, "created_at": now, "last_used_at": now, "expires_at": now}
    conn.execute(insert(sessions), [{**row, "id": context.new_id()} for _ in range(number)])


async def test_the_sweeper_takes_expired_sessions_in_batches(
    auth: Any, signed_in: Any, clock: FrozenClock
) -> None:
    user_id = signed_in.user["id"]
    await auth.database.run(old_sessions, user_id, auth.context, clock, BATCH + 10)
    now = clock.now()
    assert await auth.database.run(delete_expired_sessions, now=now, limit=7) == 7
    await Sweeper(auth.database, auth.context.issuer.keys, clock).drain()
    assert await auth.database.read(count, sessions) == 1
    assert (await auth.refresh(signed_in.refresh_token)).status_code == 200
    clock.advance(days=31)
    await Sweeper(auth.database, auth.context.issuer.keys, clock).drain()
    assert await auth.database.read(count, refresh_tokens) == 0
