"""Questions of one moment go together; answers are never older than the question."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace

import pytest

from cart.clients.catalog import Catalog
from cart.clients.coalescing import MOST_IDS, CoalescingCatalog
from cart.domain import Offers
from services.cart.tests.conftest import Shop
from services.cart.tests.fake_catalog import FakeCatalog
from shopkit.errors import Unavailable


class Slow(FakeCatalog):
    """Looks at its offers at once, and tells when `gate` opens."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()

    async def find_offers(self, product_ids: object) -> Offers:
        found = await super().find_offers(product_ids)  # type: ignore[arg-type]
        await self.gate.wait()
        return found


async def test_questions_of_one_moment_are_one() -> None:
    fake = FakeCatalog()
    products = [fake.add() for _ in range(6)]
    catalog = CoalescingCatalog(fake)
    pairs = [products[n : n + 2] for n in range(5)]
    answers = await asyncio.gather(*(catalog.find_offers(pair) for pair in pairs))
    assert fake.calls == [sorted(products)]
    assert all(set(pair) <= set(answer) for pair, answer in zip(pairs, answers, strict=True))


async def test_no_question_asks_for_more_than_catalog_answers() -> None:
    fake = FakeCatalog()
    catalog = CoalescingCatalog(fake)
    carts = [[fake.add() for _ in range(90)] for _ in range(5)]
    answers = await asyncio.gather(*(catalog.find_offers(cart) for cart in carts))
    assert [len(call) for call in fake.calls] == [180, 180, 90]
    assert max(len(call) for call in fake.calls) <= MOST_IDS
    assert all(set(cart) <= set(answer) for cart, answer in zip(carts, answers, strict=True))


async def test_who_asks_later_gets_a_later_answer() -> None:
    slow = Slow()
    product, catalog = slow.add(amount=1), CoalescingCatalog(slow)
    first = asyncio.create_task(catalog.find_offers([product]))
    while not slow.calls:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    slow.change(product, amount=2)
    second = asyncio.create_task(catalog.find_offers([product]))
    await asyncio.sleep(0.01)
    slow.gate.set()
    assert (await first)[product].amount == 1
    assert (await second)[product].amount == 2


async def test_who_hangs_up_takes_the_answer_from_nobody() -> None:
    slow = Slow()
    product, catalog = slow.add(), CoalescingCatalog(slow)
    leaving, staying = (asyncio.create_task(catalog.find_offers([product])) for _ in range(2))
    await asyncio.sleep(0.01)
    leaving.cancel()
    slow.gate.set()
    assert product in await staying
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_a_failure_reaches_everyone_and_nobody_after_it() -> None:
    fake = FakeCatalog()
    product, catalog = fake.add(), CoalescingCatalog(fake)
    fake.down = True
    asked = (catalog.find_offers([product]) for _ in range(3))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * 3
    fake.down = False
    assert product in await catalog.find_offers([product])


class Together:
    """Lets questions through once there are `count` of them, however late the last one comes."""

    def __init__(self, catalog: Catalog, count: int) -> None:
        self._catalog, self._missing, self._all = catalog, count, asyncio.Event()

    async def find_offers(self, product_ids: Iterable[str]) -> Offers:
        self._missing -= 1
        if self._missing == 0:
            self._all.set()
        await self._all.wait()
        return await self._catalog.find_offers(product_ids)


async def test_carts_of_one_moment_share_a_call(shop: Shop) -> None:
    state = shop.service.public.state
    state.context = replace(state.context, catalog=Together(state.context.catalog, 10))
    shoppers = [shop.user() for _ in range(10)]
    products = [shop.catalog.add() for _ in range(10)]
    answers = await asyncio.gather(
        *(shopper.add(product) for shopper, product in zip(shoppers, products, strict=True))
    )
    for product, answer in zip(products, answers, strict=True):
        assert [item["product_id"] for item in answer.json()["items"]] == [product]
    assert shop.catalog.calls == [sorted(products)]
