"""Part E of the threats: many buyers at once, on four real services."""

import asyncio
from collections import Counter

import pytest

from shopkit.ids import new_id
from tests.shop_clients import Guest, Staff
from tests.shop_invariants import check_invariants
from tests.shop_processes import ShopProcesses


async def guest_with(shop: ShopProcesses, *products: str, quantity: int = 1) -> Guest:
    guest = Guest(shop)
    for product in products:
        answer = await guest.add(product, quantity)
        assert answer.status_code == 201, answer.text
    return guest


async def test_e1_fifty_buyers_and_ten_units(shop: ShopProcesses, staff: Staff) -> None:
    product = await staff.product(stock=10)
    guests = await asyncio.gather(*(guest_with(shop, product) for _ in range(50)))
    answers = await asyncio.gather(*(guest.insist(new_id()) for guest in guests))
    assert Counter(answer.status_code for answer in answers) == {201: 10, 409: 40}
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert {problem["code"] for problem in refused} == {"insufficient_stock"}
    item = {"product_id": product, "requested": 1, "available": 0}
    assert all(problem["items"] == [item] for problem in refused)
    numbers = {answer.json()["number"] for answer in answers if answer.status_code == 201}
    assert len(numbers) == 10
    assert (await staff.stock(product))["on_hand"] == 0
    await check_invariants(shop, guests)


async def test_e3_opposite_carts_do_not_wait_in_a_circle(shop: ShopProcesses, staff: Staff) -> None:
    a, b = await staff.product(stock=1000), await staff.product(stock=1000)
    there = [await guest_with(shop, a, b) for _ in range(32)]
    back = [await guest_with(shop, b, a) for _ in range(32)]
    mixed = [guest for pair in zip(there, back, strict=True) for guest in pair]
    answers = await asyncio.gather(*(guest.order(key=new_id()) for guest in mixed))
    assert Counter(answer.status_code for answer in answers) == {201: 64}
    assert (await staff.stock(a))["on_hand"] == (await staff.stock(b))["on_hand"] == 1000 - 64
    await check_invariants(shop, mixed)


async def test_e4_one_key_a_hundred_times_at_once(shop: ShopProcesses, staff: Staff) -> None:
    guest, key = await guest_with(shop, await staff.product(stock=100)), new_id()
    answers = await asyncio.gather(*(guest.order(key=key) for _ in range(100)))
    for answer in answers:
        in_progress = answer.status_code == 409 and answer.headers["retry-after"] == "1"
        assert answer.status_code == 201 or in_progress, answer.text
    placed = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.content for answer in placed}) == 1
    fresh = [answer for answer in placed if "idempotent-replayed" not in answer.headers]
    assert len(fresh) <= 1
    assert (await guest.insist(key)).content == placed[0].content
    await check_invariants(shop, [guest])


async def test_e5_keys_belong_to_one_caller_and_payload(shop: ShopProcesses, staff: Staff) -> None:
    product, key = await staff.product(stock=100), new_id()
    ada, bob = await guest_with(shop, product), await guest_with(shop, product)
    first, other = await ada.insist(key), await bob.insist(key)
    assert (first.status_code, other.status_code) == (201, 201)
    assert first.json()["id"] != other.json()["id"]
    again = await ada.order(key=key, payload={"note": "something else"})
    assert (again.status_code, again.json()["code"]) == (422, "idempotency_key_reused")
    await check_invariants(shop, [ada, bob])


@pytest.mark.parametrize("keys", [2, 0], ids=["two keys", "no key"])
async def test_e7_one_cart_makes_one_order(shop: ShopProcesses, staff: Staff, keys: int) -> None:
    guest = await guest_with(shop, await staff.product(stock=100))
    requests = [guest.order(key=new_id() if keys else None) for _ in range(2)]
    won, lost = sorted(await asyncio.gather(*requests), key=lambda answer: answer.status_code)
    assert (won.status_code, lost.status_code) == (201, 409)
    assert lost.json()["code"] == "cart_already_checked_out"
    assert lost.json()["order_id"] == won.json()["id"]
    await check_invariants(shop, [guest])


async def test_e8_the_price_is_todays_and_the_cart_is_locked(
    shop: ShopProcesses, staff: Staff
) -> None:
    product = await staff.product(stock=100, price=1000)
    guest = await guest_with(shop, product, quantity=2)
    shown = (await guest.cart())["total"]
    await staff.set_price(product, 1100)
    refused = await guest.order(key=new_id(), payload={"expected_total": shown})
    assert (refused.status_code, refused.json()["code"]) == (409, "price_changed")
    assert refused.json()["total"] == {"amount": 2200, "currency": "USD"}
    assert (await staff.stock(product))["reserved"] == 0
    agreed = {"expected_total": refused.json()["total"]}
    order = (await guest.order(key=new_id(), payload=agreed)).json()
    assert order["items"][0]["unit_price"] == {"amount": 1100, "currency": "USD"}
    await staff.set_price(product, 9900)
    assert (await guest.get(order["id"])).json() == order, "what was bought does not change"
    await check_invariants(shop, [guest])


async def test_a_cart_is_empty_after_its_order_and_can_be_filled_again(
    shop: ShopProcesses, staff: Staff
) -> None:
    product = await staff.product(stock=100)
    guest = await guest_with(shop, product)
    for _ in range(3):
        assert (await guest.order(key=new_id())).status_code == 201
        assert (await guest.cart())["items"] == []
        assert (await guest.add(product)).status_code == 201
    await check_invariants(shop, [guest])


async def test_twenty_cancel_one_order_at_once(shop: ShopProcesses, staff: Staff) -> None:
    product = await staff.product(stock=10)
    guest = await guest_with(shop, product, quantity=3)
    order_id = (await guest.insist(new_id())).json()["id"]
    answers = await asyncio.gather(*(guest.cancel(order_id) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert (await staff.stock(product))["on_hand"] == 10
    await check_invariants(shop, [guest])
