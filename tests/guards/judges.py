"""I1 to I8 once a script is over: those of tests/shop_invariants.py, and what needs the provider's
books and the customers' memory."""

from collections import Counter

import pytest

from tests import shop_invariants
from tests.faults.ledger import check_payments
from tests.guards.stage import Shop
from tests.shop_invariants import check_invariants, query

FIXED = ("id", "number", "items", "total", "email", "placed_at")


async def judge(shop: Shop) -> None:
    """Raises AssertionError. Everything has to be at rest: nothing is waited for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shop_invariants, "REST_SECONDS", 0)
        await check_invariants(shop)
    await i5_the_provider_has_what_orders_say(shop)
    await i5_nobody_is_charged_for_nothing(shop)
    await i5_one_key_for_one_charge(shop)
    await i3_what_customers_were_told_stays_true(shop)


async def i5_the_provider_has_what_orders_say(shop: Shop) -> None:
    assert await check_payments(shop.databases) == []
    rows = await query(
        shop.databases["orders"],
        "SELECT o.payment_status, p.captured, p.refunded FROM orders o "
        "JOIN payments p ON p.order_id = o.id WHERE p.state = 'captured'",
    )
    for status, captured, refunded in rows:
        part = "refunded" if refunded == captured else "partially_refunded"
        assert status == (part if refunded else "paid"), (status, captured, refunded)


async def i5_nobody_is_charged_for_nothing(shop: Shop) -> None:
    """Not even for a while."""
    failed = await query(shop.databases["orders"], "SELECT id FROM orders WHERE status = 'failed'")
    captured = await query(
        shop.databases["sandbox"], "SELECT reference FROM ledger WHERE kind = 'capture'"
    )
    assert not {id for (id,) in failed} & {reference.split(":")[1] for (reference,) in captured}


async def i5_one_key_for_one_charge(shop: Shop) -> None:
    """A provider tells repetitions by their keys: with two of them it may charge twice."""
    asked = await query(
        shop.databases["sandbox"],
        "SELECT route, fingerprint FROM idempotency_keys WHERE route <> 'refund'",
    )
    assert all(count == 1 for count in Counter(asked).values()), asked


async def i3_what_customers_were_told_stays_true(shop: Shop) -> None:
    for order_id, (customer, answer) in shop.final.items():
        told, now = answer.json(), (await customer.get(order_id)).json()
        assert {name: now[name] for name in FIXED} == {name: told[name] for name in FIXED}
        assert now["status"] != "failed"
