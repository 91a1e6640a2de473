"""What customers take along."""

from typing import Any

import pytest

from orders import export
from services.orders.tests.shop import Customer, Shop
from services.orders.tests.test_addresses import add, call


async def exported(who: Customer) -> dict[str, Any]:
    answer = await who.get("/export")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"] == 'attachment; filename="orders.json"'
    return dict(answer.json())


async def test_an_export_has_every_order_whole_and_the_address_book(shop: Shop) -> None:
    tea = shop.catalog.add()
    ada, paid, staff = await shop.shipped((tea, 2), token="ok")
    await staff.post(f"/{paid['id']}/returns", {"reason": "Too small"})
    item = {"product_id": paid["items"][0]["product_id"], "quantity": 1}
    await staff.post(f"/{paid['id']}/refunds", {"items": [item]})
    await add(ada)
    failed = await ada.order()
    assert failed.status_code == 409
    found = await exported(ada)
    assert [order["status"] for order in found["orders"]] == ["completed", "failed"]
    assert found["orders"][0] == (await ada.get(f"/{paid['id']}")).json()
    parts = ("timeline", "payments", "refunds", "returns", "fulfillments")
    assert all(found["orders"][0][part] for part in parts)
    assert found["addresses"] == (await call(ada, "GET")).json()["items"]


@pytest.mark.parametrize("options", [{"most_unpaid": 0}])
@pytest.mark.parametrize("count", [0, 1, 4, 5])
async def test_however_many_there_are_each_is_in_it_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(export, "PAGE", 2)
    ada = shop.user()
    for _ in range(count):
        shop.fill(ada, (shop.catalog.add(), 1))
        assert (await ada.order()).status_code == 201
        await add(ada)
    found = await exported(ada)
    assert [order["id"] for order in found["orders"]] == await shop.ids()
    assert len({address["id"] for address in found["addresses"]}) == count


async def test_b1_b7_an_export_has_nothing_of_others(shop: Shop) -> None:
    ada, _, staff = await shop.shipped((shop.catalog.add(), 1))
    await add(ada)
    mallory = shop.user("orders:read", "orders:write", email="mallory@example.com")
    found = await exported(mallory)
    assert (found["addresses"], found["orders"]) == ([], [])
    own = await exported(ada)
    assert all(entry["by"] is None for entry in own["orders"][0]["timeline"])
    assert staff.cart_owner not in (await ada.get("/export")).text
    assert (await shop.guest().get("/export")).status_code == 401
