"""What orders expects of cart holds for orders' fake, and for the real cart in process."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx2
import pytest

from cart.main import build
from cart.settings import MIGRATIONS, CartSettings
from orders.clients.cart import Cart, HttpCart
from orders.domain import Line
from orders.errors import CartAlreadyCheckedOut, CartEmpty, CheckoutExpired, ProductUnavailable
from services.cart.tests.fake_catalog import FakeCatalog
from services.orders.tests.fakes import FakeCart
from shopkit.fake_auth import FakeAuth
from shopkit.http_client import ServiceClient
from shopkit.ids import new_id
from shopkit.testing import FixedToken, InProcess, TestDatabases, TokenFactory, running


class Provider(Protocol):
    """A cart service whose one product costs 450; the tests fill carts for user ids."""

    @property
    def cart(self) -> Cart: ...

    async def fill(self, user_id: str, quantity: int) -> None: ...

    async def fill_guest(self, quantity: int) -> str:
        """The guest's token."""

    async def withdraw(self) -> None:
        """The product is no longer sold."""

    async def items(self, user_id: str) -> int:
        """Pieces in the cart as its owner sees it."""


@dataclass
class Fake:
    cart: FakeCart = field(default_factory=FakeCart)
    product_id: str = field(default_factory=new_id)

    async def fill(self, user_id: str, quantity: int) -> None:
        line = Line(self.product_id, "TEA", "Tea", quantity, 450, 450 * quantity)
        self.cart.fill(user_id, line)

    async def fill_guest(self, quantity: int) -> str:
        token = f"guest-{new_id()}"
        await self.fill(token, quantity)
        return token

    async def withdraw(self) -> None:
        self.cart.unavailable.add(self.product_id)

    async def items(self, user_id: str) -> int:
        cart = self.cart.carts[user_id]
        return 0 if cart.converted else sum(line.quantity for line in cart.lines)


@dataclass
class Real:
    public: httpx2.AsyncClient
    cart: Cart
    catalog: FakeCatalog
    product_id: str
    tokens: TokenFactory

    async def add(self, quantity: int, **headers: str) -> httpx2.Response:
        body = {"product_id": self.product_id, "quantity": quantity}
        answer = await self.public.post("/api/cart", json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer

    async def fill(self, user_id: str, quantity: int) -> None:
        await self.add(quantity, authorization=self.tokens.user(id=user_id))

    async def fill_guest(self, quantity: int) -> str:
        return str((await self.add(quantity)).headers["x-cart-token"])

    async def withdraw(self) -> None:
        self.catalog.change(self.product_id, active=False)

    async def items(self, user_id: str) -> int:
        headers = {"authorization": self.tokens.user(id=user_id)}
        cart: Any = (await self.public.get("/api/cart", headers=headers)).json()
        return int(cart["item_count"])


@pytest.fixture(params=["fake", "real"])
async def provider(
    request: pytest.FixtureRequest, databases: TestDatabases, tokens: TokenFactory
) -> AsyncIterator[Provider]:
    if request.param == "fake":
        yield Fake()
        return
    settings = CartSettings(
        database_url=databases.fresh(MIGRATIONS),
        listen="unix:/unused",
        internal_listen="unix:/unused",
        auth_url="unix:/no-auth-here.sock",
        jwks_cache=tokens.jwks_cache,
    )
    catalog = FakeCatalog()
    tea = catalog.add(sku="TEA", name="Tea", amount=450, currency="USD", available=100)
    service = build(settings, auth=FakeAuth(tokens).client, catalog=catalog)
    token = FixedToken(tokens.service("orders"))
    client = ServiceClient("http://cart", tokens=token, transport=InProcess(service.internal))
    async with running(service) as (public, _):
        yield Real(public, HttpCart(client), catalog, tea, tokens)
    await client.close()


async def test_a_claim_is_what_the_cart_holds_and_costs(provider: Provider) -> None:
    user_id, order_id = new_id(), new_id()
    await provider.fill(user_id, 3)
    claim = await provider.cart.claim(order_id, user_id=user_id, cart_token=None)
    (line,) = claim.lines
    assert (line.sku, line.name, line.quantity) == ("TEA", "Tea", 3)
    assert (line.unit_price, line.line_total) == (450, 1350)
    assert (claim.currency, claim.subtotal, claim.total) == ("USD", 1350, 1350)
    assert claim.total == claim.subtotal - claim.discount + claim.shipping + claim.tax
    again = await provider.cart.claim(order_id, user_id=user_id, cart_token=None)
    assert again == claim, "the same order gets the same snapshot"


async def test_a_guests_cart_is_claimed_by_its_token(provider: Provider) -> None:
    token = await provider.fill_guest(2)
    claim = await provider.cart.claim(new_id(), user_id=None, cart_token=token)
    assert claim.lines[0].quantity == 2


async def test_there_is_nothing_to_claim(provider: Provider) -> None:
    with pytest.raises(CartEmpty):
        await provider.cart.claim(new_id(), user_id=new_id(), cart_token=None)


async def test_e7_a_cart_belongs_to_one_order(provider: Provider) -> None:
    user_id, order_id = new_id(), new_id()
    await provider.fill(user_id, 1)
    await provider.cart.claim(order_id, user_id=user_id, cart_token=None)
    for consumed in (False, True):
        if consumed:
            await provider.cart.consume(order_id)
        with pytest.raises(CartAlreadyCheckedOut) as refused:
            await provider.cart.claim(new_id(), user_id=user_id, cart_token=None)
        assert refused.value.extra == {"order_id": order_id}


async def test_consume_converts_and_can_be_repeated(provider: Provider) -> None:
    user_id, order_id = new_id(), new_id()
    await provider.fill(user_id, 1)
    claim = await provider.cart.claim(order_id, user_id=user_id, cart_token=None)
    for _ in range(2):
        await provider.cart.consume(order_id)
    assert await provider.items(user_id) == 0
    assert await provider.cart.claim(order_id, user_id=user_id, cart_token=None) == claim
    await provider.fill(user_id, 2)
    assert await provider.items(user_id) == 2
    next_claim = await provider.cart.claim(new_id(), user_id=user_id, cart_token=None)
    assert (next_claim.cart_id, next_claim.version) != (claim.cart_id, claim.version)


async def test_release_gives_the_cart_back(provider: Provider) -> None:
    user_id, order_id = new_id(), new_id()
    await provider.fill(user_id, 1)
    await provider.cart.claim(order_id, user_id=user_id, cart_token=None)
    for _ in range(2):
        await provider.cart.release(order_id)
    assert await provider.items(user_id) == 1
    await provider.cart.claim(new_id(), user_id=user_id, cart_token=None)


async def test_f5_release_is_absorbing(provider: Provider) -> None:
    """Also when it comes first: a claim that arrives later is refused."""
    user_id, order_id = new_id(), new_id()
    await provider.fill(user_id, 1)
    await provider.cart.release(order_id)
    with pytest.raises(CheckoutExpired):
        await provider.cart.claim(order_id, user_id=user_id, cart_token=None)
    assert await provider.items(user_id) == 1


async def test_e9_what_is_no_longer_sold_is_named(provider: Provider) -> None:
    user_id = new_id()
    await provider.fill(user_id, 1)
    await provider.withdraw()
    with pytest.raises(ProductUnavailable) as refused:
        await provider.cart.claim(new_id(), user_id=user_id, cart_token=None)
    (item,) = refused.value.extra["items"]
    assert item["product_id"]


async def claimed(provider: Provider) -> str:
    user_id, order_id = new_id(), new_id()
    await provider.fill(user_id, 1)
    await provider.cart.claim(order_id, user_id=user_id, cart_token=None)
    return order_id


async def test_claims_are_listed_while_an_order_has_the_cart_and_found_always(
    provider: Provider,
) -> None:
    open_, converted, released, tombstone = [*[await claimed(provider) for _ in range(3)], new_id()]
    await provider.cart.consume(converted)
    await provider.cart.release(released)
    await provider.cart.release(tombstone)
    assert list((await provider.cart.list_claims()).items()) == [
        (open_, "claimed"),
        (converted, "converted"),
    ]
    assert await provider.cart.list_claims(open_) == {converted: "converted"}
    assert await provider.cart.list_claims(converted) == {}
    found = await provider.cart.find_claims([open_, converted, released, tombstone, new_id()])
    states = ("claimed", "converted", "released", "released")
    assert found == dict(zip((open_, converted, released, tombstone), states, strict=True))


async def test_pages_end_and_many_are_found_at_once(provider: Provider) -> None:
    orders = [await claimed(provider) for _ in range(102)]
    first = await provider.cart.list_claims()
    second = await provider.cart.list_claims(list(first)[-1])
    assert [*first, *second] == orders
    assert second and await provider.cart.list_claims(list(second)[-1]) == {}
    many = [*(new_id() for _ in range(300)), *orders]
    assert await provider.cart.find_claims(many) == dict.fromkeys(orders, "claimed")
    assert await provider.cart.find_claims([]) == {}
