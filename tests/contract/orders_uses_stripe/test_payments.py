"""The Stripe provider against localstripe, over HTTP; see tests/local_stripe.py."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from orders.clients import stripe_api
from orders.clients.provider import Event, Intent, IntentStatus, Provider
from orders.errors import CaptureRefused, PaymentDeclined
from shopkit.ids import new_id
from tests.contract.orders_uses_stripe.staging import StripeStage, card
from tests.contract.provider_contract import ProviderContract, new_intent
from tests.local_stripe import VISA, WEBHOOK_SECRET, Door, Fault

ARRIVES_WITHIN = 20.0
DECLINED_AFTER_3DS = "4000008400001629"


class TestStripe(ProviderContract):
    """The whole contract."""


def executed(door: Door, path: str) -> int:
    """How many different calls have changed something there."""
    return len({call for call in door.calls if call.method == "POST" and call.path.endswith(path)})


async def test_a_reference_is_one_payment_intent(provider: Provider, stripe_door: Door) -> None:
    reference = new_id()
    made = [await provider.intent(reference, amount=1999, currency="USD") for _ in range(2)]
    assert made[0] == made[1]
    assert executed(stripe_door, "/v1/payment_intents") == 1


async def test_repetitions_are_safe_when_stripe_has_forgotten_the_keys(
    provider: Provider, stripe_door: Door, held: Intent
) -> None:
    stripe_door.forget_keys()
    again = await provider.authorize(held.id, token=VISA, key=f"{held.reference}:auth")
    assert again.status is IntentStatus.AUTHORIZED
    for _ in range(2):
        stripe_door.forget_keys()
        paid = await provider.capture(held.id, amount=1999, key=f"{held.reference}:cap")
        assert paid.captured == 1999
    for _ in range(2):
        stripe_door.forget_keys()
        await provider.refund(held.id, amount=500, key=f"{held.reference}:refund")
    assert (await provider.find(held.id)).refunded == 500


async def test_a_token_that_stripe_does_not_know_is_declined(
    provider: Provider, stripe_door: Door, fresh: Intent
) -> None:
    # localstripe says 404 without a code.
    error = {"type": "invalid_request_error", "code": "resource_missing", "param": "payment_method"}
    stripe_door.faults = [Fault(status=400, error=error)]
    with pytest.raises(PaymentDeclined) as declined:
        await provider.authorize(fresh.id, token="pm_unknown", key=new_id())
    assert declined.value.extra == {"decline_code": "invalid_token"}


async def test_a_card_that_is_declined_after_the_customer_has_acted(stage: StripeStage) -> None:
    intent = await new_intent(stage)
    token = await card(stage.door, DECLINED_AFTER_3DS)
    waiting = await stage.provider.authorize(intent.id, token=token, key=new_id())
    await stage.decide(waiting, confirm=True)
    found = await stage.provider.find(intent.id)
    assert (found.status, found.decline) == (IntentStatus.CREATED, "card_declined")


async def test_what_has_lapsed_cannot_be_captured(
    provider: Provider, stripe_door: Door, held: Intent
) -> None:
    # localstripe lets no authorization lapse.
    error = {"type": "invalid_request_error", "code": "charge_expired_for_capture"}
    stripe_door.faults = [Fault(status=400, error=error)]
    with pytest.raises(CaptureRefused):
        await provider.capture(held.id, amount=1999, key=new_id())


async def test_a_part_is_captured_and_the_rest_is_not_money_given_back(
    provider: Provider, held: Intent
) -> None:
    paid = await provider.capture(held.id, amount=1500, key=new_id())
    assert (paid.amount, paid.captured, paid.refunded) == (1999, 1500, 0)
    await provider.refund(held.id, amount=300, key=new_id())
    assert (await provider.find(held.id)).refunded == 300


async def test_what_stripe_cannot_charge_is_declined_at_once(
    provider: Provider, stripe_door: Door
) -> None:
    for amount, currency in ((12345, "KWD"), (150, "MGA"), (500, "UGX"), (1, "IQD")):
        with pytest.raises(PaymentDeclined):
            await provider.intent(new_id(), amount=amount, currency=currency)
    assert stripe_door.calls == []
    stripe_door.faults = [Fault(status=400, error={"code": "amount_too_small"})]
    with pytest.raises(PaymentDeclined, match="amount_too_small"):
        await provider.intent(new_id(), amount=1, currency="USD")


async def test_amounts_travel_as_stripe_counts_them(provider: Provider, stripe_door: Door) -> None:
    made = await provider.intent(new_id(), amount=500, currency="ISK")
    assert "amount=50000&currency=isk" in stripe_door.calls[-1].body
    assert (made.amount, made.currency) == (500, "ISK")
    await provider.authorize(made.id, token=VISA, key=new_id())
    assert (await provider.capture(made.id, amount=500, key=new_id())).captured == 500
    assert "amount_to_capture=50000" in stripe_door.calls[-1].body
    await provider.refund(made.id, amount=200, key=new_id())
    assert (await provider.find(made.id)).refunded == 200


async def test_the_list_has_all_pages_and_nothing_of_others(
    provider: Provider, stripe_door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe_api, "PAGE", 2)
    since = datetime.now(UTC) - timedelta(seconds=1)
    ours = [await provider.intent(new_id(), amount=100, currency="EUR") for _ in range(5)]
    form = {"amount": "100", "currency": "eur"}
    _, theirs = await stripe_door.send("POST", "/v1/payment_intents", form)
    await provider.authorize(ours[0].id, token=VISA, key=new_id())
    listed = {intent.id: intent async for intent in provider.list(since)}
    assert {intent.id for intent in ours} <= set(listed)
    assert theirs["id"] not in listed
    assert listed[ours[0].id] == await provider.find(ours[0].id)
    later = datetime.now(UTC) + timedelta(hours=1)
    assert [intent async for intent in provider.list(later)] == []
    assert f"gte%5D={int(later.timestamp())}&limit=2" in stripe_door.calls[-1].path


@dataclass
class Inbox:
    url: str = ""
    came: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.came.append((await request.read(), headers))
        return web.Response()

    async def events(self, provider: Provider, intent_id: str) -> list[Event]:
        """Those about the intent, as soon as there are some."""
        async with asyncio.timeout(ARRIVES_WITHIN):
            while True:
                found = [provider.event(*delivered) for delivered in list(self.came)]
                if ours := [one for one in found if one.intent and one.intent.id == intent_id]:
                    return ours
                await asyncio.sleep(0.05)


@pytest.fixture
async def inbox(stripe_door: Door) -> AsyncIterator[Inbox]:
    found, app = Inbox(), web.Application()
    app.router.add_post("/", found.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    endpoint = {"url": f"http://127.0.0.1:{site.port}/", "secret": WEBHOOK_SECRET}
    async with stripe_door.session.post(
        f"{stripe_door.behind}/_config/webhooks/orders", json=endpoint
    ) as answer:
        assert answer.status == 200
    yield found
    await runner.cleanup()


async def test_webhooks_as_localstripe_sends_them(provider: Provider, inbox: Inbox) -> None:
    """It sends them for captures and declines only, without `amount_received`."""
    paid = await provider.intent(new_id(), amount=1999, currency="USD")
    await provider.authorize(paid.id, token="pm_card_visa", key=new_id())
    await provider.capture(paid.id, amount=1999, key=new_id())
    (event,) = await inbox.events(provider, paid.id)
    assert (event.type, event.live) == ("payment_intent.succeeded", False)
    assert event.intent is not None
    assert (event.intent.reference, event.intent.status) == (
        paid.reference,
        IntentStatus.CAPTURED,
    )
