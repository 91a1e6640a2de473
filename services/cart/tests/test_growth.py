"""What a year of visitors leaves behind does not grow (docs/growth.md)."""

import pytest

from cart.erasing import erase
from cart.models import erasure, metadata
from cart.worker import Sweeper
from services.cart.tests.conftest import Shop
from shopkit.erasure import Eraser
from shopkit.growth_checks import row_counts
from shopkit.ids import new_id

SETTLED, LATER = 6, 10
"""Months. What lives longest, a user's cart and one that was ordered, lives 90 days."""


@pytest.fixture(autouse=True)
def _nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's own eraser would come in between on a slow machine."""
    monkeypatch.setattr("shopkit.erasure.EVERY_SECONDS", 3600)


async def leave(shop: Shop, product: str) -> None:
    """Somebody's cart and a guest's, one with something in it and one without."""
    await shop.user().add(product, idempotency_key="left")
    for guest in (shop.guest(), shop.guest()):
        await guest.add(product)
    await guest.remove(product)


async def log_in(shop: Shop, product: str, ada_id: str) -> None:
    """With a guest's cart, to somebody who comes every month and to somebody who came once."""
    for user in (shop.user(ada_id), shop.user()):
        guest = shop.guest()
        await guest.add(product)
        merged = await user.merge(guest.token, idempotency_key=guest.token)
        assert merged.status_code == 200, merged.text
    await shop.user(ada_id).send("DELETE")


async def check_out(shop: Shop, product: str) -> None:
    """Ordered; given up; given up before it began; and given up by who leaves the cart there."""
    for _ in range(2):
        buyer, order = shop.guest(), new_id()
        await buyer.add(product)
        assert (await shop.claim(order, buyer)).status_code == 200
        await shop.release(order)
        await shop.release(new_id())
    order = new_id()
    assert (await shop.claim(order, buyer)).status_code == 200
    assert (await shop.consume(order)).json()["status"] == "converted"


async def leave_for_good(shop: Shop, product: str) -> None:
    """Somebody who ordered, has a cart, and deletes the account."""
    leaving, order = shop.user(), new_id()
    await leaving.add(product, idempotency_key="ordered")
    assert (await shop.claim(order, leaving)).status_code == 200
    await shop.consume(order)
    guest = shop.guest()
    await guest.add(product)
    await leaving.merge(guest.token)
    shop.auth.delete_user(leaving.id)


async def test_c20_nothing_grows_from_month_to_month(shop: Shop) -> None:
    sweeper = Sweeper(shop.service.public.state.context)
    eraser = Eraser(shop.database, erasure, shop.auth.client, erase, shop.clock)
    product, ada_id = shop.catalog.add(available=1000), new_id()
    seen: dict[int, dict[str, int]] = {}
    for month in range(1, LATER + 1):
        await leave(shop, product)
        await log_in(shop, product, ada_id)
        await check_out(shop, product)
        await leave_for_good(shop, product)
        await eraser.work()
        seen[month] = await shop.database.read(row_counts, metadata)
        shop.clock.advance(days=30)
        await eraser.work()
        await sweeper.drain()
    assert {name for name, count in seen[SETTLED].items() if not count} == set()
    assert seen[LATER] == seen[SETTLED]
