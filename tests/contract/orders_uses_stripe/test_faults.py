"""What Stripe does not say, says twice or says wrongly (F and G4)."""

import asyncio
from contextlib import suppress

import pytest
from pydantic import SecretStr
from structlog.testing import CapturingLogger

from orders.clients import stripe_api, stripe_errors
from orders.clients.provider import Intent, IntentStatus, Provider, RefundStatus
from orders.clients.stripe_api import StripeProvider
from orders.errors import CaptureRefused, PaymentDeclined
from shopkit.errors import Unavailable
from shopkit.ids import new_id
from tests.local_stripe import API_KEY, DECLINED, VISA, WEBHOOK_SECRET, Door, Fault


async def test_g4_a_lost_answer_is_asked_for_again_and_nothing_happens_twice(
    provider: Provider, stripe_door: Door
) -> None:
    lost = Fault(after=True)
    stripe_door.faults = [lost]
    made = await provider.intent(new_id(), amount=1999, currency="USD")
    stripe_door.faults = [lost]
    await provider.authorize(made.id, token=VISA, key=new_id())
    stripe_door.faults = [lost]
    assert (await provider.capture(made.id, amount=1999, key=new_id())).captured == 1999
    stripe_door.faults = [lost]
    assert await provider.refund(made.id, amount=99, key=new_id()) is RefundStatus.SUCCEEDED
    assert (await provider.find(made.id)).refunded == 99
    assert stripe_door.faults == []


async def test_g4_an_error_after_the_effect_which_stripe_repeats_for_ever(
    provider: Provider, stripe_door: Door, fresh: Intent
) -> None:
    broken = Fault(after=True, status=500)
    stripe_door.faults = [broken]
    held = await provider.authorize(fresh.id, token=VISA, key=new_id())
    assert held.status is IntentStatus.AUTHORIZED
    stripe_door.faults = [broken]
    assert (await provider.capture(fresh.id, amount=1999, key=new_id())).captured == 1999
    stripe_door.faults, key = [broken], new_id()
    with pytest.raises(Unavailable):
        await provider.refund(fresh.id, amount=99, key=key)
    assert await provider.refund(fresh.id, amount=99, key=key) is RefundStatus.SUCCEEDED
    assert (await provider.find(fresh.id)).refunded == 99


async def test_g4_an_error_after_a_decline_is_a_decline(
    provider: Provider, stripe_door: Door, fresh: Intent
) -> None:
    stripe_door.faults = [Fault(after=True, status=500)]
    with pytest.raises(PaymentDeclined) as declined:
        await provider.authorize(fresh.id, token=DECLINED, key=new_id())
    assert declined.value.extra == {"decline_code": "card_declined"}


async def test_what_stripe_has_not_decided_is_an_unknown_outcome(
    provider: Provider, stripe_door: Door, fresh: Intent
) -> None:
    body = await stripe_door.intent(fresh.id) | {"status": "processing"}
    stripe_door.faults = [Fault(status=200, body=body)]
    with pytest.raises(Unavailable):
        await provider.authorize(fresh.id, token=VISA, key=new_id())


async def test_one_refund_by_two_who_ask_at_once(
    provider: Provider, stripe_door: Door, paid: Intent
) -> None:
    """The first creation hangs until the second has looked and found none either."""
    stripe_door.faults, key = [Fault(after=True, wait=0.2)], new_id()

    async def refund() -> None:
        with suppress(Unavailable):
            await provider.refund(paid.id, amount=500, key=key)

    await asyncio.gather(refund(), refund())
    assert await provider.refund(paid.id, amount=500, key=key) is RefundStatus.SUCCEEDED
    assert (await provider.find(paid.id)).refunded == 500


@pytest.mark.parametrize("status", [0, 401, 403, 409, 429, 500, 503])
async def test_what_says_nothing_about_the_order_is_an_unknown_outcome(
    provider: Provider, stripe_door: Door, held: Intent, status: int
) -> None:
    faults = [Fault(status=status, error={"message": "any"})] * 3
    stripe_door.faults = list(faults)
    with pytest.raises(Unavailable):
        await provider.intent(new_id(), amount=1999, currency="USD")
    stripe_door.faults = []
    fresh = await provider.intent(new_id(), amount=1999, currency="USD")
    stripe_door.faults = list(faults)
    with pytest.raises(Unavailable):
        await provider.authorize(fresh.id, token=VISA, key=new_id())
    stripe_door.faults = list(faults)
    with pytest.raises(Unavailable):
        await provider.capture(held.id, amount=1999, key=new_id())
    stripe_door.faults = list(faults)
    with pytest.raises(Unavailable):
        await provider.void(held.id)
    stripe_door.faults = []
    assert (await provider.find(held.id)).status is IntentStatus.AUTHORIZED


async def test_an_intent_of_another_account_is_an_unknown_outcome(provider: Provider) -> None:
    with pytest.raises(Unavailable):
        await provider.find("pi_unknown")
    with pytest.raises(Unavailable):
        await provider.void("pi_unknown")
    with pytest.raises(Unavailable):
        await provider.capture("pi_unknown", amount=1, key=new_id())


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", id="cut-off"),
        pytest.param(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>", id="html"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", id="html-200"),
        pytest.param(b"", id="nothing"),
    ],
)
@pytest.mark.usefixtures("quick_repetitions")
async def test_half_an_answer_is_an_unknown_outcome(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        provider = StripeProvider(SecretStr("sk_x"), SecretStr("x"), f"http://127.0.0.1:{port}")
        with pytest.raises(Unavailable):
            await provider.intent(new_id(), amount=1999, currency="USD")
        with pytest.raises(Unavailable):
            await provider.capture("pi_1", amount=1999, key=new_id())
        await provider.close()


async def test_no_key_is_ever_told(
    provider: Provider, stripe_door: Door, held: Intent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in the log, nor in an error; Stripe writes a part of a wrong key in its answer."""
    log, told = CapturingLogger(), [repr(provider), str(vars(provider))]
    monkeypatch.setattr(stripe_api, "log", log)
    monkeypatch.setattr(stripe_errors, "log", log)
    leak = {"message": f"Invalid API Key provided: {API_KEY}", "type": "invalid_request_error"}
    for status in (400, 401, 402, 403, 500):
        stripe_door.faults = [Fault(status=status, error=leak)] * 3
        with pytest.raises((Unavailable, CaptureRefused)) as raised:
            await provider.capture(held.id, amount=1999, key=new_id())
        told += [repr(raised.value), raised.value.detail, str(raised.value.extra)]
    assert len(log.calls) == 5
    for secret in (API_KEY, WEBHOOK_SECRET):
        assert secret not in f"{log.calls} {told}"


async def test_a_hanging_stripe_is_an_unknown_outcome(
    provider: Provider, stripe_door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe_errors, "DEADLINE", 0.2)
    stripe_door.faults = [Fault(wait=30)] * 3
    with pytest.raises(Unavailable):
        await provider.intent(new_id(), amount=1999, currency="USD")
