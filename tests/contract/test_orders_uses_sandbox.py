"""What orders expects of a payment provider holds for the sandbox, as a process of its own."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import httpx2
import pytest
from pydantic import SecretStr

from orders.clients.provider import Intent, IntentStatus
from orders.clients.sandbox import SandboxProvider, new_sandbox
from orders.errors import CaptureRefused, InvalidSignature, PaymentDeclined
from sandbox.tests.process import API_KEY, SECRET, SandboxProcess, sandbox_process
from sandbox.tests.receiver import Receiver, receiving, wait_until
from shopkit.clock import FrozenClock
from shopkit.errors import Unavailable
from shopkit.ids import new_id
from shopkit.webhooks import WebhookSecret
from tests.contract.provider_contract import (
    ProviderContract,
    Stage,
    Webhook,
    authorized,
    captured,
    new_intent,
)


@dataclass
class SandboxStage:
    clock: FrozenClock
    provider: SandboxProvider
    process: SandboxProcess
    receiver: Receiver
    good_token: ClassVar[str] = "tok_success"
    action_token: ClassVar[str] = "tok_action_required"
    declined_tokens: ClassVar[Mapping[str, str]] = {
        "tok_declined": "card_declined",
        "tok_insufficient_funds": "insufficient_funds",
        "no-such-token": "invalid_token",
    }

    async def decide(self, intent: Intent, *, confirm: bool) -> None:
        assert intent.next_action
        assert intent.next_action["type"] == "redirect"
        transport = httpx2.AsyncHTTPTransport(uds=self.process.url.removeprefix("unix:"))
        async with httpx2.AsyncClient(transport=transport) as browser:
            form = {"action": "confirm" if confirm else "refuse"}
            answer = await browser.post(intent.next_action["url"], data=form)
        assert answer.status_code == 303

    async def webhook(self, intent_id: str) -> Webhook:
        await wait_until(lambda: bool(self.receiver.of(intent_id)))
        return next(sent for sent in self.receiver.taken if intent_id.encode() in sent[0])

    async def moved(self, intent: Intent) -> list[tuple[str, int]]:
        """What the sandbox's ledger has of the intent."""
        client = self.process.client()
        answer = await client.call("GET", f"/v1/ledger?reference={intent.reference}")
        await client.close()
        return [(entry["kind"], entry["amount"]) for entry in answer.json["items"]]


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with sandbox_process(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


def client_of(process: SandboxProcess, clock: FrozenClock, **changed: str) -> SandboxProvider:
    given = {"url": process.url, "api_key": API_KEY, "secret": SECRET} | changed
    secrets = SecretStr(given["api_key"]), SecretStr(given["secret"])
    return new_sandbox(given["url"], *secrets, clock)


@pytest.fixture
async def stage(process: SandboxProcess, clock: FrozenClock) -> AsyncIterator[SandboxStage]:
    async with receiving(process.hooks) as receiver:
        provider = client_of(process, clock)
        yield SandboxStage(clock, provider, process, receiver)
        await provider.close()


class TestSandbox(ProviderContract):
    """The whole contract."""


async def test_the_ledger_counts_what_the_calls_have_moved(stage: SandboxStage) -> None:
    """Many times with the same key, and with others."""
    intent = await new_intent(stage)
    for key in ("a", "a", "b"):
        held = await stage.provider.authorize(
            intent.id, token="tok_success", key=f"{intent.id}:{key}"
        )
        assert held.status == IntentStatus.AUTHORIZED
    for key in ("c", "c", "d"):
        await stage.provider.capture(intent.id, amount=1999, key=f"{intent.id}:{key}")
    for key in ("r", "r", "s"):
        await stage.provider.refund(intent.id, amount=100, key=f"{intent.id}:{key}")
    expected = [("authorize", 1999), ("capture", 1999), ("refund", 100), ("refund", 100)]
    assert await stage.moved(intent) == expected


async def test_g5_an_authorization_that_lapses(stage: SandboxStage) -> None:
    intent, key = await new_intent(stage), new_id()
    await stage.provider.authorize(intent.id, token="tok_lapses", key=new_id())
    for _ in range(2):
        with pytest.raises(CaptureRefused):
            await stage.provider.capture(intent.id, amount=1999, key=key)
    assert (await stage.provider.void(intent.id)).status == IntentStatus.CANCELLED
    assert await stage.moved(intent) == [("authorize", 1999), ("void", 1999)]


async def test_g4_a_slow_answer_is_asked_for_again(stage: SandboxStage) -> None:
    intent = await new_intent(stage)
    held = await stage.provider.authorize(intent.id, token="tok_slow", key=new_id())
    assert held.status == IntentStatus.AUTHORIZED
    assert await stage.moved(intent) == [("authorize", 1999)]


async def test_g4_an_error_after_the_charge_is_an_unknown_outcome(stage: SandboxStage) -> None:
    intent, key = await new_intent(stage), new_id()
    token = "tok_error_after_charge"
    with pytest.raises(Unavailable):
        await stage.provider.authorize(intent.id, token=token, key=key)
    held = await stage.provider.authorize(intent.id, token=token, key=key)
    assert held.status == IntentStatus.AUTHORIZED
    with pytest.raises(Unavailable):
        await stage.provider.capture(intent.id, amount=1999, key=f"{key}c")
    taken = await stage.provider.capture(intent.id, amount=1999, key=f"{key}c")
    assert taken.captured == 1999
    assert await stage.moved(intent) == [("authorize", 1999), ("capture", 1999)]


async def test_a_lost_webhook_leaves_the_payment_to_be_found(stage: SandboxStage) -> None:
    lost = await new_intent(stage)
    waiting = await stage.provider.authorize(lost.id, token="tok_lost_webhook", key=new_id())
    await stage.decide(waiting, confirm=True)
    told = await authorized(stage)
    await stage.webhook(told.id)
    assert stage.receiver.of(lost.id) == set()
    assert (await stage.provider.find(lost.id)).status == IntentStatus.AUTHORIZED


async def test_the_list_goes_through_all_pages(
    stage: SandboxStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.clients.sandbox.PAGE", 2)
    made = [(await new_intent(stage)).id for _ in range(5)]
    listed = [
        intent.id async for intent in stage.provider.list(stage.clock.now().replace(year=2000))
    ]
    assert listed[-5:] == made
    assert len(set(listed)) == len(listed)


async def test_what_the_sandbox_cannot_know_is_unavailable_or_refused(stage: Stage) -> None:
    for call in (
        stage.provider.find(new_id()),
        stage.provider.void(new_id()),
        stage.provider.intent(new_id(), amount=0, currency="USD"),
    ):
        with pytest.raises(Unavailable):
            await call
    with pytest.raises(PaymentDeclined):
        await stage.provider.authorize(new_id(), token="tok_success", key=new_id())
    intent = await new_intent(stage)
    with pytest.raises(PaymentDeclined):
        await stage.provider.authorize(intent.id, token="x" * 20_000, key=new_id())


async def test_a_wrong_key_or_nobody_there_is_an_unknown_outcome(
    process: SandboxProcess, clock: FrozenClock
) -> None:
    for changed in ({"api_key": "not the sandbox's key"}, {"url": "unix:/no-sandbox-here.sock"}):
        provider = client_of(process, clock, **changed)
        with pytest.raises(Unavailable) as failed:
            await provider.intent(new_id(), amount=1999, currency="USD")
        assert "not the sandbox's key" not in f"{failed.value!r} {provider!r} {vars(provider)}"
        await provider.close()


async def test_g1_another_endpoints_secret(stage: SandboxStage) -> None:
    body, headers = await stage.webhook((await captured(stage)).id)
    other = client_of(stage.process, stage.clock, secret="whsec_" + "A" * 32)
    with pytest.raises(InvalidSignature) as refused:
        other.event(body, headers)
    assert "A" * 32 not in f"{refused.value!r} {vars(other)}"
    await other.close()


@pytest.mark.parametrize(
    ("said", "is_event"),
    [
        ({"id": "1", "type": "ping", "live": False, "data": {}}, True),
        ({"id": "1", "type": "intent.captured", "live": False, "data": {"intent": {}}}, False),
        ({"id": "1", "type": "ping"}, False),
        ([], False),
    ],
)
async def test_what_is_signed_may_still_be_no_event(
    stage: SandboxStage, said: Any, is_event: bool
) -> None:
    body = json.dumps(said).encode()
    headers = WebhookSecret(SECRET).headers("1", body, stage.clock.now())
    if is_event:
        assert stage.provider.event(body, headers).intent is None
    else:
        with pytest.raises(InvalidSignature):
            stage.provider.event(body, headers)
