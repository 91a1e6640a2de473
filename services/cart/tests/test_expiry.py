"""Carts that nobody touches go; carts in checkout never do."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select

from cart.context import new_context
from cart.models import cart_lines, carts, claims, idempotency_keys
from cart.settings import CartSettings
from cart.worker import BATCH, Sweeper, delete_expired
from services.cart.tests.conftest import Shop
from shopkit.ids import new_id


def counts(conn: Connection) -> dict[str, int]:
    tables = (carts, cart_lines, claims, idempotency_keys)
    return {
        table.name: conn.execute(select(func.count()).select_from(table)).scalar_one()
        for table in tables
    }


@pytest.fixture
def sweeper(shop: Shop, settings: CartSettings) -> Sweeper:
    context = new_context(settings, shop.catalog, shop.catalog, shop.clock)
    return Sweeper(replace(context, database=shop.database))


async def left(shop: Shop, sweeper: Sweeper) -> int:
    await sweeper.drain()
    return (await shop.database.read(counts))["carts"]


async def test_a_user_s_cart_lives_90_days_after_its_last_change(
    shop: Shop, sweeper: Sweeper
) -> None:
    ada, product = shop.user(), shop.catalog.add()
    await ada.add(product)
    shop.clock.advance(days=89)
    assert await ada.quantities() == {product: 1}
    await ada.add(product)
    shop.clock.advance(days=89)
    assert await left(shop, sweeper) == 1
    assert await ada.quantities() == {product: 2}
    shop.clock.advance(days=1)
    assert await ada.quantities() == {}
    assert await left(shop, sweeper) == 0
    assert (await shop.database.read(counts))["cart_lines"] == 0


async def test_a_guest_s_cart_lives_30_days_and_an_empty_one_6_hours(
    shop: Shop, sweeper: Sweeper
) -> None:
    guest, product = shop.guest(), shop.catalog.add()
    await guest.add(product)
    shop.clock.advance(days=29)
    await guest.remove(product)
    shop.clock.advance(hours=5)
    assert await left(shop, sweeper) == 1
    shop.clock.advance(hours=1)
    assert await left(shop, sweeper) == 0


@pytest.mark.parametrize("swept", [True, False])
async def test_an_expired_token_starts_anew_with_a_new_token(
    shop: Shop, sweeper: Sweeper, swept: bool
) -> None:
    guest, product = shop.guest(), shop.catalog.add()
    await guest.add(product, 3)
    old = guest.token
    shop.clock.advance(days=30)
    if swept:
        await sweeper.drain()
    assert await guest.quantities() == {}
    await guest.add(product)
    assert guest.token != old
    assert await guest.quantities() == {product: 1}


async def test_a_user_writes_over_an_expired_cart_that_was_not_swept(shop: Shop) -> None:
    ada, product = shop.user(), shop.catalog.add()
    old = (await ada.add(product, 3)).json()
    shop.clock.advance(days=90)
    new = (await ada.add(product)).json()
    assert new["id"] != old["id"]
    assert await ada.quantities() == {product: 1}
    assert (await shop.database.read(counts))["carts"] == 1


async def test_a_claimed_cart_never_expires(shop: Shop, sweeper: Sweeper) -> None:
    guest, product, order = shop.guest(), shop.catalog.add(), new_id()
    await guest.add(product)
    await shop.claim(order, guest)
    shop.clock.advance(days=1000)
    assert await left(shop, sweeper) == 1
    assert (await guest.add(product)).json()["code"] == "cart_locked"
    await shop.release(order)
    assert await left(shop, sweeper) == 1
    assert await guest.quantities() == {product: 1}


async def test_e11_a_converted_cart_outlives_the_keys_of_orders(
    shop: Shop, sweeper: Sweeper
) -> None:
    guest, order = shop.guest(), new_id()
    await guest.add(shop.catalog.add())
    await shop.claim(order, guest)
    await shop.consume(order)
    shop.clock.advance(days=31)
    await sweeper.drain()
    again = await shop.claim(new_id(), guest)
    assert (again.status_code, again.json()["code"]) == (409, "cart_already_checked_out")
    shop.clock.advance(days=59)
    assert await left(shop, sweeper) == 0
    assert (await shop.database.read(counts))["claims"] == 0


async def test_a_tombstone_stays_90_days(shop: Shop, sweeper: Sweeper) -> None:
    guest, product, order = shop.guest(), shop.catalog.add(), new_id()
    await guest.add(product)
    await shop.claim(order, guest)
    await shop.release(order)
    await guest.remove(product)
    shop.clock.advance(days=89)
    assert await left(shop, sweeper) == 0
    await guest.add(product)
    assert (await shop.claim(order, guest)).status_code == 410
    shop.clock.advance(days=1)
    await sweeper.drain()
    assert (await shop.database.read(counts))["claims"] == 0


async def test_keys_go_after_30_days(shop: Shop, sweeper: Sweeper) -> None:
    ada, product = shop.user(), shop.catalog.add()
    await ada.add(product, Idempotency_Key="k")
    shop.clock.advance(days=29)
    await sweeper.drain()
    assert (await shop.database.read(counts))["idempotency_keys"] == 1
    shop.clock.advance(days=1)
    await sweeper.drain()
    assert (await shop.database.read(counts))["idempotency_keys"] == 0


async def test_c20_many_expired_carts_go_in_batches(shop: Shop, sweeper: Sweeper) -> None:
    now = shop.clock.now()
    row: dict[str, Any] = {"state": "open", "version": 1, "created_at": now, "expires_at": now}

    def fill(conn: Connection) -> None:
        rows = [{"id": new_id(), "owner": f"guest:{new_id()}", **row} for _ in range(BATCH + 5)]
        conn.execute(insert(carts), rows)

    await shop.database.run(fill)
    assert await shop.database.run(delete_expired, now=now, limit=BATCH) == BATCH
    await shop.database.run(fill)
    assert await sweeper.drain() == BATCH + 10
    assert await sweeper.drain() == 0
