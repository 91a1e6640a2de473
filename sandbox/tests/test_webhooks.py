"""Every change is told, signed, until it is heard."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import select

from paysandbox.main import Sandbox
from paysandbox.models import outbox
from paysandbox.sending import Sender
from paysandbox.settings import SandboxSettings
from sandbox.tests.conftest import API_KEY, Shop
from sandbox.tests.receiver import PATIENCE, Receiver, receiving, wait_until
from shopkit.clock import FrozenClock
from shopkit.webhooks import WebhookSecret

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PATH = "/api/payments/webhooks/sandbox"


@pytest.fixture
def settings(tmp_path: Path) -> SandboxSettings:
    return SandboxSettings(
        database=tmp_path / "sandbox.db",
        api_key=API_KEY,
        webhook_url=f"unix:{tmp_path}/shop.sock",
        webhook_path=PATH,
        webhook_secret=SECRET,
    )


@pytest.fixture
async def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Receiver]:
    """It may take its time: where the clock stands still nothing is sent again."""
    for limit in ("CONNECT_SECONDS", "READ_SECONDS"):
        monkeypatch.setattr(f"shopkit.transport.{limit}", PATIENCE)
    async with receiving(tmp_path / "shop.sock") as found:
        yield found


async def test_every_change_is_told_and_signed(
    shop: Shop, receiver: Receiver, clock: FrozenClock
) -> None:
    paid, confirmed, declined, lapsed = [await shop.intent() for _ in range(4)]
    await shop.authorize(paid)
    await shop.capture(paid)
    await shop.refund(paid, 500)
    await shop.authorize(confirmed, "tok_action_required")
    await shop.http.post(f"/pay/{confirmed}", data={"action": "confirm"})
    await shop.cancel(confirmed)
    await shop.authorize(declined, "tok_declined")
    await shop.authorize(lapsed, "tok_lapses")
    await shop.capture(lapsed)
    expected = {
        paid: {"intent.authorized", "intent.captured", "intent.refunded"},
        confirmed: {"intent.requires_action", "intent.authorized", "intent.cancelled"},
        declined: {"intent.declined"},
        lapsed: {"intent.authorized", "intent.cancelled"},
    }
    await wait_until(lambda: all(receiver.of(intent) == expected[intent] for intent in expected))
    assert len({event["id"] for event in receiver.events}) == 9 == len(receiver.taken)
    assert receiver.paths == {PATH}
    for (body, headers), event in zip(receiver.taken, receiver.events, strict=True):
        assert WebhookSecret(SECRET).has_signed(body, headers, clock.now())
        assert headers["webhook-id"] == event["id"]
        assert event["live"] is False


async def test_an_event_shows_the_intent_as_it_became(shop: Shop, receiver: Receiver) -> None:
    intent = await shop.intent()
    authorized = (await shop.authorize(intent, key="a")).json()
    await shop.authorize(intent, key="a")
    await shop.authorize(intent, key="b")
    await wait_until(lambda: len(receiver.taken) == 1)
    (event,) = receiver.events
    assert event["type"] == "intent.authorized"
    assert event["data"] == {"intent": authorized}
    await shop.cancel(intent)
    await shop.cancel(intent)
    await wait_until(lambda: len(receiver.taken) == 2)
    assert receiver.events[1]["type"] == "intent.cancelled"


async def is_noted(sandbox: Sandbox, attempts: int) -> None:
    """Wait until the relay has written down that it failed so often, and when it is due again."""
    tried = select(outbox.c.attempts)
    async with asyncio.timeout(PATIENCE):
        while await sandbox.context.database.read(lambda c: c.execute(tried).scalar()) != attempts:
            await asyncio.sleep(0.01)


async def test_a_webhook_comes_again_until_it_is_taken(
    shop: Shop, receiver: Receiver, sandbox: Sandbox, clock: FrozenClock
) -> None:
    receiver.refusals = 2
    await shop.authorize(await shop.intent())
    for refused in (1, 2):
        await is_noted(sandbox, refused)
        assert len(receiver.refused) == refused
        clock.advance(seconds=15)
        sandbox.context.tell()
    await wait_until(lambda: len(receiver.taken) == 1)
    (event,) = receiver.events
    assert receiver.refused == [event["id"]] * 2
    assert WebhookSecret(SECRET).has_signed(*receiver.taken[0], clock.now())


async def test_what_is_to_be_lost_is_never_told(shop: Shop, receiver: Receiver) -> None:
    lost, told = await shop.intent(), await shop.intent()
    await shop.authorize(lost, "tok_lost_webhook")
    await shop.http.post(f"/pay/{lost}", data={"action": "confirm"})
    await shop.capture(lost)
    await shop.refund(lost, 1)
    await shop.authorize(told)
    await wait_until(lambda: bool(receiver.of(told)))
    assert receiver.of(lost) == set()
    assert await shop.status(lost) == "captured"


async def test_an_address_may_be_a_url(clock: FrozenClock) -> None:
    secret = WebhookSecret(SECRET)
    for url, base, path in (
        ("http://shop.test:8080/hooks?a=1", "http://shop.test:8080", "/hooks?a=1"),
        ("http://shop.test", "http://shop.test", "/"),
    ):
        sender = Sender(url, "/other", secret, clock)
        assert (sender._transport._base, sender._path) == (base, path)


@pytest.mark.parametrize("secret", ["", "whsec_c2hvcnQ=", "super secret"])
def test_webhooks_are_never_sent_unsigned(tmp_path: Path, secret: str) -> None:
    with pytest.raises(ValidationError) as refused:
        SandboxSettings(
            database=tmp_path / "sandbox.db",
            api_key=API_KEY,
            webhook_url="http://shop.test/",
            webhook_secret=SecretStr(secret) if secret else None,
        )
    assert not secret or secret not in str(refused.value)
    assert API_KEY not in str(refused.value)
