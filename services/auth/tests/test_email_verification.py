"""Verifying an address: who gets the mail, and what its token is good for."""

import asyncio
from typing import Any

import pytest

from auth.email_tokens import LIFETIME
from services.auth.tests.conftest import text_of
from shopkit.clock import FrozenClock

pytestmark = pytest.mark.anyio


async def verify(auth: Any, token: str) -> Any:
    return await auth.post("email/verify", token=token)


async def ask(auth: Any, headers: dict[str, str]) -> Any:
    answer = await auth.public.post("/api/auth/email/verification", headers=headers)
    assert (answer.status_code, answer.json()) == (202, {"expires_in": 600})


async def is_verified(auth: Any, signed_in: Any) -> Any:
    return (await auth.me(signed_in.access_token)).json()["email_verified"]


async def test_registering_sends_a_mail_whose_token_verifies_the_address(
    auth: Any, signed_in: Any
) -> None:
    assert await is_verified(auth, signed_in) is False
    [mail] = await auth.mails()
    assert (mail["to"], mail["subject"]) == ("ada@example.com", "Confirm your e-mail address")
    assert mail["from"] == "Shop <shop@example.com>"
    answer = await verify(auth, await auth.token())
    assert (answer.status_code, answer.content) == (204, b"")
    assert await is_verified(auth, signed_in) is True


async def test_both_parts_of_a_mail_have_the_link_and_no_word_that_somebody_else_chose(
    auth: Any,
) -> None:
    """Whoever registers others' addresses must not be able to write to them."""
    body = {"email": "ada@example.com", "password": "correct horse battery"}
    name = "You won! <a href='https://evil.example'>Click</a>"
    assert (await auth.post("register", **body, name=name)).status_code == 201
    [mail] = await auth.mails()
    link = f"https://shop.example.org/en/verify-email#token={await auth.token()}"
    for kind in ("plain", "html"):
        assert link in text_of(mail, kind)
        assert "evil" not in text_of(mail, kind)


async def test_a19_of_fifty_at_once_exactly_one_wins(auth: Any, signed_in: Any) -> None:
    token = await auth.token()
    answers = await asyncio.gather(*(verify(auth, token) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [204] + [400] * 49
    assert {a.json()["code"] for a in answers if a.status_code == 400} == {"invalid_token"}


async def test_a19_a_token_is_good_for_ten_minutes(
    auth: Any, signed_in: Any, clock: FrozenClock
) -> None:
    token = await auth.token()
    clock.advance(seconds=LIFETIME.total_seconds())
    assert (await verify(auth, token)).status_code == 400
    assert await is_verified(auth, signed_in) is False


async def test_another_mail_can_be_asked_for_but_not_more_than_three_in_all(
    auth: Any, signed_in: Any
) -> None:
    for _ in range(4):
        await ask(auth, signed_in.headers)
    assert len(await auth.mails()) == 3
    assert (await verify(auth, await auth.token())).status_code == 204


async def test_who_is_verified_gets_no_other_mail(auth: Any, signed_in: Any) -> None:
    assert (await verify(auth, await auth.token())).status_code == 204
    await ask(auth, signed_in.headers)
    assert len(await auth.mails()) == 1


async def test_nobody_asks_without_an_account_or_with_a_session_that_is_over(
    auth: Any, signed_in: Any
) -> None:
    path = "/api/auth/email/verification"
    assert (await auth.public.post(path)).status_code == 401
    await auth.post("logout", refresh_token=signed_in.refresh_token)
    assert (await auth.public.post(path, headers=signed_in.headers)).status_code == 401


@pytest.mark.parametrize("token", ["x", "x" * 43, "é" * 20, "' OR 1=1 --"])
async def test_a19_what_is_no_token_has_one_answer(auth: Any, signed_in: Any, token: str) -> None:
    for path, more in (
        ("email/verify", {}),
        ("email/confirm", {}),
        ("password/reset", {"new_password": "staple the horse again"}),
    ):
        answer = await auth.post(path, token=token, **more)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_token")


async def test_a_registration_that_is_refused_sends_nothing(auth: Any, signed_in: Any) -> None:
    body = {"email": "ADA@example.com", "password": "correct horse battery"}
    assert (await auth.post("register", **body)).status_code == 409
    assert len(await auth.mails()) == 1
