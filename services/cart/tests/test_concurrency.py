"""Many tabs, many copies of the service: nothing that was answered is lost."""

import asyncio

from sqlalchemy import Connection, func, select

from cart.models import carts
from services.cart.tests.conftest import Shop, Shopper
from shopkit.ids import new_id


def count_carts(conn: Connection) -> int:
    return conn.execute(select(func.count()).select_from(carts)).scalar_one()


async def test_tabs_adding_the_same_product_sum_up(shop: Shop, copy: Shop) -> None:
    ada, product = shop.user(), shop.catalog.add(available=1000)
    twin = Shopper(copy.http, ada.headers)
    answers = await asyncio.gather(*(tab.add(product) for _ in range(20) for tab in (ada, twin)))
    assert [answer.status_code for answer in answers] == [201] * 40
    assert sorted(answer.json()["items"][0]["quantity"] for answer in answers) == [*range(1, 41)]
    assert sorted(answer.json()["version"] for answer in answers) == [*range(1, 41)]
    assert await ada.quantities() == {product: 40}
    assert await shop.database.read(count_carts) == 1


async def test_tabs_adding_different_products_all_get_in(shop: Shop, copy: Shop) -> None:
    ada = shop.user()
    twin = Shopper(copy.http, ada.headers)
    products = [shop.catalog.add() for _ in range(40)]
    tabs = (ada, twin) * 20
    answers = await asyncio.gather(
        *(tab.add(product) for tab, product in zip(tabs, products, strict=True))
    )
    assert [answer.status_code for answer in answers] == [201] * 40
    assert await ada.quantities() == dict.fromkeys(products, 1)


async def test_e2_stock_holds_for_the_sum_of_all_tabs(shop: Shop, copy: Shop) -> None:
    ada, product = shop.user(), shop.catalog.add(available=7)
    twin = Shopper(copy.http, ada.headers)
    answers = await asyncio.gather(*(tab.add(product) for _ in range(10) for tab in (ada, twin)))
    assert sorted(answer.status_code for answer in answers) == [201] * 7 + [409] * 13
    assert await ada.quantities() == {product: 7}


async def test_one_if_match_lets_one_of_many_through(shop: Shop, copy: Shop) -> None:
    ada, product = shop.user(), shop.catalog.add()
    twin = Shopper(copy.http, ada.headers)
    tag = (await ada.add(product)).headers["etag"]
    answers = await asyncio.gather(
        *(tab.set(product, n, If_Match=tag) for n in range(2, 10) for tab in (ada, twin))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 15


async def test_one_key_sent_many_times_adds_once(shop: Shop, copy: Shop) -> None:
    ada, product = shop.user(), shop.catalog.add()
    twin = Shopper(copy.http, ada.headers)
    answers = await asyncio.gather(
        *(tab.add(product, 2, Idempotency_Key="k") for _ in range(10) for tab in (ada, twin))
    )
    assert len({answer.content for answer in answers}) == 1
    assert await ada.quantities() == {product: 2}


async def test_i4_writes_and_claims_at_once_agree(shop: Shop, copy: Shop) -> None:
    """Every add that was answered 201 is in the snapshot; all others heard `cart_locked`."""
    ada, product, order = shop.user(), shop.catalog.add(available=1000), new_id()
    twin = Shopper(copy.http, ada.headers)
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


async def test_e7_many_orders_at_two_copies_get_one_cart(shop: Shop, copy: Shop) -> None:
    ada = shop.user()
    await ada.add(shop.catalog.add())
    claims = [place.claim(new_id(), ada) for _ in range(10) for place in (shop, copy)]
    answers = await asyncio.gather(*claims)
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19


async def test_one_order_at_two_copies_gets_one_answer(shop: Shop, copy: Shop) -> None:
    ada, order = shop.user(), new_id()
    await ada.add(shop.catalog.add())
    claims = [place.claim(order, ada) for _ in range(5) for place in (shop, copy)]
    answers = await asyncio.gather(*claims)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1


async def test_a_merge_at_two_copies_happens_once(shop: Shop, copy: Shop) -> None:
    ada, guest = shop.user(), shop.guest()
    products = [shop.catalog.add() for _ in range(3)]
    for product in products:
        await guest.add(product, 2)
    twin = Shopper(copy.http, ada.headers)
    answers = await asyncio.gather(
        *(tab.merge(guest.token) for _ in range(5) for tab in (ada, twin))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({str(answer.json()["report"]) for answer in answers}) == 1
    assert await ada.quantities() == dict.fromkeys(products, 2)


async def test_nothing_added_during_a_merge_is_lost(shop: Shop, copy: Shop) -> None:
    ada, guest, product = shop.user(), shop.guest(), shop.catalog.add(available=1000)
    await guest.add(product)
    twin = Shopper(copy.http, dict(guest.headers))
    added, merged, *_ = await asyncio.gather(
        twin.add(product, 5), ada.merge(guest.token), ada.add(product, 10)
    )
    mine, theirs = await ada.quantities(), await twin.quantities()
    assert {added.status_code, merged.status_code} <= {200, 201}
    assert mine[product] + theirs.get(product, 0) == 16


async def test_two_first_writes_of_a_guest_with_an_old_token_share_a_cart(
    shop: Shop, copy: Shop
) -> None:
    guest, product, order = shop.guest(), shop.catalog.add(), new_id()
    await guest.add(product)
    await shop.claim(order, guest)
    await shop.consume(order)
    twin = Shopper(copy.http, dict(guest.headers))
    await asyncio.gather(*(tab.add(product) for _ in range(3) for tab in (guest, twin)))
    assert guest.token == twin.token
    assert await guest.quantities() == {product: 6}
