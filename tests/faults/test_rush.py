"""E1: many buyers at once, and far too few units."""

import asyncio
from collections import Counter
from random import Random

import httpx2
import pytest

from shopkit.testing import TestDatabases
from tests.faults.asking import Voice
from tests.faults.memory import Memory
from tests.faults.plan import FULL, scaled, seed_of
from tests.faults.scenario import hold, kept
from tests.faults.staging import Staging, staging
from tests.shop_clients import Staff

BUYERS, UNITS = (scaled(1000), scaled(100)) if FULL else (scaled(200), scaled(20))
RUNS = range(scaled(20) if FULL else 1)


async def buyer(shop: Staging, memory: Memory, number: int, product: str) -> Voice:
    one = Voice(f"buyer-{number}", shop, memory, Random(f"{product}:{number}"), {})
    line = {"product_id": product, "quantity": 1}
    filled = await one.insist(one.sent("cart", "POST", "/api/cart", json=line))
    one.headers = {"x-cart-token": filled.headers["x-cart-token"]}
    return one


async def buy(one: Voice) -> httpx2.Response:
    payment = one.random.choice(
        [{"method": "manual"}, {"method": "sandbox", "token": "tok_success"}]
    )
    body = {"email": "buyer@example.com", "payment": payment}
    sent = one.sent("orders", "POST", "/api/orders", json=body, keyed=True)
    while (answer := await one.insist(sent)).status_code == 202:
        await asyncio.sleep(0.3)
    if answer.status_code == 201:
        one.memory.orders[answer.json()["id"]] = answer.json()
    return answer


@pytest.mark.torture
@pytest.mark.parametrize("run", RUNS)
async def test_e1_as_many_orders_as_there_are_units(databases: TestDatabases, run: int) -> None:
    name, seed, memory = f"rush-{run + 1:02}", seed_of(f"rush-{run}"), Memory()
    async with staging(databases) as shop, kept(name, shop, {"seed": seed}, memory):
        staff = await Staff.log_in(shop)
        product = await staff.product(stock=UNITS)
        buyers = await asyncio.gather(*(buyer(shop, memory, i, product) for i in range(BUYERS)))
        began = asyncio.get_running_loop().time()
        answers = await asyncio.gather(*(buy(one) for one in buyers))
        seconds = asyncio.get_running_loop().time() - began
        figures = {
            "clients": BUYERS,
            "checkouts": BUYERS,
            "orders": len(memory.orders),
            "requests": len(memory.entries),
            "seconds": round(seconds, 1),
            "refused": {"insufficient_stock": BUYERS - len(memory.orders)},
        }
        await hold(name, shop, seed, memory, figures)
        assert Counter(answer.status_code for answer in answers) == {
            201: UNITS,
            409: BUYERS - UNITS,
        }
        stock = await staff.stock(product)
        assert (stock["on_hand"], stock["reserved"]) == (0, 0)
