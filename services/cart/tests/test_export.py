"""What users take along."""

from typing import Any

import pytest

from cart import export
from services.cart.tests.conftest import Shop, Shopper
from shopkit.ids import new_id


async def exported(who: Shopper) -> list[dict[str, Any]]:
    answer = await who.send("GET", "/export")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"] == 'attachment; filename="cart.json"'
    return list(answer.json()["carts"])


async def test_an_export_has_the_cart_and_those_that_became_orders(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE", 2)
    ada, mug = shop.user(), shop.catalog.add(sku="MUG", amount=1250, available=9)
    orders = [new_id(), new_id()]
    for order_id in orders:
        await ada.add(mug, 2)
        await shop.claim(order_id, ada)
        await shop.call("POST", f"/internal/claims/{order_id}/consume")
    await ada.add(mug, 3)
    shop.catalog.down = True
    carts = await exported(ada)
    assert [cart["state"] for cart in carts] == ["converted", "converted", "open"]
    assert [cart["order_id"] for cart in carts] == [*orders, None]
    (item,) = carts[-1]["items"]
    assert (item["sku"], item["quantity"], item["added_price"]["amount"]) == ("MUG", 3, 1250)


async def test_b1_an_export_has_nothing_of_others(shop: Shop) -> None:
    ada, mallory, guest = shop.user(), shop.user(), shop.guest()
    mug = shop.catalog.add()
    await ada.add(mug)
    await guest.add(mug)
    assert await exported(mallory) == []
    assert len(await exported(ada)) == 1
    assert (await guest.send("GET", "/export")).status_code == 401
