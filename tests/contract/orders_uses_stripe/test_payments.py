"""The Stripe provider against localstripe, over HTTP; see tests/local_stripe.py."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from orders.clients import stripe_api
from orders.clients.provider import Event, Intent, IntentStatus, Provider, RefundStatus
from orders.errors import CaptureRefused, PaymentDeclined
from shopkit.ids import new_id
from tests.local_stripe import API_KEY, DECLINED, VISA, WEBHOOK_SECRET, Door, Fault

ARRIVES_WITHIN = 20.0
NEEDS_3DS, DECLINED_AFTER_3DS = "4000002500003155", "4000008400001629"


async def card(door: Door, number: str) -> str:
    """A PaymentMethod, as Stripe's script in the page makes it."""
    form = {"number": number, "exp_month": "12", "exp_year": "2040", "cvc": "123"}
    made = await post(
        door, "payment_methods", {"type": "card"} | {f"card[{k}]": v for k, v in form.items()}
    )
    return str(made["id"])


async def act(door: Door, intent: Intent, *, success: bool) -> Any:
    """What the customer does in the window that Stripe's script opens."""
    assert intent.next_action is not None
    secret = intent.next_action["client_secret"]
    form = {"client_secret": secret, "success": str(success).lower(), "key": "pk_test_12345"}
    return await post(door, f"payment_intents/{intent.id}/_authenticate", form)


async def post(door: Door, path: str, form: dict[str, str]) -> Any:
    headers = {"Authorization": f"Bearer {API_KEY}"}
    async with door.session.post(f"{door.behind}/v1/{path}", data=form, headers=headers) as answer:
        return await answer.json()


def executed(door: Door, path: str) -> int:
    """How many different calls have changed something there."""
    return len({call for call in door.calls if call.method == "POST" and call.path.endswith(path)})


async def test_an_intent_is_made_held_and_captured_and_every_call_may_be_repeated(
    provider: Provider, stripe_door: Door
) -> None:
    reference, key = new_id(), new_id()
    for _ in range(2):
        made = await provider.intent(reference, amount=1999, currency="USD")
        assert (made.reference, made.status) == (reference, IntentStatus.CREATED)
        assert (made.amount, made.currency, made.captured) == (1999, "USD", 0)
    for _ in range(2):
        held = await provider.authorize(made.id, token=VISA, key=f"{key}:auth")
        assert (held.id, held.status, held.captured) == (made.id, IntentStatus.AUTHORIZED, 0)
        assert held == await provider.find(made.id)
    for _ in range(2):
        paid = await provider.capture(made.id, amount=1999, key=f"{key}:cap")
        assert (paid.status, paid.captured, paid.refunded) == (IntentStatus.CAPTURED, 1999, 0)
        assert paid == await provider.find(made.id)
    assert executed(stripe_door, "/v1/payment_intents") == 1
    assert executed(stripe_door, "/confirm") == executed(stripe_door, "/capture") == 1


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


async def test_a_declined_card_and_then_another_attempt(provider: Provider, fresh: Intent) -> None:
    for _ in range(2):
        with pytest.raises(PaymentDeclined) as declined:
            await provider.authorize(fresh.id, token=DECLINED, key=f"{fresh.reference}:auth")
        assert declined.value.extra == {"decline_code": "card_declined"}
    found = await provider.find(fresh.id)
    assert (found.status, found.decline) == (IntentStatus.CREATED, "card_declined")
    second = await provider.intent(f"{fresh.reference}:2", amount=1999, currency="USD")
    assert second.id != fresh.id


async def test_a_token_that_stripe_does_not_know_is_declined(
    provider: Provider, stripe_door: Door, fresh: Intent
) -> None:
    # localstripe says 404 without a code.
    error = {"type": "invalid_request_error", "code": "resource_missing", "param": "payment_method"}
    stripe_door.faults = [Fault(status=400, error=error)]
    with pytest.raises(PaymentDeclined) as declined:
        await provider.authorize(fresh.id, token="pm_unknown", key=new_id())
    assert declined.value.extra == {"decline_code": "invalid_token"}


async def test_the_customer_must_act_and_does(
    provider: Provider, stripe_door: Door, fresh: Intent
) -> None:
    token = await card(stripe_door, NEEDS_3DS)
    waiting = await provider.authorize(fresh.id, token=token, key=new_id())
    assert waiting.status is IntentStatus.REQUIRES_ACTION
    assert waiting.next_action is not None and waiting.next_action["type"] == "stripe_sdk"
    await act(stripe_door, waiting, success=True)
    found = await provider.find(fresh.id)
    assert (found.status, found.next_action) == (IntentStatus.AUTHORIZED, None)


@pytest.mark.parametrize(
    ("number", "success", "decline"),
    [
        (NEEDS_3DS, False, "authentication_failed"),
        (DECLINED_AFTER_3DS, True, "card_declined"),
    ],
)
async def test_the_customer_must_act_and_it_fails(
    provider: Provider, stripe_door: Door, fresh: Intent, number: str, success: bool, decline: str
) -> None:
    token = await card(stripe_door, number)
    waiting = await provider.authorize(fresh.id, token=token, key=new_id())
    await act(stripe_door, waiting, success=success)
    found = await provider.find(fresh.id)
    assert (found.status, found.decline) == (IntentStatus.CREATED, decline)


async def test_void_is_absorbing(provider: Provider, stripe_door: Door, fresh: Intent) -> None:
    for _ in range(2):
        assert (await provider.void(fresh.id)).status is IntentStatus.CANCELLED
    with pytest.raises(PaymentDeclined):
        await provider.authorize(fresh.id, token=VISA, key=new_id())
    # localstripe fails instead of refusing: there is no charge that it could look at.
    stripe_door.faults = [Fault(status=400, error={"code": "payment_intent_unexpected_state"})]
    with pytest.raises(CaptureRefused):
        await provider.capture(fresh.id, amount=1999, key=new_id())


async def test_void_gives_held_money_free(provider: Provider, held: Intent) -> None:
    for _ in range(2):
        assert (await provider.void(held.id)).status is IntentStatus.CANCELLED
    found = await provider.find(held.id)
    assert (found.captured, found.refunded) == (0, 0)


async def test_void_ends_a_payment_that_waits_for_the_customer(
    provider: Provider, stripe_door: Door, fresh: Intent
) -> None:
    token = await card(stripe_door, NEEDS_3DS)
    await provider.authorize(fresh.id, token=token, key=new_id())
    assert (await provider.void(fresh.id)).status is IntentStatus.CANCELLED


async def test_void_leaves_captured_money_to_be_refunded(provider: Provider, paid: Intent) -> None:
    assert await provider.void(paid.id) == paid


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


async def test_refunds_by_parts_each_once(
    provider: Provider, stripe_door: Door, paid: Intent
) -> None:
    keys = new_id(), new_id()
    for key in keys * 2:
        assert await provider.refund(paid.id, amount=500, key=key) is RefundStatus.SUCCEEDED
    assert executed(stripe_door, "/v1/refunds") == 2
    found = await provider.find(paid.id)
    assert (found.status, found.captured, found.refunded) == (IntentStatus.CAPTURED, 1999, 1000)


async def test_a_refund_that_stripe_refuses_has_failed(
    provider: Provider, stripe_door: Door, held: Intent
) -> None:
    assert await provider.refund(held.id, amount=1, key=new_id()) is RefundStatus.FAILED
    await provider.capture(held.id, amount=1999, key=new_id())
    # localstripe gives back more than there was.
    error = {"type": "invalid_request_error", "code": "charge_already_refunded"}
    stripe_door.faults = [Fault(status=400, error=error)]
    assert await provider.refund(held.id, amount=9999, key=new_id()) is RefundStatus.FAILED


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
    theirs = await post(stripe_door, "payment_intents", {"amount": "100", "currency": "eur"})
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
