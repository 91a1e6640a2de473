"""A whole checkout of orders with Stripe: paid, declined, confirmed by the customer, refunded."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from orders import worker
from orders.clients.provider import Provider
from orders.main import build
from orders.settings import MIGRATIONS, OrdersSettings
from services.orders.tests.fake_provider import FakeProvider
from services.orders.tests.fakes import FakeCart, FakeCatalog
from services.orders.tests.shop import Customer, Shop
from shopkit.clock import FrozenClock
from shopkit.fake_auth import FakeAuth
from shopkit.testing import TestDatabases, TokenFactory, running
from tests.contract.orders_uses_stripe.staging import NEEDS_3DS, StripeStage, card
from tests.local_stripe import API_KEY, DECLINED, VISA, WEBHOOK_SECRET, Door


@pytest.fixture
async def shop(
    provider: Provider,
    databases: TestDatabases,
    tokens: TokenFactory,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Shop]:
    monkeypatch.setattr(worker, "EVERY_SECONDS", 3600)
    monkeypatch.setattr(worker.Worker, "wake", lambda _: None)
    settings = OrdersSettings(
        database_url=databases.fresh(MIGRATIONS),
        listen="unix:/unused",
        internal_listen="unix:/unused",
        auth_url="unix:/no-auth-here.sock",
        jwks_cache=tokens.jwks_cache,
        payment_methods="manual,stripe",
        stripe_api_key=API_KEY,
        stripe_webhook_secret=WEBHOOK_SECRET,
    )
    cart, catalog = FakeCart(), FakeCatalog()
    providers = {"stripe": provider}
    auth = FakeAuth(tokens)
    service = build(
        settings, cart=cart, catalog=catalog, auth=auth.client, providers=providers, clock=clock
    )
    async with running(service) as (http, internal):
        context = service.public.state.context
        yield Shop(http, internal, context, cart, catalog, FakeProvider(), clock, tokens, auth)


def by(token: str) -> dict[str, Any]:
    return {"payment": {"method": "stripe", "token": token}}


def buyer(shop: Shop) -> Customer:
    return shop.buyer(shop.catalog.add(price=1999))


async def intent_of(shop: Shop, door: Door, order_id: str) -> Any:
    intent_id = (await shop.stored(order_id)).payment.intent_id
    assert intent_id is not None
    return await door.intent(intent_id)


async def test_a_card_is_charged_once(shop: Shop, stripe_door: Door) -> None:
    ada = buyer(shop)
    answers = [await ada.order(by(VISA), key="k") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    order = answers[0].json()
    assert (order["status"], order["payment_status"]) == ("confirmed", "paid")
    intent = await intent_of(shop, stripe_door, order["id"])
    assert (intent["status"], intent["amount_received"]) == ("succeeded", 1999)


async def test_g5_a_declined_card_gives_everything_back(shop: Shop, stripe_door: Door) -> None:
    ada = buyer(shop)
    answer = await ada.order(by(DECLINED))
    assert (answer.status_code, answer.json()["decline_code"]) == (402, "card_declined")
    (order,) = await shop.all_stored()
    assert (await intent_of(shop, stripe_door, order.id))["status"] == "canceled"
    assert (await ada.order(by(VISA))).status_code == 201


async def test_g5_the_customer_confirms_and_stripe_tells(
    shop: Shop, stage: StripeStage, stripe_door: Door
) -> None:
    ada = buyer(shop)
    waiting = await ada.order(by(await card(stripe_door, NEEDS_3DS)), key="k")
    assert (waiting.status_code, waiting.json()["next_action"]["type"]) == (202, "stripe_sdk")
    order_id = waiting.json()["id"]
    payment = (await shop.stored(order_id)).payment
    assert payment.intent_id is not None
    await stage.decide(await stage.provider.find(payment.intent_id), confirm=True)
    body, headers = await stage.webhook(payment.intent_id)
    path = "/api/payments/webhooks/stripe"
    forged = await shop.http.post(path, content=body.replace(b"1999", b"1000"), headers=headers)
    assert forged.status_code == 400
    assert (await shop.http.post(path, content=body, headers=headers)).status_code == 204
    await shop.work()
    final = await ada.order(by("another"), key="k2")
    assert final.json()["code"] in ("cart_empty", "cart_already_checked_out")
    paid = (await ada.get(f"/{order_id}")).json()
    assert (paid["status"], paid["payment_status"]) == ("confirmed", "paid")


async def test_a_cancelled_order_is_refunded_at_stripe(shop: Shop, stripe_door: Door) -> None:
    ada = buyer(shop)
    order_id = (await ada.order(by(VISA))).json()["id"]
    await ada.cancel(order_id)
    await shop.settle()
    assert (await shop.stored(order_id)).payment_status == "refunded"
    intent = await intent_of(shop, stripe_door, order_id)
    assert intent["latest_charge"]["amount_refunded"] == 1999
