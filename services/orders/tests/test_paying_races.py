"""Another means of payment, while others look at the waiting order too."""

import asyncio

import pytest

from services.orders.tests.shop import Answer, Shop
from services.orders.tests.test_payments import PRICE, pending

OUTCOMES = [("ok", 200, None), ("declined", 402, None), ("action", 202, "redirect")]


async def on_its_way(shop: Shop, token: str) -> tuple[str, asyncio.Task[Answer], asyncio.Event]:
    """An order whose second attempt is just being authorized; what it will be answered with; and
    what lets the provider answer."""
    ada, order_id = await pending(shop)
    gate = shop.bank.faults.hold("authorize")
    paying = asyncio.create_task(ada.pay(order_id, token))
    async with asyncio.timeout(10):
        while shop.bank.faults.calls.count("authorize") < 2:
            await asyncio.sleep(0)
    assert (await ada.get(f"/{order_id}")).json()["next_action"] is None, "nothing to do yet"
    return order_id, paying, gate


@pytest.mark.parametrize(("token", "status", "action"), OUTCOMES)
async def test_the_answer_is_the_attempts_own_whoever_drives_it(
    shop: Shop, token: str, status: int, action: str | None
) -> None:
    _, paying, gate = await on_its_way(shop, token)
    shop.clock.advance(seconds=16)
    others = shop.bank.faults.hold("void")
    assert await shop.context.worker.take(shop.clock.now(), at_most=10) == 1
    gate.set()  # who began it finds its fence lost, and nothing written by the other yet
    asyncio.get_running_loop().call_later(0.2, others.set)
    answer = await paying
    assert answer.status_code == status, answer.text
    assert (answer.json().get("next_action") or {}).get("type") == action
    await shop.context.sagas.idle(5)
    assert shop.bank.net() == (2 * PRICE if token == "ok" else 0)


async def test_a_webhook_about_an_earlier_attempt_disturbs_nobody(shop: Shop) -> None:
    """The provider tells at once that the attempt before was voided."""
    order_id, paying, gate = await on_its_way(shop, "ok")
    before = await shop.stored(order_id)
    told = await shop.http.post(
        "/api/payments/webhooks/sandbox",
        content=f"e1 {shop.intent(order_id).id}",
        headers={"x-signature": "mine"},
    )
    assert told.status_code == 204
    assert await shop.context.worker.take(shop.clock.now(), at_most=10) == 0
    assert (await shop.stored(order_id)).fence == before.fence
    gate.set()
    assert (await paying).status_code == 200
