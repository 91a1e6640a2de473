"""What becomes of the carts of who has deleted the account."""

from typing import Any

import pytest
from sqlalchemy import Connection, select, text

from cart import erasing
from cart.erasing import erase
from cart.models import cart_merges, carts, claims, erasure, idempotency_keys
from services.cart.tests.conftest import Shop, Shopper
from shopkit.erasure import Eraser
from shopkit.ids import new_id


@pytest.fixture(autouse=True)
def _nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's own eraser would come in between on a slow machine."""
    monkeypatch.setattr("shopkit.erasure.EVERY_SECONDS", 3600)


def eraser(shop: Shop) -> Eraser:
    return Eraser(shop.database, erasure, shop.auth.client, erase, shop.clock)


async def named(shop: Shop, who: Shopper) -> int:
    """How many rows still name them."""

    def count(conn: Any) -> int:
        tables = (carts, claims, cart_merges, idempotency_keys, erasure.erasures)
        rows = [str(row) for table in tables for row in conn.execute(select(table))]
        return sum(who.id in row for row in rows)

    return await shop.database.read(count)


async def test_carts_go_and_those_of_orders_become_nobodys(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "BATCH", 1)
    ada, bob, guest, mug = shop.user(), shop.user(), shop.guest(), shop.catalog.add(available=99)
    placed = [new_id(), new_id()]
    for order_id in placed:
        await ada.add(mug, 1, idempotency_key=order_id)
        await shop.claim(order_id, ada)
        await shop.call("POST", f"/internal/claims/{order_id}/consume")
    await guest.add(mug)
    await ada.merge(guest.token)
    await bob.add(mug, 2)
    shop.auth.delete_user(ada.id)
    await eraser(shop).work()
    assert await named(shop, ada) == 1, "the note, until no token can be alive"
    claimed = (await shop.call("GET", "/internal/claims")).json()["items"]
    assert [(one["order_id"], one["status"]) for one in claimed] == [
        (order_id, "converted") for order_id in placed
    ], "orders finds its carts"
    assert await bob.quantities() == {mug: 2}
    shop.clock.advance(hours=2)
    await eraser(shop).work()
    assert await named(shop, ada) == 0


@pytest.mark.parametrize("end", ["consume", "release"])
async def test_a_cart_in_checkout_is_kept_until_the_order_has_come_to_an_end(
    shop: Shop, end: str
) -> None:
    ada, mug, order_id = shop.user(), shop.catalog.add(), new_id()
    await ada.add(mug)
    snapshot = (await shop.claim(order_id, ada)).json()
    shop.auth.delete_user(ada.id)
    await eraser(shop).work()
    assert (await shop.claim(order_id, ada)).json() == snapshot, "orders repeats what got lost"
    await shop.call("POST", f"/internal/claims/{order_id}/{end}")
    for _ in range(2):
        shop.clock.advance(hours=2)
        await eraser(shop).work()
    assert await named(shop, ada) == 0


async def test_erasing_one_user_does_not_read_everybodys_merges(shop: Shop) -> None:
    if shop.database.dialect != "sqlite":
        pytest.skip("PostgreSQL's plan depends on what is in the table")

    def plan(conn: Connection) -> str:
        sought = text("EXPLAIN QUERY PLAN DELETE FROM cart_merges WHERE merged_by = 'user:1'")
        return str(conn.execute(sought).all())

    assert "ix_cart_merges_merged_by (merged_by=?)" in await shop.database.read(plan)
