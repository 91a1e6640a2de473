"""Months of orders leave what was placed, and nothing else grows (docs/growth.md)."""

from pathlib import Path
from typing import Any

import pytest

from orders.erasing import erase
from orders.models import erasure, metadata
from orders.retention import Housekeeper
from services.orders.tests.fakes import Product
from services.orders.tests.shop import Shop
from services.orders.tests.test_addresses import add
from services.orders.tests.test_mails import mails
from shopkit.erasure import Eraser
from shopkit.growth_checks import row_counts

PLACED = {
    **{"orders": 4, "order_lines": 4, "payments": 1, "refunds": 1},
    **{"fulfillments": 1, "returns": 1, "audit_log": 2},
}
"""In a month, and for good: sent and sent back, unpaid (a user's and a guest's), and of somebody
who has deleted the account; staff sent one and received it."""
UNUSED = {"addresses", "discrepancies", "erasures", "outbox"}
"""Everything fitted together; nothing is left of who has gone, nor of what was to be told."""
SETTLED, LATER = 4, 7
"""Months. What lives longest, the refusal of a checkout, is kept 30 days."""


@pytest.fixture
def options(tmp_path: Path) -> dict[str, Any]:
    return {"mail_url": f"file:{tmp_path}/mail"}


@pytest.fixture(autouse=True)
def _nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's own eraser would come in between on a slow machine."""
    monkeypatch.setattr("shopkit.erasure.EVERY_SECONDS", 3600)


async def sell(shop: Shop, tea: Product, month: int) -> None:
    """What is sent, comes back, and is refunded; the provider tells of it."""
    customer, order, staff = await shop.shipped((tea, 1))
    assert (await shop.webhook(f"event-{month}", shop.intent(order["id"]).id)).status_code == 204
    asked = await customer.post(f"/{order['id']}/returns", {}, key="back")
    (paper,) = asked.json()["returns"]
    received = await staff.post(f"/{order['id']}/returns/{paper['id']}/receive", {}, key="here")
    assert received.status_code == 201, received.text


async def fail(shop: Shop, tea: Product) -> None:
    """Checkouts that come to nothing: sold out, a card that is declined, a bank that never hears
    of it, an empty cart."""
    sold_out = shop.catalog.add(stock=0)
    for product, token in ((sold_out, "ok"), (tea, "declined"), (tea, "action")):
        payment = {"payment": {"method": "sandbox", "token": token}}
        answer = await shop.buyer(product).order(payment, key="k")
        assert answer.status_code in (202, 402, 409), answer.text
    assert (await shop.user().order(key="k")).status_code == 409


async def leave_unpaid(shop: Shop, tea: Product) -> None:
    guest = shop.guest()
    shop.fill(guest, (tea, 1))
    for somebody in (guest, shop.buyer(tea)):
        assert (await somebody.order(key="later")).status_code == 201


async def leave_for_good(shop: Shop, tea: Product) -> None:
    """Somebody with an order and addresses deletes the account; somebody else an address."""
    leaving, staying = shop.buyer(tea), shop.user()
    assert (await leaving.order(key="k")).status_code == 201
    await add(leaving, idempotency_key="a")
    kept = await add(staying, idempotency_key="a")
    await shop.http.delete(f"/api/addresses/{kept['id']}", headers=staying.headers)
    shop.auth.delete_user(leaving.cart_owner)


async def test_c20_only_what_was_placed_is_more_from_month_to_month(
    shop: Shop, tmp_path: Path
) -> None:
    it = shop.context.it
    housekeeper = Housekeeper(it.database, it.clock)
    eraser = Eraser(it.database, erasure, shop.auth.client, erase, it.clock)
    tea, seen = shop.catalog.add(stock=1000), dict[int, dict[str, int]]()
    for month in range(1, LATER + 1):
        await sell(shop, tea, month)
        await fail(shop, tea)
        await leave_unpaid(shop, tea)
        await leave_for_good(shop, tea)
        await eraser.work()
        shop.clock.advance(days=15)
        await shop.settle()
        assert await shop.context.expiry.work() == 3
        await shop.reconcile()
        await eraser.work()
        await mails(shop, tmp_path)
        seen[month] = await it.database.read(row_counts, metadata)
        shop.clock.advance(days=15)
        await housekeeper.drain()
    assert {name for name, count in seen[SETTLED].items() if not count} == UNUSED
    more = {name: seen[LATER][name] - seen[SETTLED][name] for name in seen[LATER]}
    months = LATER - SETTLED
    assert {name: count / months for name, count in more.items() if count} == PLACED
    assert {order.status for order in await shop.all_stored()} >= {"cancelled", "completed"}
