"""What orders expects of catalog holds for orders' fake, and for the real catalog in process."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Protocol

import httpx2
import pytest

from catalog.main import MIGRATIONS, build
from catalog.settings import CatalogSettings
from orders.clients.catalog import Catalog, HttpCatalog, Reservation
from orders.domain import Line
from orders.errors import (
    CheckoutExpired,
    CheckoutRefused,
    InsufficientStock,
    PriceChanged,
    RestockRefused,
)
from services.orders.tests.fakes import FakeCatalog
from shopkit.errors import Unavailable
from shopkit.fake_auth import FakeAuth
from shopkit.http_client import ServiceClient
from shopkit.ids import new_id
from shopkit.testing import FixedToken, InProcess, TestDatabases, TokenFactory, running

STAFF = ["products:read", "products:write", "inventory:read", "inventory:write"]


def usd(amount: int) -> dict[str, object]:
    return {"amount": amount, "currency": "USD"}


class Provider(Protocol):
    """A catalog that the tests can fill and look into."""

    @property
    def catalog(self) -> Catalog: ...

    async def add(self, *, price: int, stock: int) -> str: ...

    async def set_price(self, product_id: str, amount: int) -> None: ...

    async def allow_backorder(self, product_id: str) -> None: ...

    async def stock(self, product_id: str) -> tuple[int, int]:
        """On hand and reserved."""


class Fake:
    def __init__(self) -> None:
        self.catalog: FakeCatalog = FakeCatalog()

    async def add(self, *, price: int, stock: int) -> str:
        return self.catalog.add(price=price, stock=stock).id

    async def set_price(self, product_id: str, amount: int) -> None:
        self.catalog.products[product_id].price = amount

    async def allow_backorder(self, product_id: str) -> None:
        self.catalog.products[product_id].backorder = True

    async def stock(self, product_id: str) -> tuple[int, int]:
        product = self.catalog.products[product_id]
        return product.on_hand, product.reserved


@dataclass
class Real:
    public: httpx2.AsyncClient
    catalog: Catalog
    token: str

    async def send(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"authorization": self.token}
        answer = await self.public.request(method, path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    async def add(self, *, price: int, stock: int) -> str:
        sku = f"SKU-{new_id()}"
        body = {"sku": sku, "name": sku, "price": usd(price), "stock": stock, "status": "active"}
        return str((await self.send("POST", "/api/products", body))["id"])

    async def set_price(self, product_id: str, amount: int) -> None:
        await self.send("PATCH", f"/api/products/{product_id}", {"price": usd(amount)})

    async def allow_backorder(self, product_id: str) -> None:
        await self.send("PATCH", f"/api/products/{product_id}/stock", {"backorder": True})

    async def stock(self, product_id: str) -> tuple[int, int]:
        found = await self.send("GET", f"/api/products/{product_id}/stock")
        return found["on_hand"], found["reserved"]


@pytest.fixture(params=["fake", "real"])
async def provider(
    request: pytest.FixtureRequest, databases: TestDatabases, tokens: TokenFactory
) -> AsyncIterator[Provider]:
    if request.param == "fake":
        yield Fake()
        return
    settings = CatalogSettings(
        database_url=databases.fresh(MIGRATIONS),
        listen="unix:/unused",
        internal_listen="unix:/unused",
        auth_url="unix:/no-auth-here.sock",
        jwks_cache=tokens.jwks_cache,
    )
    service = build(settings, auth=FakeAuth(tokens).client)
    token = FixedToken(tokens.service("orders"))
    client = ServiceClient("http://catalog", tokens=token, transport=InProcess(service.internal))
    async with running(service) as (public, _):
        yield Real(public, HttpCatalog(client), tokens.user(scopes=STAFF))
    await client.close()


def line(product_id: str, quantity: int, price: int) -> Line:
    return Line(product_id, "SKU", "A thing", quantity, price, quantity * price)


async def test_reserve_commit_and_their_repetitions(provider: Provider) -> None:
    tea, cup = await provider.add(price=450, stock=5), await provider.add(price=900, stock=5)
    order_id, lines = new_id(), [line(cup, 1, 900), line(tea, 2, 450)]
    for _ in range(2):
        await provider.catalog.reserve(order_id, lines, "USD")
        assert (await provider.stock(tea), await provider.stock(cup)) == ((5, 2), (5, 1))
    for _ in range(2):
        await provider.catalog.commit(order_id)
        assert (await provider.stock(tea), await provider.stock(cup)) == ((3, 0), (4, 0))
    await provider.catalog.reserve(order_id, lines, "USD")
    assert await provider.stock(tea) == (3, 0), "a late repetition of the first call"


async def test_short_stock_is_refused_with_the_lines_and_leaves_nothing(
    provider: Provider,
) -> None:
    tea, cup = await provider.add(price=450, stock=5), await provider.add(price=900, stock=1)
    order_id = new_id()
    with pytest.raises(InsufficientStock) as refused:
        await provider.catalog.reserve(order_id, [line(tea, 1, 450), line(cup, 2, 900)], "USD")
    items = refused.value.extra["items"]
    assert items == [{"product_id": cup, "requested": 2, "available": 1}]
    assert await provider.stock(tea) == (5, 0)
    await provider.catalog.reserve(order_id, [line(tea, 1, 450)], "USD")


async def test_an_unknown_product_is_none_in_stock(provider: Provider) -> None:
    gone = new_id()
    with pytest.raises(InsufficientStock) as refused:
        await provider.catalog.reserve(new_id(), [line(gone, 1, 100)], "USD")
    items = refused.value.extra["items"]
    assert items == [{"product_id": gone, "requested": 1, "available": 0}]


async def test_e2_lines_of_one_product_are_summed(provider: Provider) -> None:
    tea = await provider.add(price=450, stock=5)
    with pytest.raises(InsufficientStock):
        await provider.catalog.reserve(new_id(), [line(tea, 3, 450)] * 2, "USD")


async def test_another_price_is_refused_old_and_new(provider: Provider) -> None:
    tea = await provider.add(price=450, stock=5)
    await provider.set_price(tea, 500)
    with pytest.raises(PriceChanged) as refused:
        await provider.catalog.reserve(new_id(), [line(tea, 1, 450)], "USD")
    items = refused.value.extra["items"]
    assert items == [{"product_id": tea, "old": usd(450), "new": usd(500)}]
    assert await provider.stock(tea) == (5, 0)


async def test_release_gives_back_what_is_held_and_what_is_sold(provider: Provider) -> None:
    tea = await provider.add(price=450, stock=5)
    for commit in (False, True):
        order_id = new_id()
        await provider.catalog.reserve(order_id, [line(tea, 2, 450)], "USD")
        if commit:
            await provider.catalog.commit(order_id)
        for _ in range(2):
            await provider.catalog.release(order_id)
            assert await provider.stock(tea) == (5, 0)


async def test_what_may_be_backordered_is_sold_beyond_the_stock_and_comes_back(
    provider: Provider,
) -> None:
    tea = await provider.add(price=450, stock=1)
    await provider.allow_backorder(tea)
    first, second = new_id(), new_id()
    for order_id in (first, second):
        await provider.catalog.reserve(order_id, [line(tea, 2, 450)], "USD")
    assert await provider.stock(tea) == (1, 4)
    await provider.catalog.commit(first)
    assert await provider.stock(tea) == (-1, 2)
    await provider.catalog.release(second)
    await provider.catalog.restock(new_id(), first, {tea: 1})
    assert await provider.stock(tea) == (0, 0)
    await provider.catalog.release(first)
    assert await provider.stock(tea) == (1, 0)


async def test_f5_release_is_absorbing(provider: Provider) -> None:
    """Also when it comes first: whatever arrives later is refused."""
    tea = await provider.add(price=450, stock=5)
    order_id = new_id()
    await provider.catalog.release(order_id)
    with pytest.raises(CheckoutExpired):
        await provider.catalog.reserve(order_id, [line(tea, 1, 450)], "USD")
    with pytest.raises(CheckoutExpired):
        await provider.catalog.commit(order_id)
    assert await provider.stock(tea) == (5, 0)


async def test_commit_of_nothing_is_refused(provider: Provider) -> None:
    with pytest.raises(CheckoutExpired):
        await provider.catalog.commit(new_id())


async def test_the_same_order_with_other_lines_is_refused(provider: Provider) -> None:
    tea, order_id = await provider.add(price=450, stock=5), new_id()
    await provider.catalog.reserve(order_id, [line(tea, 1, 450)], "USD")
    with pytest.raises(CheckoutRefused):
        await provider.catalog.reserve(order_id, [line(tea, 2, 450)], "USD")
    assert await provider.stock(tea) == (5, 1)


async def sell(provider: Provider, *lines: Line) -> str:
    order_id = new_id()
    await provider.catalog.reserve(order_id, lines, "USD")
    await provider.catalog.commit(order_id)
    return order_id


async def test_restock_puts_goods_back_once_and_release_the_rest(provider: Provider) -> None:
    tea, cup = await provider.add(price=450, stock=5), await provider.add(price=900, stock=5)
    order_id = await sell(provider, line(tea, 3, 450), line(cup, 2, 900))
    return_id = new_id()
    for _ in range(2):
        await provider.catalog.restock(return_id, order_id, {tea: 2, cup: 1})
        assert (await provider.stock(tea), await provider.stock(cup)) == ((4, 0), (4, 0))
    for _ in range(2):
        await provider.catalog.release(order_id)
        assert (await provider.stock(tea), await provider.stock(cup)) == ((5, 0), (5, 0))
    await provider.catalog.restock(return_id, order_id, {tea: 2, cup: 1})
    assert await provider.stock(tea) == (5, 0), "a late repetition"


async def test_never_more_than_was_sold_goes_back(provider: Provider) -> None:
    tea, cup = await provider.add(price=450, stock=5), await provider.add(price=900, stock=5)
    order_id = await sell(provider, line(tea, 2, 450), line(tea, 1, 450))
    await provider.catalog.restock(new_id(), order_id, {tea: 2})
    for wanted, left in (({tea: 2}, 1), ({cup: 1}, 0)):
        with pytest.raises(RestockRefused) as refused:
            await provider.catalog.restock(new_id(), order_id, wanted)
        (item,) = refused.value.extra["items"]
        ((product_id, quantity),) = wanted.items()
        assert item == {"product_id": product_id, "requested": quantity, "returnable": left}
    assert (await provider.stock(tea), await provider.stock(cup)) == ((4, 0), (5, 0))


async def test_what_was_not_sold_or_is_back_by_release_does_not_go_back(
    provider: Provider,
) -> None:
    tea, held, unknown = await provider.add(price=450, stock=9), new_id(), new_id()
    await provider.catalog.reserve(held, [line(tea, 2, 450)], "USD")
    released = await sell(provider, line(tea, 2, 450))
    await provider.catalog.release(released)
    for order_id in (unknown, held, released):
        with pytest.raises(RestockRefused):
            await provider.catalog.restock(new_id(), order_id, {tea: 1})
    assert await provider.stock(tea) == (9, 2)


async def test_a_return_does_not_change(provider: Provider) -> None:
    tea = await provider.add(price=450, stock=9)
    order_id, other = (
        await sell(provider, line(tea, 3, 450)),
        await sell(provider, line(tea, 3, 450)),
    )
    return_id = new_id()
    await provider.catalog.restock(return_id, order_id, {tea: 1})
    for order, quantity in ((order_id, 2), (other, 1)):
        with pytest.raises(RestockRefused):
            await provider.catalog.restock(return_id, order, {tea: quantity})
    assert await provider.stock(tea) == (4, 0)


async def test_reservations_are_listed_while_held_or_sold_and_found_always(
    provider: Provider,
) -> None:
    tea, held = await provider.add(price=450, stock=9), new_id()
    await provider.catalog.reserve(held, [line(tea, 1, 450), line(tea, 2, 450)], "USD")
    sold, released = (
        await sell(provider, line(tea, 1, 450)),
        await sell(provider, line(tea, 1, 450)),
    )
    await provider.catalog.restock(new_id(), sold, {tea: 1})
    await provider.catalog.release(released)
    first, second = await provider.catalog.list_reservations()
    assert first == Reservation(held, "held", {tea: 3})
    assert second == Reservation(sold, "committed", {tea: 1})
    assert await provider.catalog.list_reservations(held) == [second]
    assert await provider.catalog.list_reservations(sold) == []
    found = await provider.catalog.find_reservations([held, sold, released, new_id()])
    assert found == {held: "held", sold: "committed", released: "released"}


async def test_pages_end_and_many_are_found_at_once(provider: Provider) -> None:
    tea = await provider.add(price=450, stock=999)
    orders = sorted([await sell(provider, line(tea, 1, 450)) for _ in range(102)])
    first = await provider.catalog.list_reservations()
    second = await provider.catalog.list_reservations(first[-1].order_id)
    assert [one.order_id for one in first + second] == orders
    assert second and await provider.catalog.list_reservations(second[-1].order_id) == []
    many = [*(new_id() for _ in range(300)), *orders]
    assert await provider.catalog.find_reservations(many) == dict.fromkeys(orders, "committed")
    assert await provider.catalog.find_reservations([]) == {}


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
async def test_answers_that_say_nothing_about_the_order_are_unknown_outcomes(status: int) -> None:
    class Answering:
        async def send(self, *_: object) -> tuple[int, bytes]:
            return status, b'{"code": "whatever"}'

        async def close(self) -> None: ...

    catalog = HttpCatalog(ServiceClient("http://catalog", transport=Answering()))
    with pytest.raises(Unavailable):
        await catalog.reserve(new_id(), [line(new_id(), 1, 450)], "USD")
    with pytest.raises(Unavailable):
        await catalog.commit(new_id())
    with pytest.raises(Unavailable):
        await catalog.release(new_id())
    with pytest.raises(Unavailable):
        await catalog.restock(new_id(), new_id(), {new_id(): 1})
    with pytest.raises(Unavailable):
        await catalog.list_reservations()
    with pytest.raises(Unavailable):
        await catalog.find_reservations([new_id()])
