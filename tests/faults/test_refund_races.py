"""E10: more is asked back at once than was paid; and refunds, cancellations and parcels race."""

import asyncio
from collections import Counter

import pytest

from tests.faults.journeys import STOCK, Traveller
from tests.faults.plan import scaled, seed_of
from tests.faults.proxy import Weather
from tests.faults.scenario import hold, kept
from tests.faults.staging import Staging
from tests.shop_clients import Staff

PRICE, AT_ONCE = 10_000, scaled(200)
PART = 3 * 2 * PRICE // (2 * AT_ONCE)
"""All of them together are half more than was paid."""


@pytest.mark.torture
async def test_e10_never_more_goes_back_than_was_paid(shop: Staging, staff: Staff) -> None:
    one = Traveller(shop, staff, await staff.product(stock=STOCK, price=PRICE))
    seed = seed_of("refunds")
    async with kept("refunds", shop, {"seed": seed}, one.memory):
        where = await one.placed()
        shop.turn({"orders-sandbox": Weather(seed, lost=0.1, repeated=0.05)})
        body = {"amount": {"amount": PART, "currency": "USD"}}
        answers = await asyncio.gather(
            *(one.clerk.do(f"{where}/refunds", body) for _ in range(AT_ONCE))
        )
        await shop.clear()
        seen = Counter(answer.status_code for answer in answers)
        figures = {"refunds": AT_ONCE, "orders": 1, "requests": len(one.memory.entries)}
        await hold("refunds", shop, seed, one.memory, figures)
        fit = 2 * PRICE // PART
        assert seen == {201: fit, 409: AT_ONCE - fit}
        order = await one.clerk.look(where)
        assert order["payments"][0]["refunded"]["amount"] == fit * PART
        assert {refund["status"] for refund in order["refunds"]} == {"succeeded"}


@pytest.mark.torture
@pytest.mark.parametrize("number", range(10))
async def test_e10_who_is_first_decides(shop: Staging, staff: Staff, number: int) -> None:
    one = Traveller(shop, staff, await staff.product(stock=STOCK, price=PRICE))
    name = f"refund-races-{number}"
    async with kept(name, shop, {"seed": str(number)}, one.memory):
        where = await one.placed()
        body = {"amount": {"amount": PRICE // 4, "currency": "USD"}}
        work = [one.clerk.do(f"{where}/refunds", body) for _ in range(12)]
        work += [one.guest.do(f"{where}/cancel", keyed=False) for _ in range(4)]
        work += [one.clerk.do(f"{where}/fulfillments") for _ in range(4)]
        one.clerk.random.shuffle(work)
        await asyncio.gather(*work)
        await hold(name, shop, str(number), one.memory)
        order = await one.clerk.look(where)
        sent = order["fulfillment_status"] == "fulfilled"
        assert order["status"] == ("completed" if sent else "cancelled")
        if not sent:
            assert order["payment_status"] == "refunded"
