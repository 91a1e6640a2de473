"""What orders expects of every payment provider: a class of tests that each provider's file
inherits, with a fixture `stage`."""

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

import pytest

from orders.clients.provider import Intent, IntentStatus, Provider, RefundStatus
from orders.errors import CaptureRefused, InvalidSignature, PaymentDeclined, UnknownIntent
from shopkit.clock import FrozenClock
from shopkit.ids import new_id

Webhook = tuple[bytes, Mapping[str, str]]


class Stage(Protocol):
    """A provider, and its customer. `clock` is what the provider's client goes by."""

    clock: FrozenClock
    provider: Provider
    good_token: str
    declined_tokens: Mapping[str, str]
    """The decline code of each."""
    action_token: str

    async def decide(self, intent: Intent, *, confirm: bool) -> None:
        """What the customer does when action is required."""

    async def webhook(self, intent_id: str) -> Webhook:
        """One that the provider has sent about the intent, as it came."""


async def new_intent(stage: Stage, amount: int = 1999, currency: str = "USD") -> Intent:
    return await stage.provider.intent(f"o:{new_id()}:1", amount=amount, currency=currency)


async def authorized(stage: Stage) -> Intent:
    intent = await new_intent(stage)
    return await stage.provider.authorize(intent.id, token=stage.good_token, key=new_id())


async def captured(stage: Stage) -> Intent:
    held = await authorized(stage)
    return await stage.provider.capture(held.id, amount=held.amount, key=new_id())


class ProviderContract:
    async def test_an_intent_that_never_was_is_unknown(self, stage: Stage) -> None:
        """Definite, unlike Unavailable: the reconciler tells staff."""
        with pytest.raises(UnknownIntent):
            await stage.provider.find("pi_0000000000000000")

    async def test_a_reference_has_one_intent(self, stage: Stage) -> None:
        reference = f"o:{new_id()}:1"
        for _ in range(3):
            made = await stage.provider.intent(reference, amount=1999, currency="USD")
            assert made == await stage.provider.find(made.id)
        expected = (reference, IntentStatus.CREATED, 1999, "USD")
        assert (made.reference, made.status, made.amount, made.currency) == expected
        assert (made.captured, made.refunded, made.next_action, made.decline) == (0, 0, None, None)
        many = [stage.provider.intent(new_id(), amount=5, currency="JPY") for _ in range(5)]
        assert len({intent.id for intent in await asyncio.gather(*many)}) == 5

    async def test_every_call_may_be_repeated(self, stage: Stage) -> None:
        """The same key gives the same answer, and money moves once."""
        provider, intent, key = stage.provider, await new_intent(stage), new_id()
        token = stage.good_token
        held = [await provider.authorize(intent.id, token=token, key=key) for _ in range(3)]
        assert held[0].status == IntentStatus.AUTHORIZED
        assert held == [held[0]] * 3
        taken = [await provider.capture(intent.id, amount=1999, key=f"{key}c") for _ in range(3)]
        assert (taken[0].status, taken[0].captured) == (IntentStatus.CAPTURED, 1999)
        assert taken == [taken[0]] * 3
        assert await provider.authorize(intent.id, token=token, key=key) == held[0]
        for _ in range(3):
            given = await provider.refund(intent.id, amount=500, key=f"{key}r")
            assert given == RefundStatus.SUCCEEDED
        now = await provider.find(intent.id)
        assert (now.status, now.captured, now.refunded) == (IntentStatus.CAPTURED, 1999, 500)

    async def test_declines(self, stage: Stage) -> None:
        """One stays a decline for its key; another key may try another means."""
        provider = stage.provider
        for token, code in stage.declined_tokens.items():
            intent, key = await new_intent(stage), new_id()
            for _ in range(2):
                with pytest.raises(PaymentDeclined) as declined:
                    await provider.authorize(intent.id, token=token, key=key)
                assert declined.value.extra == {"decline_code": code}
                assert token not in str(declined.value)
            now = await provider.find(intent.id)
            assert (now.status, now.decline) == (IntentStatus.CREATED, code)
            again = await provider.authorize(intent.id, token=stage.good_token, key=new_id())
            assert (again.status, again.decline) == (IntentStatus.AUTHORIZED, None)

    @pytest.mark.parametrize("confirm", [True, False])
    async def test_a_customer_who_has_to_act(self, stage: Stage, confirm: bool) -> None:
        intent = await new_intent(stage)
        waiting = await stage.provider.authorize(intent.id, token=stage.action_token, key=new_id())
        assert waiting.status == IntentStatus.REQUIRES_ACTION
        assert waiting.next_action
        with pytest.raises(CaptureRefused):
            await stage.provider.capture(intent.id, amount=1999, key=new_id())
        await stage.decide(waiting, confirm=confirm)
        now = await stage.provider.find(intent.id)
        assert now.next_action is None
        if confirm:
            assert (now.status, now.decline) == (IntentStatus.AUTHORIZED, None)
        else:
            assert (now.status, now.decline) == (IntentStatus.CREATED, "authentication_failed")

    async def test_void_is_absorbing(self, stage: Stage) -> None:
        """What is captured stays so; anything else is cancelled for good."""
        waiting = await new_intent(stage)
        await stage.provider.authorize(waiting.id, token=stage.action_token, key=new_id())
        for intent in (await new_intent(stage), waiting, await authorized(stage)):
            for _ in range(2):
                void = await stage.provider.void(intent.id)
                assert (void.status, void.captured) == (IntentStatus.CANCELLED, 0)
            with pytest.raises(CaptureRefused):
                await stage.provider.capture(intent.id, amount=1999, key=new_id())
            with pytest.raises(PaymentDeclined):
                await stage.provider.authorize(intent.id, token=stage.good_token, key=new_id())
            assert (await stage.provider.find(intent.id)).status == IntentStatus.CANCELLED
        paid = await captured(stage)
        assert await stage.provider.void(paid.id) == paid

    async def test_refunds_stay_within_what_was_captured(self, stage: Stage) -> None:
        provider, intent = stage.provider, await captured(stage)
        assert await provider.refund(intent.id, amount=1500, key=new_id()) == "succeeded"
        assert await provider.refund(intent.id, amount=500, key=new_id()) == "failed"
        assert await provider.refund(intent.id, amount=499, key=new_id()) == "succeeded"
        assert (await provider.find(intent.id)).refunded == 1999
        held = await authorized(stage)
        assert await provider.refund(held.id, amount=1, key=new_id()) == "failed"

    async def test_the_list_has_every_intent_since_then(self, stage: Stage) -> None:
        before = stage.clock.now() - timedelta(minutes=5)
        intents = {(await new_intent(stage)).id for _ in range(3)}
        paid = await captured(stage)
        listed = [intent async for intent in stage.provider.list(before)]
        found = {intent.id: intent for intent in listed}
        assert intents <= set(found)
        assert found[paid.id] == paid
        assert len(found) == len(listed)
        later = stage.clock.now() + timedelta(days=1)
        assert [intent async for intent in stage.provider.list(later)] == []

    async def test_a_webhook_says_what_has_happened(self, stage: Stage) -> None:
        held = await authorized(stage)
        body, headers = await stage.webhook(held.id)
        event = stage.provider.event(body, headers)
        assert event.intent == held
        assert event.live is False
        assert event.id
        assert event == stage.provider.event(body, headers), "a repetition is the same event"

    async def test_g1_what_the_provider_has_not_signed_just_now(self, stage: Stage) -> None:
        body, headers = await stage.webhook((await authorized(stage)).id)
        changed = body.replace(b"1999", b"1998")
        laid_out_anew = json.dumps(json.loads(body), indent=1).encode()
        assert b"1998" in changed
        assert laid_out_anew != body
        forged = {
            name: value if "signature" not in name.lower() else value[:-4] + "AAA="
            for name, value in headers.items()
        }
        unsigned = {n: value for n, value in headers.items() if "signature" not in n.lower()}
        for sent in (
            (changed, headers),
            (laid_out_anew, headers),
            (body, forged),
            (body, unsigned),
            (body, {}),
            (b"", headers),
        ):
            with pytest.raises(InvalidSignature):
                stage.provider.event(*sent)
        stage.clock.advance(seconds=310)
        with pytest.raises(InvalidSignature):
            stage.provider.event(body, headers)
