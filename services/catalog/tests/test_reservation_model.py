"""The reservations against a model that is too simple to be wrong, with I1 and I2 at every step."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.main import build
from catalog.settings import MIGRATIONS, CatalogSettings
from catalog.worker import Sweeper
from shopkit.clock import FrozenClock
from shopkit.fake_auth import FakeAuth
from shopkit.ids import new_id
from shopkit.testing import TestDatabases, TokenFactory, running

from .conftest import STAFF, Shop
from .invariants import check_invariants

_orders = st.integers(0, 2)
_returns = st.integers(0, 2)
_back = st.lists(st.tuples(st.integers(0, 1), st.integers(1, 2)), min_size=1, max_size=2)
_lines = st.lists(st.tuples(st.integers(0, 1), st.integers(1, 4)), min_size=1, max_size=3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("reserve"), _orders, _lines),
        st.tuples(st.just("commit"), _orders),
        st.tuples(st.just("release"), _orders),
        st.tuples(st.just("sell"), _orders, _lines),
        st.tuples(st.just("take_back"), _returns, _orders, _back),
        st.tuples(st.just("take_back"), _returns, _orders, _back),
        st.tuples(st.just("wait"), st.integers(1, 40)),
        st.tuples(st.just("sweep")),
        st.tuples(st.just("adjust"), st.integers(0, 1), st.integers(-5, 5).filter(bool)),
        st.tuples(st.just("set"), st.integers(0, 1), st.integers(0, 9)),
        st.tuples(st.just("backorder"), st.integers(0, 1), st.booleans()),
    ),
    min_size=12,  # otherwise most are too short for anything to be sold and come back
    max_size=25,
)
TTL = 60


def summed(lines: list[tuple[int, int]]) -> dict[int, int]:
    found: dict[int, int] = {}
    for product, quantity in lines:
        found[product] = found.get(product, 0) + quantity
    return found


class Model:
    """Two products with 6 pieces each."""

    def __init__(self) -> None:
        self.on_hand, self.owing, self.now = [6, 6], [False, False], 0
        self.orders: dict[int, tuple[str, dict[int, int], int]] = {}
        self.returns: dict[int, tuple[int, dict[int, int]]] = {}

    def reserved(self, product: int) -> int:
        return sum(q.get(product, 0) for s, q, _ in self.orders.values() if s == "held")

    def available(self, product: int) -> int:
        return self.on_hand[product] - self.reserved(product)

    def reserve(self, order: int, lines: list[tuple[int, int]]) -> int:
        wanted = summed(lines)
        if order in self.orders:
            status, held, _ = self.orders[order]
            return 410 if status in ("released", "expired") else 200 if held == wanted else 422
        if any(self.available(p) < q and not self.owing[p] for p, q in wanted.items()):
            return 409
        self.orders[order] = ("held", wanted, self.now + TTL)
        return 200

    def sell(self, order: int, lines: list[tuple[int, int]]) -> int:
        """Both at once, so that something is sold often enough to come back."""
        self.reserve(order, lines)
        return self.commit(order)

    def commit(self, order: int) -> int:
        if order not in self.orders:
            return 404
        status, wanted, until = self.orders[order]
        if status == "held":
            for product, quantity in wanted.items():
                self.on_hand[product] -= quantity
            self.orders[order] = ("committed", wanted, until)
        return 410 if status in ("released", "expired") else 200

    def release(self, order: int) -> int:
        status, wanted, until = self.orders.get(order, ("", {}, 0))
        if status == "committed":
            for product, quantity in wanted.items():
                self.on_hand[product] += quantity - self.returned(order, product)
        self.orders[order] = ("expired" if status == "expired" else "released", wanted, until)
        return 200

    def returned(self, order: int, product: int) -> int:
        return sum(q.get(product, 0) for of, q in self.returns.values() if of == order)

    def take_back(self, number: int, order: int, lines: list[tuple[int, int]]) -> int:
        asked = summed(lines)
        status, sold, _ = self.orders.get(order, ("", {}, 0))
        if number in self.returns and status:
            return 200 if self.returns[number] == (order, asked) else 422
        if status != "committed" or any(
            q > sold.get(p, 0) - self.returned(order, p) for p, q in asked.items()
        ):
            return 409
        for product, quantity in asked.items():
            self.on_hand[product] += quantity
        self.returns[number] = (order, asked)
        return 200

    def wait(self, seconds: int) -> int:
        self.now += seconds
        return 0

    def sweep(self) -> int:
        for order, (status, wanted, until) in self.orders.items():
            if status == "held" and until <= self.now:
                self.orders[order] = ("expired", wanted, until)
        return 0

    def adjust(self, product: int, delta: int) -> int:
        return self.set(product, self.on_hand[product] + delta)

    def set(self, product: int, on_hand: int) -> int:
        if on_hand < self.reserved(product) and not self.owing[product]:
            return 409
        self.on_hand[product] = on_hand
        return 200

    def backorder(self, product: int, allowed: bool) -> int:
        if self.available(product) < 0 and not allowed:
            return 409
        self.owing[product] = allowed
        return 200


class Real:
    """The same steps through the service."""

    def __init__(self, shop: Shop, products: list[dict[str, Any]]) -> None:
        self.shop, self.products = shop, products
        self.orders = [new_id() for _ in range(3)]
        self.returns = [new_id() for _ in range(3)]

    async def reserve(self, order: int, lines: list[tuple[int, int]]) -> int:
        sent = [(self.products[p], q) for p, q in lines]
        return (await self.shop.reserve(*sent, order_id=self.orders[order], ttl=TTL)).status_code

    async def sell(self, order: int, lines: list[tuple[int, int]]) -> int:
        await self.reserve(order, lines)
        return await self.commit(order)

    async def commit(self, order: int) -> int:
        path = f"/internal/reservations/{self.orders[order]}/commit"
        return (await self.shop.orders("POST", path)).status_code

    async def release(self, order: int) -> int:
        path = f"/internal/reservations/{self.orders[order]}/release"
        return (await self.shop.orders("POST", path)).status_code

    async def take_back(self, number: int, order: int, lines: list[tuple[int, int]]) -> int:
        sent = [(self.products[p], q) for p, q in lines]
        return_id = self.returns[number]
        return (
            await self.shop.take_back(self.orders[order], *sent, return_id=return_id)
        ).status_code

    async def wait(self, seconds: int) -> int:
        self.shop.clock.advance(seconds=seconds)
        return 0

    async def sweep(self) -> int:
        await Sweeper(self.shop.database, self.shop.clock).drain()
        return 0

    async def adjust(self, product: int, delta: int) -> int:
        path = f"/api/products/{self.products[product]['id']}/stock/adjust"
        body = {"delta": delta, "reason": "r"}
        return (await self.shop.staff("POST", path, json=body)).status_code

    async def set(self, product: int, on_hand: int) -> int:
        path = f"/api/products/{self.products[product]['id']}/stock"
        return (await self.shop.staff("PUT", path, json={"on_hand": on_hand})).status_code

    async def backorder(self, product: int, allowed: bool) -> int:
        path = f"/api/products/{self.products[product]['id']}/stock"
        return (await self.shop.staff("PATCH", path, json={"backorder": allowed})).status_code


async def play(shop: Shop, steps: list[tuple[Any, ...]]) -> None:
    products = [await shop.product(stock=6) for _ in range(2)]
    real, model = Real(shop, products), Model()
    for name, *args in steps:
        expected: int = getattr(model, name)(*args)
        do: Callable[..., Coroutine[Any, Any, int]] = getattr(real, name)
        assert await do(*args) == expected, (name, args)
        await check_invariants(shop)
        for index, product in enumerate(products):
            stock = await shop.stock(product["id"])
            assert stock["on_hand"] == model.on_hand[index]
            assert stock["reserved"] == model.reserved(index)
            assert stock["available"] == model.available(index)
            assert stock["backorder"] == model.owing[index]


@pytest.fixture(scope="module")
def play_in_one_database(
    databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[list[tuple[Any, ...]]], None]:
    """Examples share a database, with products and orders of their own: making one takes longer."""
    url = databases.fresh(MIGRATIONS)
    tokens = TokenFactory(Path(tmp_path_factory.mktemp("keys")))
    config = CatalogSettings(database_url=url, jwks_cache=tokens.jwks_cache, sweep_seconds=60)
    clock = FrozenClock()

    async def run(steps: list[tuple[Any, ...]]) -> None:
        auth = FakeAuth(tokens)
        service = build(config, clock, auth=auth.client)
        async with running(service) as (public, internal):
            staff = {"Authorization": tokens.user(scopes=STAFF)}
            orders = {"Authorization": tokens.service("orders")}
            more = (clock, tokens, auth, config.media_dir, service)
            shop = Shop(public, internal, staff, orders, service.database, *more)
            await play(shop, steps)

    return lambda steps: asyncio.run(run(steps))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_reservations_behave_like_the_model(
    play_in_one_database: Callable[[list[tuple[Any, ...]]], None], steps: list[tuple[Any, ...]]
) -> None:
    play_in_one_database(steps)
