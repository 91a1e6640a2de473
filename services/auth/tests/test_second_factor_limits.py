"""Guessing codes: by who has the password, by who has a session, and what it does to the owner."""

from typing import Any

import pytest

from auth.login_limits import ACCOUNT, ADDRESS, DEVICE
from services.auth.tests.guessing import rows
from services.auth.tests.second_factors import (
    PASSWORD,
    REFUSED,
    REQUIRED,
    RIGHT,
    begin,
    call,
    confirm,
    log_in,
    switch_on,
    told,
)
from shopkit.clock import FrozenClock

pytestmark = pytest.mark.anyio
CLOSED = (429, "too_many_attempts")


@pytest.fixture(autouse=True)
def _room(clock: FrozenClock) -> None:
    clock.advance(minutes=-5)


async def failures(auth: Any) -> list[int]:
    return sorted(row.failures for row in await auth.database.read(rows))


async def test_a15_wrong_codes_close_the_account(auth: Any, signed_in: Any) -> None:
    app, codes = await switch_on(auth, signed_in)
    for _ in range(ACCOUNT.free + 1):
        assert told(await log_in(auth, app.wrong_code())) == REFUSED
    for code in (app.code(1), codes[0], None):
        assert told(await log_in(auth, code)) == CLOSED
    app.clock.advance(seconds=1)
    assert told(await log_in(auth, codes[0])) == RIGHT


async def test_a15_a_password_without_code_neither_clears_nor_counts(
    auth: Any, signed_in: Any
) -> None:
    """Or whoever has it guesses codes for ever in between; and the owner's own logins would close
    the account."""
    app, codes = await switch_on(auth, signed_in)
    for n in range(ACCOUNT.free + 1):
        for _ in range(2):
            assert told(await log_in(auth)) == REQUIRED
        assert max(await failures(auth)) == n
        assert told(await log_in(auth, app.wrong_code())) == REFUSED
    assert told(await log_in(auth)) == CLOSED
    app.clock.advance(seconds=1)
    for _ in range(3):
        assert told(await log_in(auth)) == REQUIRED
    assert told(await log_in(auth, app.wrong_code())) == REFUSED
    refused = await log_in(auth, codes[0])
    assert (told(refused), refused.headers["retry-after"]) == (CLOSED, "2")  # and not from 1 again


async def test_owners_log_in_as_often_as_they_like(auth: Any, signed_in: Any) -> None:
    app, _ = await switch_on(auth, signed_in)
    for _ in range(3 * ACCOUNT.free):
        assert told(await log_in(auth)) == REQUIRED
    assert await failures(auth) == [0, 0]  # of the account, and of the session that switched it on
    assert told(await log_in(auth, app.wrong_code())) == REFUSED
    assert told(await log_in(auth, app.next_code())) == RIGHT
    assert await failures(auth) == [0, 0]


async def test_a15_the_owner_gets_in_on_a_known_device(auth: Any, signed_in: Any) -> None:
    app, codes = await switch_on(auth, signed_in)
    device = (await log_in(auth, codes[0])).json()["device_token"]
    for _ in range(ACCOUNT.free + 1):
        assert told(await log_in(auth, app.wrong_code())) == REFUSED
    assert told(await log_in(auth, device_token=device)) == REQUIRED
    assert told(await log_in(auth, codes[1], device_token=device)) == RIGHT


async def test_a15_devices_of_before_the_second_factor_are_not_known_any_more(
    auth: Any, signed_in: Any
) -> None:
    """Or whoever had the password collects them, and has ten guesses at codes with each."""
    device = (await auth.log_in())["device_token"]
    app, codes = await switch_on(auth, signed_in)
    for _ in range(ACCOUNT.free + 1):
        assert told(await log_in(auth, app.wrong_code(), device_token=device)) == REFUSED
    assert told(await log_in(auth, codes[0], device_token=device)) == CLOSED
    fresh = (await auth.refresh(signed_in.refresh_token)).json()["device_token"]
    assert told(await log_in(auth, codes[0], device_token=fresh)) == RIGHT


async def test_a15_a_stolen_device_token_gives_ten_codes(auth: Any, signed_in: Any) -> None:
    app, codes = await switch_on(auth, signed_in)
    device = (await log_in(auth, codes[0])).json()["device_token"]
    tries = DEVICE.free + ACCOUNT.free + 1
    for _ in range(tries):
        assert told(await log_in(auth, device_token=device)) == REQUIRED
        assert told(await log_in(auth, app.wrong_code(), device_token=device)) == REFUSED
    assert told(await log_in(auth, codes[1], device_token=device)) == CLOSED


async def test_a15_wrong_codes_count_for_the_address(auth: Any, signed_in: Any) -> None:
    app, _ = await switch_on(auth, signed_in)
    body = {"email": "ada@example.com", "password": PASSWORD, "one_time_code": app.wrong_code()}
    headers = {"X-Real-IP": "203.0.113.7"}
    answer = await auth.public.post("/api/auth/login", json=body, headers=headers)
    assert told(answer) == REFUSED
    body = {"email": "ada@example.com", "password": PASSWORD}
    for _ in range(ADDRESS.free + 1):
        answer = await auth.public.post("/api/auth/login", json=body, headers=headers)
        assert told(answer) == REQUIRED
    assert await failures(auth) == [0, 1, 1]


@pytest.mark.parametrize("what", ["confirm", "renew", "end"])
async def test_a15_a_stolen_session_finds_out_no_code(auth: Any, signed_in: Any, what: str) -> None:
    """Confirming what its owner has begun would give it the recovery codes."""
    app = await begin(auth, signed_in)
    if what != "confirm":
        await confirm(auth, signed_in, app.code())

    async def send(code: str) -> tuple[int, str]:
        if what == "confirm":
            return told(await confirm(auth, signed_in, code))
        if what == "renew":
            return told(await call(auth, signed_in, "POST", "/recovery-codes", code=code))
        return told(await call(auth, signed_in, "DELETE", password=PASSWORD, code=code))

    for _ in range(DEVICE.free + ACCOUNT.free + 1):
        assert await send(app.wrong_code()) == (422, "wrong_code")
    assert await send(app.code(1)) == CLOSED


async def test_what_is_refused_for_another_reason_does_not_count(auth: Any, signed_in: Any) -> None:
    for _ in range(DEVICE.free + ACCOUNT.free + 5):
        assert told(await confirm(auth, signed_in, "123456")) == (409, "second_factor_inactive")
    await switch_on(auth, signed_in)
    for _ in range(DEVICE.free + ACCOUNT.free + 5):
        again = await call(auth, signed_in, "POST", password=PASSWORD)
        assert told(again) == (409, "second_factor_active")
    assert set(await failures(auth)) == {0}
