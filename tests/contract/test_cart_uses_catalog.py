"""What cart expects of catalog holds for cart's fake, and for the real catalog in process."""

from collections.abc import AsyncIterator
from typing import Any, Protocol

import httpx2
import pytest

from cart.clients.catalog import Catalog, HttpCatalog
from cart.domain import MAX_LINES, Offer
from catalog.main import MIGRATIONS, build
from catalog.settings import CatalogSettings
from services.cart.tests.fake_catalog import FakeCatalog
from shopkit.errors import Unavailable
from shopkit.fake_auth import FakeAuth
from shopkit.http_client import ServiceClient
from shopkit.ids import new_id
from shopkit.testing import FixedToken, InProcess, TestDatabases, TokenFactory, running

STAFF = ["products:read", "products:write", "inventory:read", "inventory:write"]


class Provider(Protocol):
    """A catalog that the tests can fill."""

    catalog: Catalog

    async def add(
        self, sku: str, name: str, amount: int, currency: str, stock: int, status: str
    ) -> str: ...

    async def set_price(self, product_id: str, amount: int) -> None: ...

    async def set_status(self, product_id: str, status: str) -> None: ...

    async def allow_backorder(self, product_id: str) -> None: ...

    async def delete(self, product_id: str) -> None: ...


class Fake:
    def __init__(self) -> None:
        self.catalog: FakeCatalog = FakeCatalog()

    async def add(
        self, sku: str, name: str, amount: int, currency: str, stock: int, status: str
    ) -> str:
        return self.catalog.add(
            sku=sku,
            name=name,
            amount=amount,
            currency=currency,
            available=stock,
            active=status == "active",
        )

    async def set_price(self, product_id: str, amount: int) -> None:
        self.catalog.change(product_id, amount=amount)

    async def set_status(self, product_id: str, status: str) -> None:
        self.catalog.change(product_id, active=status == "active")

    async def allow_backorder(self, product_id: str) -> None:
        self.catalog.change(product_id, backorder=True)

    async def delete(self, product_id: str) -> None:
        self.catalog.remove(product_id)


class Real:
    def __init__(self, public: httpx2.AsyncClient, catalog: Catalog, token: str) -> None:
        self.catalog = catalog
        self._public, self._headers = public, {"authorization": token}

    async def _send(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self._public.request(method, path, json=body, headers=self._headers)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def add(
        self, sku: str, name: str, amount: int, currency: str, stock: int, status: str
    ) -> str:
        body = {"sku": sku, "name": name, "stock": stock, "status": status}
        price = {"amount": amount, "currency": currency}
        product = await self._send("POST", "/api/products", {**body, "price": price})
        return str(product["id"])

    async def set_price(self, product_id: str, amount: int) -> None:
        price = {"amount": amount, "currency": "USD"}
        await self._send("PATCH", f"/api/products/{product_id}", {"price": price})

    async def set_status(self, product_id: str, status: str) -> None:
        await self._send("PATCH", f"/api/products/{product_id}", {"status": status})

    async def allow_backorder(self, product_id: str) -> None:
        await self._send("PATCH", f"/api/products/{product_id}/stock", {"backorder": True})

    async def delete(self, product_id: str) -> None:
        await self._send("DELETE", f"/api/products/{product_id}")


@pytest.fixture(params=["fake", "real"])
async def provider(
    request: pytest.FixtureRequest, databases: TestDatabases, tokens: TokenFactory
) -> AsyncIterator[Provider]:
    if request.param == "fake":
        yield Fake()
        return
    settings = CatalogSettings(
        database_url=databases.fresh(MIGRATIONS),
        auth_url="unix:/no-auth-here.sock",
        jwks_cache=tokens.jwks_cache,
    )
    service = build(settings, auth=FakeAuth(tokens).client)
    async with running(service) as (public, _):
        client = ServiceClient(
            "http://catalog",
            tokens=FixedToken(tokens.service("cart")),
            transport=InProcess(service.internal),
        )
        yield Real(public, HttpCatalog(client), tokens.user(scopes=STAFF))
        await client.close()


async def test_an_offer_has_what_a_cart_shows(provider: Provider) -> None:
    product = await provider.add("MUG-1", "Mug, blue", 1250, "USD", 7, "active")
    assert await provider.catalog.find_offers([product]) == {
        product: Offer(product, "MUG-1", "Mug, blue", 1250, "USD", 7, False, True)
    }


async def test_an_offer_tells_whether_more_may_be_sold_than_there_is(provider: Provider) -> None:
    product = await provider.add("MUG-2", "Mug", 1250, "USD", 0, "active")
    assert not (await provider.catalog.find_offers([product]))[product].covers(1)
    await provider.allow_backorder(product)
    assert (await provider.catalog.find_offers([product]))[product].covers(1)


async def test_what_does_not_exist_is_absent(provider: Provider) -> None:
    product = await provider.add("A", "A", 1, "JPY", 0, "active")
    offers = await provider.catalog.find_offers([product, new_id()])
    assert set(offers) == {product}
    await provider.delete(product)
    assert await provider.catalog.find_offers([product]) == {}


async def test_what_is_not_sold_is_there_but_not_active(provider: Provider) -> None:
    draft = await provider.add("D", "D", 1, "USD", 5, "draft")
    archived = await provider.add("E", "E", 1, "USD", 5, "active")
    await provider.set_status(archived, "archived")
    offers = await provider.catalog.find_offers([draft, archived])
    assert [offers[draft].active, offers[archived].active] == [False, False]


async def test_prices_are_those_of_this_moment(provider: Provider) -> None:
    product = await provider.add("P", "P", 100, "USD", 5, "active")
    assert (await provider.catalog.find_offers([product]))[product].amount == 100
    await provider.set_price(product, 120)
    assert (await provider.catalog.find_offers([product]))[product].amount == 120


async def test_two_full_carts_are_one_question(provider: Provider) -> None:
    known = [await provider.add(f"S{n}", "S", n, "USD", n, "active") for n in range(3)]
    unknown = [new_id() for _ in range(2 * MAX_LINES - 3)]
    offers = await provider.catalog.find_offers([*known, *unknown])
    assert {id: offers[id].amount for id in offers} == dict(zip(known, range(3), strict=True))


async def test_no_ids_are_no_question(provider: Provider) -> None:
    assert await provider.catalog.find_offers([]) == {}


async def test_no_answer_is_unavailable() -> None:
    fake, client = FakeCatalog(), ServiceClient("unix:/no-catalog-here.sock")
    fake.down = True
    for catalog in (fake, HttpCatalog(client)):
        with pytest.raises(Unavailable):
            await catalog.find_offers([new_id()])
    await client.close()
