"""E12, F2 and F12: clients that hang up, callees that die, and a stop in the middle."""

import asyncio
import json

from shopkit.ids import new_id
from tests.shop_clients import Guest, Staff
from tests.shop_invariants import check_invariants, query
from tests.shop_processes import ShopProcesses


async def send_and_hang_up(shop: ShopProcesses, guest: Guest, key: str) -> None:
    body = json.dumps({"email": "guest@example.com"}).encode()
    head = (
        "POST /api/orders HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n"
        f"X-Cart-Token: {guest.headers['x-cart-token']}\r\nIdempotency-Key: {key}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    _, writer = await asyncio.open_unix_connection(shop.socket("orders"))
    writer.write(head.encode() + body)
    await writer.drain()
    writer.transport.abort()


async def test_e12_a_client_that_hangs_up_still_has_an_order(
    shop: ShopProcesses, staff: Staff
) -> None:
    product = await staff.product(stock=100)
    guests = [Guest(shop) for _ in range(10)]
    for guest in guests:
        await guest.add(product)
        await send_and_hang_up(shop, guest, "hung-up")
    counted = f"SELECT count(*) FROM order_lines WHERE product_id = '{product}'"
    for _ in range(100):
        if (await query(shop.databases["orders"], counted))[0][0] == len(guests):
            break
        await asyncio.sleep(0.1)
    for guest in guests:
        answer = await guest.insist("hung-up")
        assert answer.status_code == 201, answer.text
    assert (await staff.stock(product))["on_hand"] == 90
    await check_invariants(shop, guests)


async def test_f2_a_checkout_outlives_cart_and_catalog(shop: ShopProcesses, staff: Staff) -> None:
    product = await staff.product(stock=100)
    for name in ("catalog", "cart"):
        guest, key = Guest(shop), new_id()
        assert (await guest.add(product)).status_code == 201
        await shop.kill(name)
        request = asyncio.create_task(guest.order(key=key))
        await asyncio.sleep(0.5)
        await shop.start(name)
        assert (await request).status_code in (201, 202)
        assert (await guest.insist(key)).status_code == 201
        await check_invariants(shop, [guest])


async def test_f12_a_stop_and_a_start_lose_nothing(shop: ShopProcesses, staff: Staff) -> None:
    product = await staff.product(stock=1000)
    guests = [Guest(shop) for _ in range(20)]
    for guest in guests:
        await guest.add(product)
    requests = [asyncio.create_task(guest.insist(new_id())) for guest in guests]
    await asyncio.sleep(0.02)
    await shop.stop("orders")
    await shop.start("orders")
    answers = await asyncio.gather(*requests)
    assert {answer.status_code for answer in answers} == {201}
    assert (await staff.stock(product))["on_hand"] == 980
    await check_invariants(shop, guests)
