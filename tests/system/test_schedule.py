"""Backorder and scheduled prices, on four real services."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from shopkit.ids import new_id
from tests.shop_clients import Guest, Staff
from tests.shop_invariants import check_invariants
from tests.shop_processes import ShopProcesses


def usd(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "USD"}


def later(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


async def send(shop: ShopProcesses, staff: Staff, method: str, path: str, body: Any) -> Any:
    answer = await shop.client("catalog").request(method, path, json=body, headers=staff.headers)
    assert answer.is_success, answer.text
    return answer.json()


async def price(shop: ShopProcesses, product: str) -> int:
    answer = await shop.client("catalog").get(f"/api/products/{product}")
    return int(answer.json()["price"]["amount"])


async def until(shop: ShopProcesses, product: str, amount: int) -> None:
    async with asyncio.timeout(20):
        while await price(shop, product) != amount:
            await asyncio.sleep(0.1)


async def test_many_buy_what_is_not_there_and_one_changes_his_mind(
    shop: ShopProcesses, staff: Staff
) -> None:
    product = await staff.product(stock=2)
    guests = [Guest(shop) for _ in range(6)]
    assert (await guests[0].add(product, 3)).json()["code"] == "insufficient_stock"
    await send(shop, staff, "PATCH", f"/api/products/{product}/stock", {"backorder": True})
    for guest in guests:
        assert (await guest.add(product, 3)).status_code == 201
        assert (await guest.cart())["warnings"] == []
    answers = await asyncio.gather(*(guest.insist(new_id()) for guest in guests))
    assert {answer.status_code for answer in answers} == {201}
    assert (await guests[0].cancel(answers[0].json()["id"])).status_code == 200
    await check_invariants(shop, guests)
    stock = await staff.stock(product)
    assert (stock["on_hand"], stock["reserved"], stock["available"]) == (2 - 15, 0, -13)


async def test_carts_and_checkout_follow_a_scheduled_price_though_catalog_is_killed(
    shop: ShopProcesses, staff: Staff
) -> None:
    product, guest = await staff.product(stock=9, price=2000), Guest(shop)
    assert (await guest.add(product)).status_code == 201
    path = f"/api/products/{product}/price-changes"
    await send(shop, staff, "POST", path, {"price": usd(1500), "starts_at": later(3)})
    await until(shop, product, 1500)
    cart = await guest.cart()
    assert [one["code"] for one in cart["warnings"]] == ["price_changed"]
    order = (await guest.insist(new_id(), {"expected_total": cart["total"]})).json()
    assert order["items"][0]["unit_price"] == usd(1500)
    await send(shop, staff, "POST", path, {"price": usd(2000), "starts_at": later(3)})
    await shop.kill("catalog")
    await asyncio.sleep(3)
    await shop.start("catalog")
    await until(shop, product, 2000)
    found = await shop.client("catalog").get(
        f"/api/products/{product}/prices", headers=staff.headers
    )
    assert [one["price"] for one in found.json()["items"]] == [usd(2000), usd(1500), usd(2000)]
    await check_invariants(shop, [guest])
