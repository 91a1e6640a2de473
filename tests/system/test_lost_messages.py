"""F4 and F5: answers that get lost after the effect, messages that come again or late; real
services in process, with a transport between them that does what networks do."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import httpx2
import pytest

import cart.main
import catalog.main
import orders.main
from cart.clients.catalog import HttpCatalog as CartsCatalog
from cart.settings import MIGRATIONS as CART_MIGRATIONS
from cart.settings import CartSettings
from catalog.settings import CatalogSettings
from orders import cancellation, checkout
from orders.clients.cart import HttpCart
from orders.clients.catalog import HttpCatalog
from orders.context import Context
from orders.settings import MIGRATIONS as ORDERS_MIGRATIONS
from orders.settings import OrdersSettings
from shopkit.clock import FrozenClock
from shopkit.fake_auth import FakeAuth
from shopkit.http_client import ServiceClient
from shopkit.ids import new_id
from shopkit.testing import FixedToken, InProcess, TestDatabases, TokenFactory, running
from shopkit.transport import TransportError
from tests.shop_invariants import check_invariants

STAFF = ["products:write", "inventory:read", "inventory:write"]
TRIES = 3
"""Of the client for one call: fewer losses are mended by it, as many by the worker."""
Sent = tuple[str, str, dict[str, str], bytes]


@dataclass
class Network:
    """Between orders and one callee. `lost` counts, per end of a path, answers to drop."""

    callee: InProcess
    lost: dict[str, int] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)

    async def send(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        self.sent.append((method, path, headers, body))
        answer = await self.callee.send(method, path, headers, body)
        for ending, count in self.lost.items():
            if count and self._is(method, path, ending):
                self.lost[ending] -= 1
                raise TransportError("the answer got lost")
        return answer

    def _is(self, method: str, path: str, ending: str) -> bool:
        return method == ending or path.endswith(f"/{ending}")

    async def deliver_again(self) -> None:
        """Everything that was ever sent arrives once more, late."""
        for message in self.sent:
            await self.callee.send(*message)

    async def close(self) -> None:
        await self.callee.close()


@dataclass
class Shop:
    databases: Mapping[str, str]
    clients: Mapping[str, httpx2.AsyncClient]
    networks: Mapping[str, Network]
    context: Context
    clock: FrozenClock
    tokens: TokenFactory

    def log(self, name: str) -> str:
        return f"in process: {name}"

    async def product(self, stock: int) -> str:
        price = {"amount": 1000, "currency": "USD"}
        body = {"sku": new_id(), "name": "A thing", "price": price, "stock": stock}
        headers = {"authorization": self.tokens.user(scopes=STAFF)}
        answer = await self.clients["catalog"].post(
            "/api/products", json=body | {"status": "active"}, headers=headers
        )
        return str(answer.json()["id"])

    async def on_hand(self, product_id: str) -> int:
        headers = {"authorization": self.tokens.user(scopes=STAFF)}
        path = f"/api/products/{product_id}/stock"
        answer = await self.clients["catalog"].get(path, headers=headers)
        return int(answer.json()["on_hand"])

    async def customer(self, product_id: str) -> dict[str, str]:
        headers = {"authorization": self.tokens.user()}
        body = {"product_id": product_id, "quantity": 2}
        answer = await self.clients["cart"].post("/api/cart", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return headers

    async def order(self, headers: dict[str, str], **payload: object) -> httpx2.Response:
        headers = headers | {"idempotency-key": "k"}
        return await self.clients["orders"].post("/api/orders", json=payload, headers=headers)

    async def settle(self) -> None:
        for _ in range(6):
            await self.context.sagas.idle(10)
            self.clock.advance(seconds=16)
            await self.context.worker.take(self.clock.now(), at_most=100)
            await self.context.relay.drain()


@pytest.fixture
async def shop(
    databases: TestDatabases,
    tokens: TokenFactory,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Shop]:
    monkeypatch.setattr(checkout, "ANSWER_SECONDS", 2.0)
    monkeypatch.setattr(cancellation, "ANSWER_SECONDS", 2.0)
    for own in ("reconciler.FIRST_SECONDS", "worker.EVERY_SECONDS"):  # turns are the tests' own
        monkeypatch.setattr(f"orders.{own}", 300.0)
    urls = {
        "catalog": databases.fresh(catalog.main.MIGRATIONS),
        "cart": databases.fresh(CART_MIGRATIONS),
        "orders": databases.fresh(ORDERS_MIGRATIONS),
    }
    more = {"listen": "unix:/x", "internal_listen": "unix:/y", "auth_url": "unix:/no-auth.sock"}

    def given(name: str) -> dict[str, object]:
        return {**more, "database_url": urls[name], "jwks_cache": tokens.jwks_cache}

    def client(caller: str, transport: InProcess | Network) -> ServiceClient:
        token = FixedToken(tokens.service(caller))
        return ServiceClient("http://callee", tokens=token, transport=transport)

    auth = FakeAuth(tokens).client
    the_catalog = catalog.main.build(CatalogSettings.model_validate(given("catalog")), auth=auth)
    carts_catalog = CartsCatalog(client("cart", InProcess(the_catalog.internal)))
    the_cart = cart.main.build(
        CartSettings.model_validate(given("cart")), auth=auth, catalog=carts_catalog
    )
    networks = {
        "cart": Network(InProcess(the_cart.internal)),
        "catalog": Network(InProcess(the_catalog.internal)),
    }
    the_orders = orders.main.build(
        OrdersSettings.model_validate(given("orders")),
        auth=auth,
        cart=HttpCart(client("orders", networks["cart"])),
        catalog=HttpCatalog(client("orders", networks["catalog"])),
        clock=clock,
    )
    services = {"catalog": the_catalog, "cart": the_cart, "orders": the_orders}
    async with AsyncExitStack() as stack:
        clients = {
            name: (await stack.enter_async_context(running(service)))[0]
            for name, service in services.items()
        }
        context = the_orders.public.state.context
        yield Shop(urls, clients, networks, context, clock, tokens)


@pytest.mark.parametrize("losses", [1, TRIES])
@pytest.mark.parametrize(
    ("callee", "call"),
    [("cart", "PUT"), ("catalog", "PUT"), ("catalog", "commit"), ("cart", "consume")],
)
async def test_f4_a_lost_answer_of_a_checkout(
    shop: Shop, callee: str, call: str, losses: int
) -> None:
    product = await shop.product(stock=10)
    headers = await shop.customer(product)
    shop.networks[callee].lost[call] = losses
    first = await shop.order(headers)
    assert first.status_code in (201, 202)
    await shop.settle()
    final = await shop.order(headers)
    assert (final.status_code, final.json()["id"]) == (201, first.json()["id"])
    assert await shop.on_hand(product) == 8
    assert shop.networks[callee].lost[call] == 0, "it was lost indeed"
    await check_invariants(shop)


@pytest.mark.parametrize("losses", [1, TRIES])
@pytest.mark.parametrize("callee", ["cart", "catalog"])
async def test_f4_a_lost_answer_of_a_compensation(shop: Shop, callee: str, losses: int) -> None:
    product = await shop.product(stock=10)
    headers = await shop.customer(product)
    shop.networks[callee].lost["release"] = losses
    shown = {"amount": 1, "currency": "USD"}
    assert (await shop.order(headers, expected_total=shown)).status_code in (202, 409)
    await shop.settle()
    final = await shop.order(headers, expected_total=shown)
    assert (final.status_code, final.json()["code"]) == (409, "price_changed")
    assert await shop.on_hand(product) == 10
    await check_invariants(shop)


@pytest.mark.parametrize("losses", [1, TRIES])
async def test_f5_a_cancellation_and_everything_again_late(shop: Shop, losses: int) -> None:
    product = await shop.product(stock=10)
    headers = await shop.customer(product)
    order_id = (await shop.order(headers)).json()["id"]
    shop.networks["catalog"].lost["release"] = losses
    path = f"/api/orders/{order_id}/cancel"
    cancelled = await shop.clients["orders"].post(path, headers=headers)
    assert cancelled.json()["status"] == "cancelled"
    await shop.settle()
    for network in shop.networks.values():
        await network.deliver_again()
    assert await shop.on_hand(product) == 10
    await check_invariants(shop)


async def test_f5_a_failed_checkout_and_everything_again_late(shop: Shop) -> None:
    product = await shop.product(stock=10)
    headers = await shop.customer(product)
    shown = {"amount": 1, "currency": "USD"}
    assert (await shop.order(headers, expected_total=shown)).status_code == 409
    for network in shop.networks.values():
        await network.deliver_again()
    await check_invariants(shop)
    again = await shop.clients["orders"].post("/api/orders", headers=headers)
    assert again.status_code == 201, "the cart is the customer's again"
    await shop.settle()
    await check_invariants(shop)
