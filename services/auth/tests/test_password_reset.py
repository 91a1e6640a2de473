"""A forgotten password: who gets a token, what it is good for, and what using it ends."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection, Table, select

from auth import mails
from auth.email_tokens import LIFETIME
from auth.models import email_tokens, events, mail_counts, outbox
from auth.repository import insert_roles
from services.auth.tests.guessing import attempt, close_account
from services.auth.tests.second_factors import switch_on
from shopkit.clock import FrozenClock
from shopkit.outbox import emit

pytestmark = pytest.mark.anyio
ADA, NEW = "ada@example.com", "staple the horse again"


async def ask(auth: Any, email: str = ADA) -> Any:
    answer = await auth.post("password/reset-request", email=email)
    assert answer.status_code == 202, answer.text
    return answer


async def reset(auth: Any, token: str, new: str = NEW) -> Any:
    return await auth.post("password/reset", token=token, new_password=new)


def assert_invalid(answer: Any) -> None:
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_token")
    assert "www-authenticate" not in answer.headers


async def test_a10_a19_a_reset_sets_the_password_ends_all_sessions_and_verifies_the_address(
    auth: Any, signed_in: Any
) -> None:
    await ask(auth)
    answer = await reset(auth, await auth.token())
    assert (answer.status_code, answer.content) == (204, b"")
    told = await auth.database.read(lambda conn: conn.execute(select(events)).all())
    assert [(event.kind, event.user_id) for event in told] == [
        ("tokens_voided", signed_in.user["id"])
    ]
    assert (await auth.me(signed_in.access_token)).status_code == 401
    assert (await auth.refresh(signed_in.refresh_token)).status_code == 401
    assert (await attempt(auth, "correct horse battery")).status_code == 401
    pair = await auth.log_in(password=NEW)
    assert (await auth.me(pair["access_token"])).json()["email_verified"] is True
    told = (await auth.mails())[-1]
    assert (told["to"], told["subject"]) == (ADA, "Your password was changed")


async def test_a14_known_unknown_and_disabled_addresses_get_the_same_answer_from_the_same_work(
    auth: Any, signed_in: Any, admin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    eve = await auth.register("eve@example.com")
    disabled = f"/api/auth/users/{eve['id']}/disabled"
    done = await auth.public.put(disabled, json={"disabled": True}, headers=admin.headers)
    assert done.status_code == 200
    before = len(await auth.mails())
    written: list[tuple[str, Any]] = []

    def seen(conn: Connection, table: Table, *, payload: dict[str, Any], **more: Any) -> None:
        written.append((payload["kind"], payload["user_id"]))
        emit(conn, table, payload=payload, **more)

    monkeypatch.setattr(mails, "emit", seen)
    answers = [await ask(auth, email) for email in (ADA, "no@example.com", "eve@example.com")]
    for answer in answers:
        headers = {k: v for k, v in answer.headers.items() if k != "x-request-id"}
        first = {k: v for k, v in answers[0].headers.items() if k != "x-request-id"}
        assert (answer.content, headers) == (answers[0].content, first)
    assert [mail["to"] for mail in (await auth.mails())[before:]] == [ADA]
    assert written == [("reset_password", None)] * 3


async def test_a19_of_many_at_once_exactly_one_wins(auth: Any, signed_in: Any) -> None:
    await ask(auth)
    token = await auth.token()
    passwords = [f"the horse of number {number}" for number in range(12)]
    answers = await asyncio.gather(*(reset(auth, token, new) for new in passwords))
    won = [new for new, a in zip(passwords, answers, strict=True) if a.status_code == 204]
    assert len(won) == 1
    for answer in answers:
        if answer.status_code not in (204, 503):
            assert_invalid(answer)
    assert await auth.log_in(password=won[0])
    assert_invalid(await reset(auth, token))


async def test_a19_a_token_is_good_for_ten_minutes(
    auth: Any, signed_in: Any, clock: FrozenClock
) -> None:
    await ask(auth)
    token = await auth.token()
    clock.advance(seconds=LIFETIME.total_seconds())
    assert_invalid(await reset(auth, token))
    await ask(auth)
    late = await auth.token()
    clock.advance(seconds=LIFETIME.total_seconds() - 1)
    assert (await reset(auth, late)).status_code == 204


async def test_a19_a_mail_for_something_else_is_no_reset(auth: Any, signed_in: Any) -> None:
    verify = await auth.token()
    assert_invalid(await reset(auth, verify))
    for token in ("x", "x" * 43, "é", verify[:-1]):
        assert_invalid(await reset(auth, token))
    assert await auth.log_in()


async def test_a19_a_password_that_changes_meanwhile_ends_the_token(
    auth: Any, signed_in: Any
) -> None:
    await ask(auth)
    token = await auth.token()
    body = {"current_password": "correct horse battery", "new_password": "another one entirely"}
    changed = await auth.public.post("/api/auth/password", json=body, headers=signed_in.headers)
    assert changed.status_code == 204
    assert (await auth.mails())[-1]["subject"] == "Your password was changed"
    assert_invalid(await reset(auth, token))


async def test_a19_a_disabled_account_stays_as_it_is(auth: Any, signed_in: Any, admin: Any) -> None:
    await ask(auth)
    token = await auth.token()
    path = f"/api/auth/users/{signed_in.user['id']}/disabled"
    await auth.public.put(path, json={"disabled": True}, headers=admin.headers)
    assert_invalid(await reset(auth, token))


@pytest.mark.parametrize(
    ("new", "code"),
    [
        ("1234567", "string_too_short"),
        ("x" * 129, "string_too_long"),
        ("password123", "common_password"),
        ("ADA@example.com", "password_is_email"),
    ],
)
async def test_a16_a_password_that_is_refused_leaves_the_token_good(
    auth: Any, signed_in: Any, new: str, code: str
) -> None:
    await ask(auth)
    token = await auth.token()
    answer = await reset(auth, token, new)
    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [("/new_password", code)]
    assert (await reset(auth, token)).status_code == 204


async def test_a15_a_reset_lets_the_owner_in_past_what_others_guessed(
    auth: Any, signed_in: Any
) -> None:
    await close_account(auth)
    await ask(auth)
    assert (await reset(auth, await auth.token())).status_code == 204
    assert (await attempt(auth, NEW)).status_code == 200


async def test_whoever_took_an_address_first_does_not_keep_its_owner_out(
    auth: Any, signed_in: Any
) -> None:
    """With a second factor on an account whose address nobody had proved."""
    await switch_on(auth, signed_in)
    await ask(auth)
    assert (await reset(auth, await auth.token())).status_code == 204
    assert (await attempt(auth, NEW)).status_code == 200


@pytest.mark.parametrize("proved_by", ["mail", "role"])
async def test_who_reads_anothers_mail_needs_the_second_factor_too(
    auth: Any, signed_in: Any, proved_by: str
) -> None:
    if proved_by == "mail":
        await auth.post("email/verify", token=await auth.token())
    else:
        user_id = signed_in.user["id"]
        await auth.database.run(insert_roles, user_id=user_id, names=["support"])
    await switch_on(auth, signed_in)
    await ask(auth)
    assert (await reset(auth, await auth.token())).status_code == 204
    assert (await attempt(auth, NEW)).json()["code"] == "second_factor_required"


async def test_nobodys_mailbox_is_flooded(auth: Any, signed_in: Any, clock: FrozenClock) -> None:
    before = len(await auth.mails())
    for _ in range(6):
        await ask(auth, "Ada@Example.com")
    assert len(await auth.mails()) == before + 3
    clock.advance(minutes=59)
    await ask(auth)
    assert len(await auth.mails()) == before + 3
    clock.advance(minutes=1)
    await ask(auth)
    assert len(await auth.mails()) == before + 4


async def test_a15_whoever_asks_for_others_mails_does_not_use_them_up(
    auth: Any, signed_in: Any
) -> None:
    """Or guesses keep the owner from logging in, and requests from a new password."""

    async def mails_of(network: str) -> int:
        before = len(await auth.mails())
        for _ in range(5):
            path, body = "/api/auth/password/reset-request", {"email": ADA}
            await auth.public.post(path, json=body, headers={"X-Real-IP": network})
        return len(await auth.mails()) - before

    assert await mails_of("203.0.113.7") == 3
    assert await mails_of("198.51.100.9") == 3
    assert [await mails_of(f"192.0.2.{n}") for n in (1, 2, 3)] == [3, 1, 0], "ten for all"


async def test_a14_a_mail_goes_to_the_address_of_the_account_not_to_what_was_typed(
    auth: Any,
) -> None:
    """`ß` is compared as `ss`: the two may be different mailboxes."""
    await auth.register("strasse@example.com")
    before = len(await auth.mails())
    await ask(auth, "straße@example.com")
    assert [mail["to"] for mail in (await auth.mails())[before:]] == ["strasse@example.com"]


async def test_a19_nothing_in_the_database_is_a_token(auth: Any, signed_in: Any) -> None:
    await ask(auth)
    waiting = await auth.database.read(lambda c: str(c.execute(select(outbox.c.payload)).all()))
    token = await auth.token()
    stored = await auth.database.read(lambda c: str(c.execute(select(email_tokens)).all()))
    assert token not in waiting + stored
    counters = await auth.database.read(lambda c: str(c.execute(select(mail_counts)).all()))
    assert ADA not in counters


async def test_links_are_made_from_settings(auth: Any, signed_in: Any) -> None:
    body = {"email": ADA}
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Origin": "https://evil"}
    await auth.public.post("/api/auth/password/reset-request", json=body, headers=headers)
    newest = (await auth.mails())[-1]
    assert "https://shop.example.org/en/reset-password#token=" in newest.as_string()
    assert "evil" not in newest.as_string()
