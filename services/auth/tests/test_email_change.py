"""Another address: asked for with the password, confirmed from there, told to the old one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import select

from auth.email_tokens import LIFETIME
from auth.login_limits import ACCOUNT, DEVICE
from auth.models import events
from services.auth.tests.guessing import EVE, PASSWORD
from shopkit.clock import FrozenClock

pytestmark = pytest.mark.anyio
ADA, NEW = "ada@example.com", "ada@lovelace.example"
Ask = Callable[..., Awaitable[Any]]


@pytest.fixture
def ask(auth: Any, signed_in: Any) -> Ask:
    async def send(new_email: str = NEW, password: str = PASSWORD) -> Any:
        body = {"new_email": new_email, "password": password}
        path = "/api/auth/email/change"
        return await auth.public.post(path, json=body, headers=signed_in.headers)

    return send


async def confirm(auth: Any, token: str) -> Any:
    return await auth.post("email/confirm", token=token)


def assert_invalid(answer: Any) -> None:
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_token")


async def test_a10_an_address_changes_when_it_is_confirmed_from_there(
    auth: Any, signed_in: Any, ask: Ask
) -> None:
    answer = await ask()
    assert (answer.status_code, answer.json()) == (202, {"expires_in": 600})
    assert (await auth.mails())[-1]["to"] == NEW
    assert (await auth.me(signed_in.access_token)).json()["email"] == ADA
    assert (await confirm(auth, await auth.token())).status_code == 204
    told = await auth.database.read(lambda conn: conn.execute(select(events)).all())
    assert [(event.kind, event.user_id) for event in told] == [
        ("tokens_voided", signed_in.user["id"])
    ]
    for session in (auth.me(signed_in.access_token), auth.refresh(signed_in.refresh_token)):
        assert (await session).status_code == 401
    pair = await auth.log_in(NEW)
    me = (await auth.me(pair["access_token"])).json()
    assert (me["id"], me["email"], me["email_verified"]) == (signed_in.user["id"], NEW, True)
    assert (await auth.post("login", email=ADA, password=PASSWORD)).status_code == 401
    told = (await auth.mails())[-1]
    assert (told["to"], told["subject"]) == (ADA, "Your e-mail address was changed")
    assert NEW not in told.as_string()


async def test_a14_an_address_that_is_taken_gets_the_same_answer_and_its_owner_is_told(
    auth: Any, signed_in: Any, ask: Ask
) -> None:
    await auth.register(EVE)
    free, taken = await ask(), await ask("Eve@Example.com")
    assert (taken.status_code, taken.content) == (free.status_code, free.content)
    told = (await auth.mails())[-1]
    assert (told["to"], told["subject"]) == (EVE, "This address has an account already")
    assert "token=" not in told.as_string()


async def test_an_address_that_is_taken_meanwhile_stays_where_it_is(
    auth: Any, signed_in: Any, ask: Ask
) -> None:
    await ask(EVE)
    token = await auth.token()
    await auth.register(EVE)
    answer = await confirm(auth, token)
    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")
    assert (await auth.me(signed_in.access_token)).json()["email"] == ADA


async def test_a19_tokens_of_before_end_with_the_old_address(auth: Any, ask: Ask) -> None:
    verify = await auth.token()
    await auth.post("password/reset-request", email=ADA)
    reset = await auth.token()
    await ask("third@example.com")
    third = await auth.token()
    await ask()
    change = await auth.token()
    assert (await confirm(auth, change)).status_code == 204
    body = {"token": reset, "new_password": "staple the horse again"}
    assert_invalid(await auth.post("password/reset", **body))
    assert_invalid(await auth.post("email/verify", token=verify))
    assert_invalid(await confirm(auth, third))
    assert_invalid(await confirm(auth, change))


async def test_a19_of_fifty_at_once_exactly_one_wins(auth: Any, ask: Ask) -> None:
    await ask()
    token = await auth.token()
    answers = await asyncio.gather(*(confirm(auth, token) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [204] + [400] * 49


async def test_a19_a_token_is_good_for_ten_minutes_and_for_nothing_else(
    auth: Any, ask: Ask, clock: FrozenClock
) -> None:
    assert_invalid(await confirm(auth, await auth.token()))
    await ask()
    token = await auth.token()
    assert_invalid(await auth.post("email/verify", token=token))
    clock.advance(seconds=LIFETIME.total_seconds())
    assert_invalid(await confirm(auth, token))


async def test_a15_a_wrong_password_sends_nothing_and_counts_like_one_at_login(
    auth: Any, ask: Ask
) -> None:
    before = len(await auth.mails())
    for _ in range(DEVICE.most or 0):
        answer = await ask(password="a guess of it")
        assert (answer.status_code, answer.json()["code"]) == (422, "wrong_password")
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/password"]
    for _ in range(ACCOUNT.free + 2):
        answer = await ask(password="a guess of it")
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_attempts")
    assert len(await auth.mails()) == before


async def test_a_session_that_is_over_asks_for_nothing(
    auth: Any, signed_in: Any, ask: Ask, held: Any
) -> None:
    before = len(await auth.mails())
    late = await held.hold(ask())
    await auth.post("logout", refresh_token=signed_in.refresh_token)
    for answer in (await held.let_go(late), await ask()):
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert len(await auth.mails()) == before


async def test_nobodys_mailbox_is_flooded_by_many_accounts(auth: Any, ask: Ask) -> None:
    before = len(await auth.mails())
    for _ in range(4):
        await ask()
    assert len(await auth.mails()) == before + 3
    for number in range(12):
        await ask(f"number{number}@example.com")
    assert len(await auth.mails()) == before + 3 + 7, "ten of one account in an hour"


async def test_nobodys_mailbox_is_flooded_by_accounts_that_leave_it(auth: Any) -> None:
    """The address is free again, and may be registered and left again."""
    for number in range(5):
        await auth.register()
        headers = {"Authorization": f"Bearer {(await auth.log_in())['access_token']}"}
        body = {"new_email": f"number{number}@example.com", "password": PASSWORD}
        path = "/api/auth/email/change"
        await auth.public.post(path, json=body, headers=headers)
        assert (await confirm(auth, await auth.token())).status_code == 204
    told = [mail["subject"] for mail in await auth.mails() if mail["to"] == ADA]
    assert told.count("Your e-mail address was changed") == 3


async def test_the_case_of_ones_own_address_may_change(auth: Any, signed_in: Any, ask: Ask) -> None:
    await ask("Ada@Example.com")
    assert (await confirm(auth, await auth.token())).status_code == 204
    pair = await auth.log_in()
    assert (await auth.me(pair["access_token"])).json()["email"] == "Ada@Example.com"
