"""What the sandbox signs is still read with care: whatever it says, it gets an answer."""

import json
from typing import Any

import pytest
from pydantic import SecretStr

from orders.clients.provider import IntentStatus
from orders.clients.sandbox import SandboxProvider, new_sandbox
from orders.errors import InvalidSignature
from shopkit.clock import FrozenClock
from shopkit.webhooks import WebhookSecret

SECRET = "whsec_" + "A" * 32
INTENT = {
    "id": "i1",
    "reference": "o:1:1",
    "status": "captured",
    "amount": 1999,
    "currency": "USD",
    "captured": 1999,
    "refunded": 0,
    "next_action": None,
    "decline": None,
}


@pytest.fixture
async def provider(clock: FrozenClock) -> SandboxProvider:
    return new_sandbox("unix:/nowhere.sock", SecretStr("key"), SecretStr(SECRET), clock)


def event(about: Any = None, **changed: Any) -> bytes:
    intent = INTENT | (about or {})
    found = {"id": "e1", "type": "intent.captured", "live": False, "data": {"intent": intent}}
    return json.dumps(found | changed).encode()


def signed(body: bytes, clock: FrozenClock) -> dict[str, str]:
    return WebhookSecret(SECRET).headers("e1", body, clock.now())


async def test_an_event_is_read(provider: SandboxProvider, clock: FrozenClock) -> None:
    found = provider.event(event(), signed(event(), clock))
    assert (found.id, found.type, found.live) == ("e1", "intent.captured", False)
    assert found.intent is not None
    assert (found.intent.status, found.intent.captured) == (IntentStatus.CAPTURED, 1999)
    other = event(data={})
    assert provider.event(other, signed(other, clock)).intent is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"[" * 30_000 + b"]" * 30_000,
        event(id=None),
        event(id=[]),
        event(id="\ud800"),
        event(id="a\x00b"),
        event(type=7),
        event(data=None),
        event({"id": []}),
        event({"reference": None}),
        event({"status": "weird"}),
        event({"amount": 10**30}),
        event({"captured": "1999"}),
        event({"captured": True}),
        event({"refunded": -1}),
    ],
)
async def test_what_is_no_event_is_refused(
    provider: SandboxProvider, clock: FrozenClock, body: bytes
) -> None:
    with pytest.raises(InvalidSignature):
        provider.event(body, signed(body, clock))


async def test_g1_what_is_not_signed_as_agreed_is_refused(
    provider: SandboxProvider, clock: FrozenClock
) -> None:
    headers = signed(event(), clock)
    for body, sent in ((event(), {}), (event(type="intent.canceled"), headers)):
        with pytest.raises(InvalidSignature):
            provider.event(body, sent)
