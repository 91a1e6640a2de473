"""Catalog, cart, orders and the payment sandbox in one process, with real databases and one clock.

What runs beside requests elsewhere runs here when a test says so.
"""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2
from pydantic import SecretStr

import cart.main
import catalog.main
import orders.main
import paysandbox.main
from cart.clients.catalog import HttpCatalog as CartsCatalog
from cart.settings import MIGRATIONS as CART_MIGRATIONS
from cart.settings import CartSettings
from catalog.settings import CatalogSettings
from catalog.worker import Sweeper
from orders.clients.cart import HttpCart
from orders.clients.catalog import HttpCatalog
from orders.clients.sandbox import SandboxProvider
from orders.context import Context
from orders.settings import MIGRATIONS as ORDERS_MIGRATIONS
from orders.settings import OrdersSettings
from paysandbox.books import TOPIC
from paysandbox.models import metadata, outbox
from paysandbox.settings import SandboxSettings
from shopkit.clock import FrozenClock
from shopkit.fake_auth import FakeAuth
from shopkit.http_client import ApiKey, ServiceClient
from shopkit.outbox import Relay
from shopkit.service import Service
from shopkit.testing import (
    InProcess,
    TestDatabases,
    TokenFactory,
    client_for,
    running,
)
from shopkit.webhooks import WebhookSecret

API_KEY = "sandbox-key-for-tests"
SECRET = "whsec_" + "c2FuZGJveC1zZWNyZXQtZm9yLXRlc3Rz"


@dataclass
class LastingToken:
    """A TokenSource for tests that may take longer than one token lasts."""

    factory: TokenFactory
    caller: str
    signed_at: float = float("-inf")
    token: str = ""

    async def get(self) -> str:
        if time.monotonic() - self.signed_at > 60:
            self.signed_at = time.monotonic()
            self.token = self.factory.service(self.caller).removeprefix("Bearer ")
        return self.token

    def forget(self) -> None: ...


@dataclass
class ShopInProcess:
    databases: Mapping[str, str]
    clients: Mapping[str, httpx2.AsyncClient]
    context: Context
    sweeper: Sweeper
    provider: SandboxProvider
    bank: Relay
    """Hands the sandbox's webhooks over to `told`."""
    clock: FrozenClock
    tokens: TokenFactory
    told: list[Mapping[str, Any]] = field(default_factory=list)
    """Webhooks that the sandbox has sent and that nobody has delivered yet."""

    def log(self, name: str) -> str:
        return f"in process: {name}"

    async def calm(self) -> None:
        """Until nothing is under way any more but what waits for a customer, or for time."""
        await self.context.sagas.idle(10)
        while await self.context.relay.drain():
            pass
        await self.bank.drain()

    async def work(self) -> None:
        """A round of orders' workers."""
        await self.context.worker.take(self.clock.now(), at_most=1000)
        await self.context.sagas.idle(10)
        await self.context.expiry.work()

    async def deliver(self, event: Mapping[str, Any], *, forged: bool = False) -> int:
        """A webhook arrives at orders, signed by the sandbox, or not; the status of the answer."""
        body = httpx2.Request("POST", "http://x", json=event).content
        signed = WebhookSecret(SECRET).headers(event["id"], body, self.clock.now())
        sent = body.replace(b"authorized", b"captured") + b" " if forged else body
        headers = {"content-type": "application/json", **signed}
        path = "/api/payments/webhooks/sandbox"
        answer = await self.clients["orders"].post(path, content=sent, headers=headers)
        return answer.status_code


@asynccontextmanager
async def shop_in_process(
    databases: TestDatabases, tokens: TokenFactory, clock: FrozenClock, folder: Path, **options: Any
) -> AsyncIterator[ShopInProcess]:
    """`options` are settings of orders."""
    urls = {
        "catalog": databases.fresh(catalog.main.MIGRATIONS),
        "cart": databases.fresh(CART_MIGRATIONS),
        "orders": databases.fresh(ORDERS_MIGRATIONS),
    }
    more = {"listen": "unix:/x", "internal_listen": "unix:/y", "auth_url": "unix:/no-auth.sock"}
    more |= {"jwks_cache": tokens.jwks_cache}

    def given(name: str, **changes: Any) -> dict[str, Any]:
        return {**more, "database_url": urls[name], **changes}

    def client(caller: str, callee: Service) -> ServiceClient:
        token = LastingToken(tokens, caller)
        return ServiceClient("http://callee", tokens=token, transport=InProcess(callee.internal))

    auth = FakeAuth(tokens).client
    the_catalog = catalog.main.build(
        CatalogSettings.model_validate(given("catalog")), clock, auth=auth
    )
    # By the wall clock: a cart does not expire in the weeks that pass for the others.
    the_cart = cart.main.build(
        CartSettings.model_validate(given("cart")),
        auth=auth,
        catalog=CartsCatalog(client("cart", the_catalog)),
    )
    the_bank, bank, told = new_bank(folder, clock)
    provider = provider_of(the_bank, clock)
    options = {"most_unpaid": 0} | options
    options |= {"payment_methods": "manual,sandbox", "sandbox_api_key": API_KEY}
    the_orders = orders.main.build(
        OrdersSettings.model_validate(given("orders", sandbox_webhook_secret=SECRET, **options)),
        auth=auth,
        cart=HttpCart(client("orders", the_cart)),
        catalog=HttpCatalog(client("orders", the_catalog)),
        providers={"sandbox": provider},
        clock=clock,
    )
    services = {"catalog": the_catalog, "cart": the_cart, "orders": the_orders}
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(open_books(the_bank))
        clients = {
            name: (await stack.enter_async_context(running(replace(service, background=()))))[0]
            for name, service in services.items()
        }
        clients["bank"] = await stack.enter_async_context(client_for(the_bank.app))
        context = the_orders.public.state.context
        sweeper = Sweeper(the_catalog.database, clock)
        yield ShopInProcess(urls, clients, context, sweeper, provider, bank, clock, tokens, told)


def new_bank(
    folder: Path, clock: FrozenClock
) -> tuple[paysandbox.main.Sandbox, Relay, list[Mapping[str, Any]]]:
    """The sandbox, which sends nothing by itself; what hands its webhooks over, and where to."""
    settings = SandboxSettings(
        database=folder / "sandbox.db",
        api_key=SecretStr(API_KEY),
        webhook_url="unix:/nowhere.sock",
        webhook_secret=SecretStr(SECRET),
    )
    built, told = paysandbox.main.build(settings, clock=clock), list[Mapping[str, Any]]()

    async def keep(event: Mapping[str, Any]) -> None:
        told.append(event)

    relay = Relay(built.context.database, outbox, {TOPIC: keep}, clock)
    return built, relay, told


@asynccontextmanager
async def open_books(bank: paysandbox.main.Sandbox) -> AsyncIterator[None]:
    database = bank.context.database
    await database.start()
    await database.run(metadata.create_all)
    yield
    await database.stop()


def provider_of(bank: paysandbox.main.Sandbox, clock: FrozenClock) -> SandboxProvider:
    transport = InProcess(bank.app)
    client = ServiceClient("http://bank", tokens=ApiKey(SecretStr(API_KEY)), transport=transport)
    return SandboxProvider(client, WebhookSecret(SECRET), clock)
