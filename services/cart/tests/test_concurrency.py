"""Many tabs, many copies of the service: nothing that was answered is lost."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from sqlalchemy import Connection, func, select

from cart.main import build
from cart.models import carts
from cart.settings import CartSettings
from services.cart.tests.conftest import Shop, Shopper
from shopkit.ids import new_id
from shopkit.testing import running


def count_carts(conn: Connection) -> int:
    return conn.execute(select(func.count()).select_from(carts)).scalar_one()


@pytest.fixture
async def copy(shop: Shop, settings: CartSettings) -> AsyncIterator[httpx2.AsyncClient]:
    """A second copy of the service on the same database (PostgreSQL), or the same one again."""
    if shop.database.dialect == "sqlite":
        yield shop.http
        return
    async with running(build(settings, catalog=shop.catalog, clock=shop.clock)) as (http, _):
        yield http


async def test_tabs_adding_the_same_product_sum_up(shop: Shop, copy: httpx2.AsyncClient) -> None:
    ada, product = shop.user(), shop.catalog.add(available=1000)
    twin = Shopper(copy, ada.headers)
    answers = await asyncio.gather(*(tab.add(product) for _ in range(20) for tab in (ada, twin)))
    assert [answer.status_code for answer in answers] == [201] * 40
    assert sorted(answer.json()["items"][0]["quantity"] for answer in answers) == [*range(1, 41)]
    assert sorted(answer.json()["version"] for answer in answers) == [*range(1, 41)]
    assert await ada.quantities() == {product: 40}
    assert await shop.database.read(count_carts) == 1


async def test_tabs_adding_different_products_all_get_in(
    shop: Shop, copy: httpx2.AsyncClient
) -> None:
    ada = shop.user()
    twin = Shopper(copy, ada.headers)
    products = [shop.catalog.add() for _ in range(40)]
    tabs = (ada, twin) * 20
    answers = await asyncio.gather(
        *(tab.add(product) for tab, product in zip(tabs, products, strict=True))
    )
    assert [answer.status_code for answer in answers] == [201] * 40
    assert await ada.quantities() == dict.fromkeys(products, 1)


async def test_e2_stock_holds_for_the_sum_of_all_tabs(shop: Shop, copy: httpx2.AsyncClient) -> None:
    ada, product = shop.user(), shop.catalog.add(available=7)
    twin = Shopper(copy, ada.headers)
    answers = await asyncio.gather(*(tab.add(product) for _ in range(10) for tab in (ada, twin)))
    assert sorted(answer.status_code for answer in answers) == [201] * 7 + [409] * 13
    assert await ada.quantities() == {product: 7}


async def test_one_if_match_lets_one_of_many_through(shop: Shop, copy: httpx2.AsyncClient) -> None:
    ada, product = shop.user(), shop.catalog.add()
    twin = Shopper(copy, ada.headers)
    tag = (await ada.add(product)).headers["etag"]
    answers = await asyncio.gather(
        *(tab.set(product, n, If_Match=tag) for n in range(2, 10) for tab in (ada, twin))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 15


async def test_one_key_sent_many_times_adds_once(shop: Shop, copy: httpx2.AsyncClient) -> None:
    ada, product = shop.user(), shop.catalog.add()
    twin = Shopper(copy, ada.headers)
    answers = await asyncio.gather(
        *(tab.add(product, 2, Idempotency_Key="k") for _ in range(10) for tab in (ada, twin))
    )
    assert len({answer.content for answer in answers}) == 1
    assert await ada.quantities() == {product: 2}


async def test_i4_writes_and_claims_at_once_agree(shop: Shop, copy: httpx2.AsyncClient) -> None:
    """Every add that was answered 201 is in the snapshot; all others heard `cart_locked`."""
    ada, product, order = shop.user(), shop.catalog.add(available=1000), new_id()
    twin = Shopper(copy, ada.headers)
    await ada.add(product)
    adds = [tab.add(product) for _ in range(10) for tab in (ada, twin)]
    claim, *answers = await asyncio.gather(shop.claim(order, ada), *adds)
    added = sum(answer.status_code == 201 for answer in answers)
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert claim.json()["items"][0]["quantity"] == added + 1


async def test_claim_and_release_at_once_end_released(shop: Shop) -> None:
    ada, product = shop.user(), shop.catalog.add()
    for _ in range(20):
        order = new_id()
        await ada.add(product, 1) if not await ada.quantities() else None
        await asyncio.gather(shop.claim(order, ada), shop.release(order), shop.claim(order, ada))
        assert (await shop.release(order)).json()["status"] == "released"
        assert (await ada.set(product, 1)).status_code == 200
