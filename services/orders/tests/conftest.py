from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from orders import worker
from orders.main import build
from orders.settings import MIGRATIONS, OrdersSettings
from services.orders.tests.fake_provider import FakeProvider
from services.orders.tests.fakes import FakeCart, FakeCatalog
from services.orders.tests.shop import Shop
from shopkit.clock import FrozenClock
from shopkit.fake_auth import FakeAuth
from shopkit.testing import TokenFactory, running


@pytest.fixture(scope="session")
def migrations() -> Path:
    return MIGRATIONS


@pytest.fixture
def options() -> dict[str, Any]:
    """Settings that a test wants otherwise: it is parametrized with them."""
    return {}


@pytest.fixture
def settings(database_url: str, tokens: TokenFactory, options: dict[str, Any]) -> OrdersSettings:
    return OrdersSettings(
        database_url=database_url,
        listen="unix:/unused",
        internal_listen="unix:/unused",
        auth_url="unix:/no-auth-here.sock",
        jwks_cache=tokens.jwks_cache,
        payment_methods="manual,sandbox",
        sandbox_api_key="key",
        sandbox_webhook_secret="secret",
        **options,
    )


@pytest.fixture
async def shop(
    settings: OrdersSettings,
    tokens: TokenFactory,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Shop]:
    # Tests say when it works.
    monkeypatch.setattr(worker, "EVERY_SECONDS", 3600)
    monkeypatch.setattr(worker.Worker, "wake", lambda _: None)
    cart, catalog, bank = FakeCart(), FakeCatalog(), FakeProvider()
    auth = FakeAuth(tokens)
    service = build(
        settings,
        auth=auth.client,
        cart=cart,
        catalog=catalog,
        providers={"sandbox": bank},
        clock=clock,
    )
    async with running(service) as (http, internal):
        context = service.public.state.context
        yield Shop(http, internal, context, cart, catalog, bank, clock, tokens, auth)
