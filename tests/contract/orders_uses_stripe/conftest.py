from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace

import pytest
import stripe
from pydantic import SecretStr

from orders.clients.provider import Intent, Provider
from orders.clients.stripe_api import StripeProvider
from shopkit.clock import FrozenClock
from shopkit.ids import new_id
from tests.contract.orders_uses_stripe.staging import NEEDS_3DS, StripeStage, card
from tests.local_stripe import API_KEY, VISA, WEBHOOK_SECRET, Door, door, localstripe


@pytest.fixture(scope="session")
def behind() -> Iterator[str]:
    with localstripe() as url:
        yield url


@pytest.fixture
async def stripe_door(behind: str) -> AsyncIterator[Door]:
    async with door(behind) as found:
        yield found


@pytest.fixture
def quick_repetitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.01)  # seconds


@pytest.fixture
async def provider(stripe_door: Door, quick_repetitions: None) -> AsyncIterator[Provider]:
    found = StripeProvider(SecretStr(API_KEY), SecretStr(WEBHOOK_SECRET), stripe_door.url)
    yield found
    await found.close()


@pytest.fixture
async def fresh(provider: Provider) -> Intent:
    return await provider.intent(new_id(), amount=1999, currency="USD")


@pytest.fixture
async def held(provider: Provider, fresh: Intent) -> Intent:
    return await provider.authorize(fresh.id, token=VISA, key=f"{fresh.reference}:auth")


@pytest.fixture
async def paid(provider: Provider, held: Intent) -> Intent:
    return await provider.capture(held.id, amount=1999, key=f"{held.reference}:cap")


@pytest.fixture
async def stage(
    provider: Provider, stripe_door: Door, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> StripeStage:
    now = SimpleNamespace(time=lambda: clock.now().timestamp())
    monkeypatch.setattr("stripe._webhook.time", now)
    return StripeStage(clock, provider, stripe_door, await card(stripe_door, NEEDS_3DS))
