"""Mails out of an outbox: at least once, always the same one, and none that holds others up."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import UndefinedError
from prometheus_client import REGISTRY
from sqlalchemy import select

from kit.tests.conftest import outbox
from kit.tests.mail_server import MailServer, mail_server
from shopkit import postman
from shopkit.clock import FrozenClock
from shopkit.db import Database
from shopkit.ids import new_id
from shopkit.mail import Sender, open_mailer
from shopkit.mail_templates import MailTemplates
from shopkit.outbox import Relay, emit
from shopkit.postman import GIVE_UP, MAIL, Postman, mail_relay

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]
SENDER = Sender("Shop", "shop@example.org")
ADA, EVE = "ada@example.com", "eve@example.com"


@pytest.fixture
def templates(tmp_path: Path) -> MailTemplates:
    (tmp_path / "hello.txt").write_text("Subject: Hello {{ name }}\nYou, {{ name }}\n")
    page = '{% extends "layout.html" %}{% block content %}{{ name }}{% endblock %}'
    (tmp_path / "hello.html").write_text(page)
    return MailTemplates(tmp_path, shop_name="Tea & Co")


def relay_to(url: str, database: Database, templates: MailTemplates, clock: FrozenClock) -> Relay:
    sender = Postman(open_mailer(url, SENDER), templates, SENDER, clock)

    async def deliver(payload: Mapping[str, Any]) -> None:
        made_at = datetime.fromisoformat(payload["at"])
        mail = {name: payload[name] for name in ("id", "to", "values")}
        await sender.send(template="hello", made_at=made_at, **mail)

    return mail_relay(database, outbox, deliver, clock)


async def queue(database: Database, clock: FrozenClock, *addresses: str) -> None:
    for to in addresses:
        payload = {"id": new_id(), "to": to, "values": {"name": "you"}}
        payload["at"] = clock.now().isoformat()
        await database.run(emit, outbox, topic=MAIL, payload=payload, now=clock.now())


async def waiting(database: Database) -> int:
    return len(await database.read(lambda conn: conn.execute(select(outbox)).all()))


def counted(outcome: str) -> float:
    labels = {"template": "hello", "outcome": outcome}
    return REGISTRY.get_sample_value("mails_total", labels) or 0


async def test_i8_a_mail_that_was_delayed_comes_later_and_is_the_same(
    database: Database, clock: FrozenClock, templates: MailTemplates
) -> None:
    async with mail_server() as server:
        relay = relay_to(insecure(server), database, templates, clock)
        server.at_data[ADA] = "451 4.3.0 try later"
        await queue(database, clock, ADA, EVE)
        before = counted("delayed")
        assert await relay.drain() == 2
        assert (server.recipients, counted("delayed") - before) == ([EVE], 1)
        assert await relay.drain() == 0
        server.at_data.clear()
        clock.advance(seconds=1)
        await relay.drain()
        assert (server.recipients, await waiting(database)) == ([EVE, ADA], 0)


async def test_i8_a_repeated_mail_can_be_told_by_its_message_id(
    database: Database, clock: FrozenClock, templates: MailTemplates
) -> None:
    """Sent, and then the process was killed before it could write that down."""
    async with mail_server() as server:
        relay = relay_to(insecure(server), database, templates, clock)
        await queue(database, clock, ADA)
        [row] = await relay._take(MAIL)
        for _ in range(2):
            assert await relay._deliver(row) is False
    first, second = server.mails
    assert first["message-id"] == second["message-id"]
    assert first["date"] == second["date"]


async def test_a_mail_that_is_refused_is_not_tried_again_and_holds_nobody_up(
    database: Database,
    clock: FrozenClock,
    templates: MailTemplates,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logged: list[str] = []
    log = SimpleNamespace(error=lambda *words, **more: logged.append(f"{words} {more}"))
    monkeypatch.setattr(postman, "log", log)
    async with mail_server() as server:
        relay = relay_to(insecure(server), database, templates, clock)
        server.answers[ADA] = f"550 5.1.1 <{ADA}> is unknown"
        await queue(database, clock, ADA, "a\r\nBcc: x@example.com", EVE)
        before = counted("refused")
        await relay.drain()
        assert (server.recipients, await waiting(database)) == ([EVE], 0)
    assert counted("refused") - before == 2
    assert len(logged) == 2
    assert "550 to its address" in str(logged)
    assert ADA not in str(logged)


async def test_a_mail_is_given_up_after_two_days(
    database: Database, clock: FrozenClock, templates: MailTemplates
) -> None:
    relay = relay_to("", database, templates, clock)
    await queue(database, clock, ADA)
    clock.advance(seconds=GIVE_UP.total_seconds() - 1)
    await relay.drain()
    assert await waiting(database) == 1
    clock.advance(hours=1)
    await relay.drain()
    assert await waiting(database) == 0


async def test_what_waits_for_a_server_does_not_press_it(
    database: Database, clock: FrozenClock, templates: MailTemplates
) -> None:
    relay = relay_to("", database, templates, clock)
    await queue(database, clock, ADA)
    tries = 0
    for _ in range(3600):
        tries += await relay.drain()
        clock.advance(seconds=1)
    assert 12 <= tries <= 24


def test_c13_what_is_put_into_html_is_escaped(templates: MailTemplates) -> None:
    subject, text, html = templates.render("hello", {"name": "<b>you</b>"})
    assert (subject, text) == ("Hello <b>you</b>", "You, <b>you</b>\n")
    assert "&lt;b&gt;you&lt;/b&gt;" in html
    assert "Tea &amp; Co" in html
    assert "<b>" not in html


def test_a_word_that_is_missing_is_an_error(templates: MailTemplates) -> None:
    with pytest.raises(UndefinedError):
        templates.render("hello", {})


def insecure(server: MailServer) -> str:
    return f"smtp+insecure://127.0.0.1:{server.port}"


async def test_others_have_their_turn_while_many_mails_are_made(
    clock: FrozenClock, templates: MailTemplates, tmp_path: Path
) -> None:
    turns, made_in = 0, list[int]()

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    class Taken:
        async def send(self, message: EmailMessage) -> None:
            made_in.append(turns)

    sender = Postman(Taken(), templates, SENDER, clock)
    taking = asyncio.create_task(take_turns())
    mails = (
        sender.send(
            id=new_id(), to=ADA, template="hello", values={"name": "you"}, made_at=clock.now()
        )
        for _ in range(20)
    )
    await asyncio.gather(*mails)
    taking.cancel()
    assert len(set(made_in)) == 20
