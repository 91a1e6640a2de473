"""A second factor: set it up, log in with it, lose it, switch it off; each code counts once."""

import asyncio
from typing import Any

import jwt
import pytest
from sqlalchemy import Connection, select

from auth.events import list_events
from auth.models import metadata
from auth.totp import step_at
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
OFF = {"active": False, "activated_at": None, "recovery_codes_left": 0}


@pytest.fixture(autouse=True)
def _room(clock: FrozenClock) -> None:
    """For steps forward: an access token from the future is none."""
    clock.advance(minutes=-5)


async def state(auth: Any, who: Any) -> Any:
    answer = await call(auth, who, "GET")
    assert answer.status_code == 200, answer.text
    return answer.json()


def amr(pair: Any) -> list[str]:
    claims = jwt.decode(pair["access_token"], options={"verify_signature": False})
    return list(claims["amr"])


async def test_nothing_changes_before_it_is_confirmed(auth: Any, signed_in: Any) -> None:
    assert await state(auth, signed_in) == OFF
    app = await begin(auth, signed_in)
    assert await state(auth, signed_in) == OFF
    answer = await log_in(auth)
    assert (told(answer), amr(answer.json())) == (RIGHT, ["pwd"])
    assert told(await log_in(auth, app.code())) == RIGHT  # nobody asked for it
    renewed = await call(auth, signed_in, "POST", "/recovery-codes", code=app.code())
    assert told(renewed) == (409, "second_factor_inactive")
    ended = await call(auth, signed_in, "DELETE", password=PASSWORD, code=app.code())
    assert told(ended) == (409, "second_factor_inactive")


async def test_beginning_again_replaces_the_secret(auth: Any, signed_in: Any) -> None:
    assert told(await confirm(auth, signed_in, "123456")) == (409, "second_factor_inactive")
    old = await begin(auth, signed_in)
    new = await begin(auth, signed_in)
    assert told(await confirm(auth, signed_in, old.code())) == (422, "wrong_code")
    assert told(await confirm(auth, signed_in, new.code())) == RIGHT
    again = await call(auth, signed_in, "POST", password=PASSWORD)
    assert told(again) == (409, "second_factor_active")
    assert told(await confirm(auth, signed_in, new.next_code())) == (409, "second_factor_active")


async def test_beginning_asks_for_the_password(auth: Any, signed_in: Any) -> None:
    answer = await call(auth, signed_in, "POST", password="a guess of it")
    assert told(answer) == (422, "wrong_password")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/password"]
    assert told(await confirm(auth, signed_in, "123456")) == (409, "second_factor_inactive")


async def test_logins_need_the_code_and_sessions_remember_it(auth: Any, signed_in: Any) -> None:
    assert (await auth.me(signed_in.access_token)).json()["second_factor"] is False
    app, codes = await switch_on(auth, signed_in)
    assert (len(codes), len(set(codes))) == (10, 10)
    missing = await log_in(auth)
    assert told(missing) == REQUIRED
    assert "one_time_code" in missing.json()["detail"]
    assert missing.headers["www-authenticate"] == "Bearer"
    assert told(await log_in(auth, app.wrong_code())) == REFUSED
    answer = await log_in(auth, app.next_code())
    pair = answer.json()
    assert (told(answer), amr(pair)) == (RIGHT, ["pwd", "otp"])
    refreshed = (await auth.refresh(pair["refresh_token"])).json()
    assert amr(refreshed) == ["pwd", "otp"]
    assert (await auth.me(refreshed["access_token"])).json()["second_factor"] is True


async def test_the_token_endpoint_takes_the_code_too(auth: Any, signed_in: Any) -> None:
    app, _ = await switch_on(auth, signed_in)
    form = {"grant_type": "password", "username": "ada@example.com", "password": PASSWORD}
    for more, expected in (
        ({}, REQUIRED),
        ({"one_time_code": ""}, REQUIRED),
        ({"one_time_code": app.wrong_code()}, REFUSED),
        ({"one_time_code": "x" * 5000}, REFUSED),
        ({"one_time_code": app.next_code()}, RIGHT),
    ):
        answer = await auth.form(**form, **more)
        body = answer.json()
        assert told(answer) == expected
        assert body.get("error", "") == body.get("code", "")
        assert body.get("error_description") == body.get("detail")


async def test_a14_nothing_tells_of_it_before_the_password_is_right(
    auth: Any, signed_in: Any
) -> None:
    app, _ = await switch_on(auth, signed_in)
    for code in (None, app.wrong_code(), app.next_code()):
        answer = await log_in(auth, code, password="a guess of it")
        nobody = await log_in(auth, code, password="a guess of it", email="nobody@example.com")
        assert told(answer) == told(nobody) == (401, "invalid_credentials")
    assert told(await log_in(auth, app.code())) == RIGHT  # and no code was used up


async def test_a_code_counts_once(auth: Any, signed_in: Any) -> None:
    app, _ = await switch_on(auth, signed_in)
    assert told(await log_in(auth, app.code())) == REFUSED  # it was used to confirm
    early = app.code(1)
    assert told(await log_in(auth, early)) == RIGHT
    assert told(await log_in(auth, app.code())) == REFUSED  # older than the last one
    assert app.next_code() == early
    assert told(await log_in(auth, early)) == REFUSED
    used = app.next_code()
    assert told(await log_in(auth, used)) == RIGHT
    renewed = await call(auth, signed_in, "POST", "/recovery-codes", code=used)
    assert told(renewed) == (422, "wrong_code")  # nor for anything else


async def test_a_code_may_be_early_or_late_by_a_step(auth: Any, signed_in: Any) -> None:
    app, _ = await switch_on(auth, signed_in)
    app.clock.advance(seconds=120)
    for steps, expected in ((-2, REFUSED), (2, REFUSED), (-1, RIGHT), (1, RIGHT)):
        assert told(await log_in(auth, app.code(steps))) == expected


async def test_of_many_logins_with_one_code_one_gets_in(auth: Any, signed_in: Any) -> None:
    app, _ = await switch_on(auth, signed_in)
    code = app.next_code()
    answers = await asyncio.gather(*(log_in(auth, code) for _ in range(10)))
    statuses = sorted(told(answer) for answer in answers)
    assert statuses == [RIGHT, *[REFUSED] * 9]


@pytest.mark.parametrize("kind", ["app", "recovery"])
async def test_of_fifty_uses_of_one_code_one_counts(
    auth: Any, signed_in: Any, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, codes = await switch_on(auth, signed_in)
    monkeypatch.setattr(auth.context.attempts, "_enabled", False)
    code = codes[0] if kind == "recovery" else app.next_code()
    path = "/recovery-codes"
    answers = await asyncio.gather(
        *(call(auth, signed_in, "POST", path, code=code) for _ in range(50))
    )
    assert sorted(told(answer) for answer in answers) == [RIGHT, *[(422, "wrong_code")] * 49]
    assert (await state(auth, signed_in))["recovery_codes_left"] == 10


async def test_of_many_confirmations_one_makes_the_recovery_codes(
    auth: Any, signed_in: Any
) -> None:
    app = await begin(auth, signed_in)
    answers = await asyncio.gather(*(confirm(auth, signed_in, app.code()) for _ in range(8)))
    right = [answer for answer in answers if answer.status_code == 200]
    assert sorted(told(answer) for answer in answers) == [
        RIGHT,
        *[(409, "second_factor_active")] * 7,
    ]
    assert told(await log_in(auth, right[0].json()["recovery_codes"][0])) == RIGHT


async def test_a_recovery_code_gets_in_once(auth: Any, signed_in: Any) -> None:
    _, codes = await switch_on(auth, signed_in)
    answer = await log_in(auth, codes[0].upper().replace("-", " "))
    assert (told(answer), amr(answer.json())) == (RIGHT, ["pwd", "otp"])
    assert told(await log_in(auth, codes[0])) == REFUSED
    assert (await state(auth, signed_in))["recovery_codes_left"] == 9
    assert told(await log_in(auth, codes[1])) == RIGHT


async def test_new_recovery_codes_end_the_old_ones(auth: Any, signed_in: Any) -> None:
    app, old = await switch_on(auth, signed_in)
    code = app.next_code()
    answer = await call(auth, signed_in, "POST", "/recovery-codes", code=code)
    new = answer.json()["recovery_codes"]
    assert not set(new) & set(old)
    assert told(await log_in(auth, old[0])) == REFUSED
    assert told(await log_in(auth, new[0])) == RIGHT


async def test_codes_of_others_are_worth_nothing(auth: Any, signed_in: Any, admin: Any) -> None:
    _, _ = await switch_on(auth, signed_in)
    app, codes = await switch_on(auth, admin)
    for code in (app.next_code(), codes[0]):
        assert told(await log_in(auth, code)) == REFUSED
    assert told(await log_in(auth, codes[0], email="root@example.com")) == RIGHT


async def test_switching_on_ends_other_sessions(auth: Any, signed_in: Any) -> None:
    other = await auth.log_in()
    await switch_on(auth, signed_in)
    assert (await auth.me(other["access_token"])).status_code == 401
    assert (await auth.refresh(other["refresh_token"])).status_code == 401
    mine = (await auth.refresh(signed_in.refresh_token)).json()
    assert amr(mine) == ["pwd", "otp"]  # it has shown both


async def test_switching_off_needs_both_and_ends_other_sessions(auth: Any, signed_in: Any) -> None:
    app, codes = await switch_on(auth, signed_in)
    other = (await log_in(auth, codes[0])).json()

    async def end(password: str, code: str) -> tuple[int, str]:
        answer = await call(auth, signed_in, "DELETE", password=password, code=code)
        return (204, "") if answer.status_code == 204 else told(answer)

    assert await end("a guess of it", codes[1]) == (422, "wrong_password")
    assert await end(PASSWORD, app.wrong_code()) == (422, "wrong_code")
    assert told(await log_in(auth)) == REQUIRED
    assert await end(PASSWORD, codes[1]) == (204, "")  # a wrong password has not used it up
    assert await state(auth, signed_in) == OFF
    assert (await auth.refresh(other["refresh_token"])).status_code == 401
    assert amr((await auth.refresh(signed_in.refresh_token)).json()) == ["pwd"]
    assert told(await log_in(auth)) == RIGHT
    await switch_on(auth, signed_in)
    assert told(await log_in(auth, codes[2])) == REFUSED  # of the factor that is gone


async def test_a10_what_switching_on_or_off_changes_is_so_everywhere(
    auth: Any, signed_in: Any
) -> None:
    """The token in hand, too, gets its new scopes by a refresh only."""
    app, _ = await switch_on(auth, signed_in)
    await call(auth, signed_in, "DELETE", password=PASSWORD, code=app.next_code())
    page = await auth.database.read(list_events, after=0, now=auth.context.clock.now())
    voided = [one["payload"] for one in page.items if one["kind"] == "tokens_voided"]
    assert voided == [{"version": 1}, {"version": 2}]


async def test_a10_a_login_without_it_at_once_leaves_no_session(
    auth: Any, signed_in: Any, held: Any
) -> None:
    late = await held.hold(log_in(auth))
    app = await begin(auth, signed_in)
    assert told(await confirm(auth, signed_in, app.code())) == RIGHT
    assert told(await held.let_go(late)) == REQUIRED


async def test_a10_a_session_that_is_over_proves_nothing(auth: Any, signed_in: Any) -> None:
    app, codes = await switch_on(auth, signed_in)
    await auth.post("logout", refresh_token=signed_in.refresh_token)
    for method, path, body in (
        ("GET", "", {}),
        ("POST", "", {"password": PASSWORD}),
        ("POST", "/confirm", {"code": app.code()}),
        ("POST", "/recovery-codes", {"code": codes[0]}),
        ("DELETE", "", {"password": PASSWORD, "code": codes[0]}),
    ):
        answer = await call(auth, signed_in, method, path, **body)
        assert told(answer) == (401, "invalid_token")
    assert told(await log_in(auth, codes[0])) == RIGHT


def everything(conn: Connection) -> str:
    tables = metadata.sorted_tables
    return repr([tuple(row) for table in tables for row in conn.execute(select(table))])


async def test_the_database_tells_neither_secret_nor_codes(auth: Any, signed_in: Any) -> None:
    app, codes = await switch_on(auth, signed_in)
    stored = (await auth.database.read(everything)).lower()
    for told_nowhere in (app.secret, app.raw.hex(), repr(app.raw), *codes):
        assert told_nowhere.lower() not in stored
    assert not any(code.replace("-", "") in stored for code in codes)
    assert str(step_at(app.clock.now())) in stored  # it is what was stored


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {}),
        ("", {"password": 1}),
        ("/confirm", {"code": 123456}),
        ("/confirm", {"code": ""}),
        ("/confirm", {"code": "1" * 65}),
        ("/recovery-codes", {"code": None}),
        ("/recovery-codes", {"code": "1", "user_id": "x"}),
    ],
)
async def test_b3_odd_input_is_refused(auth: Any, signed_in: Any, path: str, body: Any) -> None:
    answer = await auth.public.post(
        f"/api/auth/second-factor{path}", json=body, headers=signed_in.headers
    )
    assert told(answer) == (422, "validation_error")
