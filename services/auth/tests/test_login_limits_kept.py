"""Limits on wrong passwords: what runs at once, what is stored, and what nobody can tell."""

import asyncio
import os
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, delete

from auth import passwords
from auth.login_limits import ACCOUNT, ADDRESS, DEVICE
from auth.main import build
from auth.models import login_failures
from auth.passwords import PasswordHasher
from auth.settings import AuthSettings
from auth.worker import Sweeper
from services.auth.tests.guessing import ADA, PASSWORD, WRONG, attempt, close_account, guess, rows
from shopkit.clock import FrozenClock
from shopkit.testing import running

pytestmark = pytest.mark.anyio
MANY = 50


@pytest.fixture
def patient(auth: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An auth that refuses nobody for being busy."""
    roomy = PasswordHasher(threads=2, waiting=1000)
    monkeypatch.setattr(auth.context.hasher, "_places", roomy._places)
    return auth


async def at_once(auth: Any, **more: Any) -> Counter[int]:
    answers = await asyncio.gather(*(attempt(auth, **more) for _ in range(MANY)))
    return Counter(answer.status_code for answer in answers)


async def test_a15_many_guesses_at_once_do_not_slip_through(patient: Any, signed_in: Any) -> None:
    device = (await patient.log_in())["device_token"]
    allowed = ACCOUNT.free + 1
    assert await at_once(patient) == {401: allowed, 429: MANY - allowed}
    assert await at_once(patient, device_token=device) == {
        401: DEVICE.free,
        429: MANY - DEVICE.free,
    }


async def test_a15_many_accounts_at_once_do_not_slip_through(patient: Any) -> None:
    emails = [f"{n}@example.com" for n in range(MANY)]
    answers = await asyncio.gather(
        *(attempt(patient, email=email, address="203.0.113.7") for email in emails)
    )
    allowed = ADDRESS.free + 1
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses == {401: allowed, 429: MANY - allowed}


async def test_right_passwords_at_once_leave_nothing_behind(patient: Any, signed_in: Any) -> None:
    more = {"password": PASSWORD, "address": "203.0.113.7"}
    answers = await asyncio.gather(*(attempt(patient, **more) for _ in range(ACCOUNT.free)))
    assert {answer.status_code for answer in answers} == {200}
    stored = await patient.database.read(rows)
    assert {(row.failures, row.blocked_until) for row in stored} == {(0, None)}


async def test_a15_what_breaks_off_stays_counted(
    auth: Any, signed_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> Any:
        raise RuntimeError

    with monkeypatch.context() as during:
        during.setattr(auth.context.hasher, "verify", broken)
        for _ in range(ACCOUNT.free + 1):
            assert (await attempt(auth, PASSWORD)).status_code == 500
    assert (await attempt(auth, PASSWORD)).status_code == 429


async def test_a17_who_is_refused_for_being_busy_has_not_failed(auth: Any, signed_in: Any) -> None:
    places, taken = auth.context.hasher._places, 0
    while places.acquire(blocking=False):
        taken += 1
    before = await auth.database.read(rows)
    for _ in range(2 * ACCOUNT.free):
        busy = await attempt(auth, PASSWORD, address="203.0.113.7")
        assert (busy.status_code, busy.json()["code"]) == (503, "busy")
    assert await auth.database.read(rows) == before  # nor has it cost a write
    unread = await auth.public.post("/api/auth/login", content=b"{")
    assert (unread.status_code, unread.headers["Retry-After"]) == (503, busy.headers["Retry-After"])
    places.release(taken)
    assert (await attempt(auth, PASSWORD, address="203.0.113.7")).status_code == 200


async def test_a17_what_is_refused_costs_no_hash(
    auth: Any, signed_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await close_account(auth)
    monkeypatch.setattr(passwords, "_ARGON2ID", None)
    assert (await attempt(auth, PASSWORD)).status_code == 429


async def test_a14_known_and_unknown_accounts_are_limited_alike(auth: Any, signed_in: Any) -> None:
    async def seen(email: str) -> list[Any]:
        answers = [await attempt(auth, email=email) for _ in range(ACCOUNT.free + 2)]
        changing = {"x-request-id", "date"}
        return [
            (
                answer.status_code,
                {**answer.json(), "request_id": ""},
                {name: value for name, value in answer.headers.items() if name not in changing},
            )
            for answer in answers
        ]

    known = await seen(ADA)
    assert known == await seen("nobody@example.com")
    assert [status for status, *_ in known] == [401] * (ACCOUNT.free + 1) + [429]


async def test_a15_an_account_is_one_in_any_case_and_at_both_calls(
    auth: Any, signed_in: Any
) -> None:
    for n in range(ACCOUNT.free + 1):
        email = " ADA@Example.com" if n % 2 else ADA
        form = {"grant_type": "password", "username": email, "password": WRONG}
        answer = await auth.form(**form) if n % 3 else await attempt(auth, email=email.strip())
        assert answer.status_code in (400, 401)
    for answer in (await attempt(auth, PASSWORD), await auth.form(**form)):
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_attempts")


async def test_a15_nothing_is_stored_in_clear(
    auth: Any, signed_in: Any, settings: AuthSettings
) -> None:
    address = "203.0.113.7"
    device = (await auth.log_in())["device_token"]
    await attempt(auth, email="nobody@example.com", address=address)
    await attempt(auth, device_token=device)
    stored = await auth.database.read(rows)
    assert len(stored) == 4
    for row in stored:
        assert len(row.key) == 64
        int(row.key, 16)
    other = AuthSettings(**{**settings.model_dump(), "secret_key": "another secret " * 3})
    assert build(other).public.state.context.attempts._key != auth.context.attempts._key


async def test_what_is_over_is_cleared_away(auth: Any, signed_in: Any, clock: FrozenClock) -> None:
    sweeper = Sweeper(auth.database, auth.context.keys, clock)
    await guess(auth, 1, address="203.0.113.7")
    for hours, left in ((0.9, 2), (0.2, 1), (22.8, 1), (0.2, 0)):
        clock.advance(hours=hours)
        await sweeper.drain()
        assert len(await auth.database.read(rows)) == left


async def test_an_attempt_whose_counter_is_gone_is_no_error(
    auth: Any, signed_in: Any, held: Any
) -> None:
    def forget(conn: Connection) -> None:
        conn.execute(delete(login_failures))

    late = await held.hold(attempt(auth, PASSWORD))
    await auth.database.run(forget)
    assert (await held.let_go(late)).status_code == 200


async def test_limits_can_be_switched_off(settings: AuthSettings) -> None:
    off = AuthSettings(**{**settings.model_dump(), "login_limits": "off"})
    service = build(off)
    async with running(service) as (public, _):
        auth, account = SimpleNamespace(public=public), {"email": ADA, "password": PASSWORD}
        await public.post("/api/auth/register", json=account)
        await guess(auth, ACCOUNT.free + 5, address="203.0.113.7")
        assert (await attempt(auth, PASSWORD)).status_code == 200
        assert await service.database.read(rows) == []


async def test_a15_copies_of_the_service_count_together(
    auth: Any, signed_in: Any, settings: AuthSettings, clock: FrozenClock
) -> None:
    if "TEST_POSTGRES_URL" not in os.environ:
        pytest.skip("SQLite has one process")
    service = build(settings, clock)
    async with running(service) as (public, internal):
        copy, allowed = type(auth)(service, public, internal, settings), ACCOUNT.free + 1
        device = (await copy.log_in())["device_token"]
        answers = await asyncio.gather(
            *(attempt(one, address="203.0.113.7") for _ in range(10) for one in (auth, copy))
        )
        statuses = Counter(answer.status_code for answer in answers)
        assert statuses == {401: allowed, 429: 20 - allowed}
        assert (await attempt(copy)).status_code == 429
        assert (await attempt(auth, PASSWORD, device_token=device)).status_code == 200
