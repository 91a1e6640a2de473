"""The whole shop in one process: catalog, cart, orders and the payment sandbox as they are, one
clock, and between them what a script makes go wrong."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

import cart.main
import catalog.main
import orders.context
import orders.main
import paysandbox.main
from cart.clients.catalog import HttpCatalog as CartsCatalog
from cart.settings import MIGRATIONS as CART_MIGRATIONS
from cart.settings import CartSettings
from catalog.reservations import expire_due
from catalog.settings import MIGRATIONS as CATALOG_MIGRATIONS
from catalog.settings import CatalogSettings
from orders import delivery, worker
from orders.clients.cart import HttpCart
from orders.clients.catalog import HttpCatalog
from orders.clients.sandbox import SandboxProvider
from orders.context import Context
from orders.domain import Order
from orders.metrics import measure
from orders.repository.orders import find_order
from orders.running import Sagas
from orders.settings import MIGRATIONS as ORDERS_MIGRATIONS
from orders.settings import OrdersSettings
from paysandbox.settings import SandboxSettings
from shopkit import http_client
from shopkit.clock import FrozenClock
from shopkit.fake_auth import FakeAuth
from shopkit.http_client import ApiKey, ServiceClient
from shopkit.ids import new_id
from shopkit.outbox import Relay
from shopkit.service import Service
from shopkit.testing import FixedToken, InProcess, TestDatabases, TokenFactory, client_for, running
from shopkit.webhooks import WebhookSecret
from tests.guards.faults import PATIENCE_SECONDS, Network, Places

PRICE = 1000
API_KEY = "sandbox-key-for-tests"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SCOPES = (
    *("products:write", "inventory:read", "inventory:write"),
    *("orders:read", "orders:write", "refunds:write", "payments:read", "payments:write"),
)
MIGRATIONS = {
    "catalog": CATALOG_MIGRATIONS,
    "cart": CART_MIGRATIONS,
    "orders": ORDERS_MIGRATIONS,
}
Answer = httpx2.Response


@dataclass
class Shop:
    databases: Mapping[str, str]
    http: Mapping[str, httpx2.AsyncClient]
    networks: Mapping[str, Network]
    services: Mapping[str, Service]
    places: Places
    clock: FrozenClock
    tokens: TokenFactory
    final: dict[str, tuple["Customer", Answer]] = field(default_factory=dict)
    """The customers' memory: what each order was answered with for good."""

    @property
    def context(self) -> Context:
        found: Context = self.services["orders"].public.state.context
        return found

    def log(self, name: str) -> str:
        return f"in process: {name}"

    @property
    def staff(self) -> dict[str, str]:
        return {"authorization": self.tokens.user(scopes=SCOPES, email="staff@example.com")}

    async def product(self, stock: int = 10) -> str:
        price = {"amount": PRICE, "currency": "USD"}
        body = {"sku": new_id(), "name": "A thing", "price": price, "stock": stock}
        answer = await self.http["catalog"].post(
            "/api/products", json=body | {"status": "active"}, headers=self.staff
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def stock(self, product_id: str) -> tuple[int, int]:
        """On hand, and reserved."""
        path = f"/api/products/{product_id}/stock"
        answer = await self.http["catalog"].get(path, headers=self.staff)
        return answer.json()["on_hand"], answer.json()["reserved"]

    async def receive(self, product_id: str, delta: int) -> None:
        """Goods arrive."""
        path, body = f"/api/products/{product_id}/stock/adjust", {"delta": delta, "reason": "new"}
        answer = await self.http["catalog"].post(path, json=body, headers=self.staff)
        assert answer.status_code == 200, answer.text

    async def customer(self, product_id: str, quantity: int = 2) -> "Customer":
        customer = Customer(self, {"authorization": self.tokens.user()})
        await customer.add(product_id, quantity)
        return customer

    async def post(self, path: str, json: Any = None, key: str | None = None) -> Answer:
        """As staff, to orders."""
        headers = self.staff | ({"idempotency-key": key} if key else {})
        return await self.http["orders"].post(f"/api/orders{path}", json=json, headers=headers)

    async def stored(self, order_id: str) -> Order:
        order = await self.context.it.database.read(find_order, order_id)
        assert order is not None
        return order

    async def intent(self, order_id: str, attempt: int = 1) -> dict[str, Any]:
        """As the sandbox has it."""
        found = (await self.http["sandbox"].get("/v1/intents?limit=100")).json()["items"]
        return next(one for one in found if one["reference"] == f"o:{order_id}:{attempt}")

    async def confirm(self, intent: Mapping[str, Any]) -> None:
        """The customer does what the bank asks for."""
        path, form = f"/pay/{intent['id']}", {"action": "confirm"}
        assert (await self.http["sandbox"].post(path, data=form)).status_code == 303

    async def webhook(
        self, intent: Mapping[str, Any], *, id: str | None = None, secret: str = SECRET
    ) -> Answer:
        """The sandbox, or who claims to be it, tells how the intent is."""
        data = {"intent": dict(intent)}
        event = {"id": id or new_id(), "type": "intent.changed", "live": False, "data": data}
        body = json.dumps(event).encode()
        signed = WebhookSecret(secret).headers(str(event["id"]), body, self.clock.now())
        return await self.http["orders"].post(
            "/api/payments/webhooks/sandbox",
            content=body,
            headers={"content-type": "application/json", **signed},
        )

    async def idle(self) -> None:
        await until_idle(self.context.sagas, self.places)

    async def take_over(self) -> None:
        """Leases end, and the worker goes on with what nobody seems to drive."""
        self.clock.advance(seconds=16)
        await self.context.worker.take(self.clock.now(), at_most=100)
        await self.idle()

    async def settle(self) -> None:
        """Whoever was stopped goes on; then what the worker and the relay do in half a minute."""
        self.places.open()
        await self.idle()
        for _ in range(5):
            await self.take_over()
            await self.context.relay.drain()
            sagas, undelivered = await self.context.it.database.read(measure)
            if not sagas and undelivered is None:
                return

    async def expire(self) -> None:
        """Time passes until reservations end, and catalog's sweeper comes by."""
        self.clock.advance(minutes=16)
        await self.sweep()

    async def sweep(self) -> None:
        now = self.clock.now()
        await self.services["catalog"].database.run(expire_due, now=now, limit=100)


@dataclass
class Customer:
    shop: Shop
    headers: dict[str, str]

    async def add(self, product_id: str, quantity: int = 2) -> None:
        body = {"product_id": product_id, "quantity": quantity}
        answer = await self.shop.http["cart"].post("/api/cart", json=body, headers=self.headers)
        assert answer.status_code == 201, answer.text

    async def empty_cart(self) -> None:
        answer = await self.shop.http["cart"].delete("/api/cart", headers=self.headers)
        assert answer.is_success, answer.text

    async def order(
        self, token: str | None = None, *, key: str | None = "k", **payload: Any
    ) -> Answer:
        """To be paid with `token`, or later without one."""
        if token:
            payload["payment"] = {"method": "sandbox", "token": token}
        headers = self.headers | ({"idempotency-key": key} if key else {})
        answer = await self.shop.http["orders"].post("/api/orders", json=payload, headers=headers)
        if answer.status_code == 201:
            self.shop.final.setdefault(answer.json()["id"], (self, answer))
        return answer

    async def ordered(self, token: str | None = None, **more: Any) -> str:
        """The id of an order that is confirmed."""
        answer = await self.order(token, **more)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def begun(self, token: str | None = None, **more: Any) -> str:
        """The id of an order that is not at its end yet."""
        answer = await self.order(token, **more)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    async def get(self, order_id: str) -> Answer:
        return await self.shop.http["orders"].get(f"/api/orders/{order_id}", headers=self.headers)

    async def post(self, path: str, json: Any = None) -> Answer:
        return await self.shop.http["orders"].post(
            f"/api/orders{path}", json=json, headers=self.headers
        )

    async def pay(self, order_id: str, token: str) -> Answer:
        return await self.post(f"/{order_id}/payment", {"method": "sandbox", "token": token})


async def until_idle(sagas: Sagas, places: Places) -> None:
    """Until no driver runs but those that a script has stopped."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(sagas) > places.waiting:
            await asyncio.sleep(0.0005)


def hurried(monkeypatch: pytest.MonkeyPatch, places: Places) -> None:
    """Answers wait as long as there is something to wait for, and not by the clock; and what runs
    beside the requests runs when a script says so."""

    async def wait(self: Sagas, order_id: str, seconds: float) -> Order | None:
        task = self._newest.get(order_id)
        await until_idle(self, places)
        if task and task.done() and not task.cancelled() and (order := task.result()):
            return order
        found = await self._it.database.read(find_order, order_id)
        return found if found and (not found.unfinished or found.waits) else None

    async def run(_: Relay) -> None: ...

    monkeypatch.setattr(Sagas, "wait", wait)
    monkeypatch.setattr(orders.context, "Failpoints", lambda _: places)
    monkeypatch.setattr(delivery, "PATIENCE_SECONDS", 0)
    monkeypatch.setattr(worker, "EVERY_SECONDS", 3600)
    monkeypatch.setattr(worker.Worker, "wake", lambda _: None)
    monkeypatch.setattr(Relay, "run", run)
    monkeypatch.setattr(http_client, "random", SimpleNamespace(uniform=lambda low, high: 0.0))


def fresh(databases: TestDatabases, folder: Path) -> dict[str, str]:
    urls = {name: databases.fresh(migrations) for name, migrations in MIGRATIONS.items()}
    return {**urls, "sandbox": f"sqlite:///{folder / 'sandbox.db'}"}


def new_sandbox(url: str, clock: FrozenClock) -> paysandbox.main.Sandbox:
    settings = SandboxSettings(
        database=Path(url.removeprefix("sqlite:///")), api_key=SecretStr(API_KEY)
    )
    return paysandbox.main.build(settings, clock=clock)


def build(
    urls: Mapping[str, str], tokens: TokenFactory, clock: FrozenClock, bank: InProcess, **more: Any
) -> tuple[dict[str, Service], dict[str, Network]]:
    """`more` are settings of orders."""
    same: dict[str, Any] = {"listen": "unix:/x", "internal_listen": "unix:/y"}
    same |= {"auth_url": "unix:/no-auth.sock", "jwks_cache": tokens.jwks_cache}

    def client(caller: str, transport: InProcess | Network) -> ServiceClient:
        token = FixedToken(tokens.service(caller))
        return ServiceClient("http://callee", tokens=token, transport=transport)

    of_catalog = {"database_url": urls["catalog"], "sweep_seconds": 60}
    auth = FakeAuth(tokens).client
    the_catalog = catalog.main.build(
        CatalogSettings.model_validate(same | of_catalog), clock, auth=auth
    )
    carts_catalog = CartsCatalog(client("cart", InProcess(the_catalog.internal)))
    the_cart = cart.main.build(
        CartSettings.model_validate(same | {"database_url": urls["cart"]}),
        auth=auth,
        catalog=carts_catalog,
        clock=clock,
    )
    networks = {
        "cart": Network(InProcess(the_cart.internal)),
        "catalog": Network(InProcess(the_catalog.internal)),
        "sandbox": Network(bank),
    }
    key = ApiKey(SecretStr(API_KEY))
    to_bank = ServiceClient("http://bank", tokens=key, transport=networks["sandbox"])
    of_orders = {"database_url": urls["orders"], "payment_methods": "manual,sandbox"}
    of_orders |= {"most_unpaid": 0, **more}
    of_orders |= {"sandbox_api_key": API_KEY, "sandbox_webhook_secret": SECRET}
    the_orders = orders.main.build(
        OrdersSettings.model_validate(same | of_orders),
        auth=auth,
        cart=HttpCart(client("orders", networks["cart"])),
        catalog=HttpCatalog(client("orders", networks["catalog"])),
        providers={"sandbox": SandboxProvider(to_bank, WebhookSecret(SECRET), clock)},
        clock=clock,
    )
    return {"catalog": the_catalog, "cart": the_cart, "orders": the_orders}, networks


@asynccontextmanager
async def open_shop(
    urls: Mapping[str, str],
    tokens: TokenFactory,
    monkeypatch: pytest.MonkeyPatch,
    **settings: Any,
) -> AsyncIterator[Shop]:
    clock, places = FrozenClock(), Places()
    hurried(monkeypatch, places)
    sandbox = new_sandbox(urls["sandbox"], clock)
    services, networks = build(urls, tokens, clock, InProcess(sandbox.app), **settings)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(sandbox.running())
        http = {"sandbox": await stack.enter_async_context(client_for(sandbox.app))}
        http["sandbox"].headers["authorization"] = f"Bearer {API_KEY}"
        for name, service in services.items():
            http[name] = (await stack.enter_async_context(running(service)))[0]
        stack.callback(places.open)
        yield Shop(urls, http, networks, services, places, clock, tokens)
