"""Mails of accounts on their way: repeated, late, refused, and cleared away."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from auth.email_token_repository import spend_token
from auth.email_tokens import KEPT, LIFETIME
from auth.main import build
from auth.models import email_tokens, mail_counts, outbox
from auth.settings import AuthSettings
from auth.tokens import token_hash
from auth.worker import Sweeper
from kit.tests.mail_server import MailServer, mail_server
from services.auth.tests.conftest import Auth, text_of
from shopkit.clock import FrozenClock
from shopkit.postman import MAIL
from shopkit.testing import running

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]
ADA, NEW = "ada@example.com", "staple the horse again"


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as found:
        yield found


@pytest.fixture
async def posting(
    settings: AuthSettings, clock: FrozenClock, server: MailServer
) -> AsyncIterator[Auth]:
    """An auth that sends its mails to `server` when the test says so, and not beside it."""
    url = f"smtp+insecure://127.0.0.1:{server.port}"
    told = AuthSettings(**{**settings.model_dump(), "mail_url": url})
    service = replace(build(told, clock), background=())
    async with running(service) as (public, internal):
        yield Auth(service, public, internal, told)


def count(conn: Connection, table: Any) -> int:
    return int(conn.execute(select(func.count()).select_from(table)).scalar_one())


def token_of(server: MailServer) -> str:
    return text_of(server.mails[-1]).partition("#token=")[2].split()[0]


async def reset(auth: Auth, token: str, new: str = NEW) -> int:
    answer = await auth.post("password/reset", token=token, new_password=new)
    return int(answer.status_code)


async def test_mails_go_over_smtp_with_both_parts(posting: Auth, server: MailServer) -> None:
    await posting.register()
    assert await posting.context.mail_relay.drain() == 1
    [mail] = server.mails
    assert (server.recipients, mail["subject"]) == ([ADA], "Confirm your e-mail address")
    assert mail.get_content_type() == "multipart/alternative"
    answer = await posting.post("email/verify", token=token_of(server))
    assert answer.status_code == 204


async def test_a19_a_mail_that_comes_late_has_a_token_of_full_age(
    posting: Auth, server: MailServer, clock: FrozenClock
) -> None:
    await posting.register()
    await posting.context.mail_relay.drain()
    await posting.post("password/reset-request", email=ADA)
    server.at_data[ADA] = "451 4.3.0 try later"
    await posting.context.mail_relay.drain()
    server.at_data.clear()
    clock.advance(minutes=30)
    await posting.context.mail_relay.drain()
    clock.advance(seconds=LIFETIME.total_seconds() - 1)
    assert await reset(posting, token_of(server)) == 204


async def test_a19_a_mail_that_is_sent_twice_brings_no_spent_token_back(
    posting: Auth, server: MailServer, clock: FrozenClock
) -> None:
    """Sent, and auth was killed before it could write that down."""
    await posting.register()
    await posting.context.mail_relay.drain()
    await posting.post("password/reset-request", email=ADA)
    relay = posting.context.mail_relay
    [row] = await relay._take(MAIL)
    assert await relay._deliver(row) is False
    token = token_of(server)
    assert await reset(posting, token) == 204
    assert await relay._deliver(row) is False
    assert token_of(server) == token
    assert await reset(posting, token, "yet another password") == 400
    assert server.mails[-1]["message-id"] == server.mails[-2]["message-id"]


async def test_a19_of_two_that_have_seen_a_token_one_spends_it(
    posting: Auth, server: MailServer, clock: FrozenClock
) -> None:
    await posting.register()
    await posting.context.mail_relay.drain()
    hashed = {"token_hash": token_hash(token_of(server)), "now": clock.now()}
    spent = [await posting.database.run(spend_token, **hashed) for _ in range(2)]
    assert spent == [True, False]


async def test_an_address_that_is_refused_holds_nobody_up(
    posting: Auth, server: MailServer
) -> None:
    server.answers[ADA] = "550 5.1.1 no such user"
    await posting.register()
    await posting.register("eve@example.com")
    await posting.context.mail_relay.drain()
    assert server.recipients == ["eve@example.com"]
    assert await posting.database.read(count, outbox) == 0


async def test_what_is_over_is_cleared_away(
    posting: Auth, server: MailServer, clock: FrozenClock
) -> None:
    await posting.register()
    await posting.context.mail_relay.drain()
    sweeper = Sweeper(posting.database, posting.context.keys, clock)
    clock.advance(seconds=(KEPT - timedelta(seconds=1)).total_seconds())
    await sweeper.drain()
    found = [await posting.database.read(count, table) for table in (email_tokens, mail_counts)]
    assert found == [1, 0]
    clock.advance(seconds=1)
    await sweeper.drain()
    assert await posting.database.read(count, email_tokens) == 0
