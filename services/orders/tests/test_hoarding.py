"""What one customer can hold back without paying: a few orders, however they go about it."""

import asyncio
import os
from typing import Any

import pytest
from sqlalchemy import text

from services.orders.tests.fakes import Product
from services.orders.tests.shop import Answer, Customer, Shop

LIMIT = (409, "too_many_pending_orders")
BY_CARD = {"payment": {"method": "sandbox", "token": "ok"}}
TO_ACT = {"payment": {"method": "sandbox", "token": "action"}}


def refused(answer: Answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def buy(
    shop: Shop, customer: Customer, product: Product, body: Any = None, key: str | None = None
) -> Answer:
    shop.fill(customer, (product, 1))
    return await customer.order(body, key=key)


async def owe(shop: Shop, customer: Customer, product: Product, count: int = 3) -> list[str]:
    answers = [await buy(shop, customer, product) for _ in range(count)]
    assert {answer.status_code for answer in answers} == {201}
    return [answer.json()["id"] for answer in answers]


def guest(shop: Shop, address: str | None = None, email: str = "gast@example.com") -> Customer:
    """With a cart of their own, from this address as the gateway tells it."""
    found = shop.guest()
    found.defaults["email"] = email
    if address:
        found.headers["x-real-ip"] = address
    return found


async def test_b9_a_fourth_unpaid_order_is_refused_before_anything_is_reserved(shop: Shop) -> None:
    ada, tea = shop.user(), shop.catalog.add(stock=10)
    ids = await owe(shop, ada, tea)
    calls = [*shop.cart.faults.calls, *shop.catalog.faults.calls]
    answer = await buy(shop, ada, tea)
    assert refused(answer) == LIMIT
    assert sorted(answer.json()["orders"]) == ids
    assert "retry-after" not in answer.headers, "they do not get paid by waiting"
    assert [*shop.cart.faults.calls, *shop.catalog.faults.calls] == calls
    assert (await shop.ids(), tea.on_hand) == (ids, 7)
    assert (await buy(shop, shop.user(), tea)).status_code == 201, "others are not concerned"


async def test_b9_paid_cancelled_and_sent_orders_make_room(shop: Shop) -> None:
    ada, staff, tea = shop.user(), shop.staff(), shop.catalog.add(stock=20)
    paid, cancelled, _ = await owe(shop, ada, tea)
    for path, by in ((f"/{paid}/mark-paid", staff), (f"/{cancelled}/cancel", ada)):
        assert refused(await buy(shop, ada, tea)) == LIMIT
        assert (await by.post(path, {})).status_code in (200, 201)
        assert (await buy(shop, ada, tea)).status_code == 201
    shop.clock.advance(days=15)
    assert await shop.context.expiry.work() == 3
    await owe(shop, ada, tea)
    assert refused(await buy(shop, ada, tea)) == LIMIT


@pytest.mark.parametrize("options", [{"ship_unpaid": True, "most_unpaid": 1}])
async def test_b9_what_the_shop_sends_unpaid_does_not_count(shop: Shop) -> None:
    ada, tea = shop.user(), shop.catalog.add()
    (sent,) = await owe(shop, ada, tea, 1)
    assert refused(await buy(shop, ada, tea)) == LIMIT
    assert (await shop.staff().post(f"/{sent}/fulfillments")).status_code == 201
    await owe(shop, ada, tea, 1)


async def test_b9_what_is_free_or_failed_does_not_count(shop: Shop) -> None:
    ada, free, none = shop.user(), shop.catalog.add(price=0), shop.catalog.add(stock=0)
    for product, status in ((free, 201), (none, 409)):
        answers = [await buy(shop, ada, product) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [status] * 4
    assert answers[-1].json()["code"] == "insufficient_stock"
    declined = {"payment": {"method": "sandbox", "token": "declined"}}
    for _ in range(4):
        assert (await buy(shop, ada, shop.catalog.add(), declined)).status_code == 402
    await shop.settle()
    assert {order.debtor for order in await shop.all_stored()} == {None}
    await owe(shop, ada, shop.catalog.add())


async def test_b9_who_pays_at_once_may_order_beside_unpaid_orders(shop: Shop) -> None:
    ada, tea = shop.user(), shop.catalog.add(stock=20)
    await owe(shop, ada, tea)
    for _ in range(4):
        assert (await buy(shop, ada, tea, BY_CARD)).status_code == 201
    assert refused(await buy(shop, ada, tea)) == LIMIT


async def test_b9_orders_that_wait_for_their_customer_count_for_all(shop: Shop) -> None:
    ada, tea = shop.user(), shop.catalog.add(stock=20)
    waiting = [await buy(shop, ada, tea, TO_ACT) for _ in range(3)]
    assert [answer.status_code for answer in waiting] == [202] * 3
    for body in (TO_ACT, BY_CARD, None):
        answer = await buy(shop, ada, tea, body)
        assert refused(answer) == LIMIT
        assert int(answer.headers["retry-after"]) > 0
    await ada.cancel(waiting[0].json()["id"])
    assert (await buy(shop, ada, tea, BY_CARD)).status_code == 201


@pytest.mark.parametrize("who", ["user", "guests"])
async def test_b9_twenty_checkouts_at_once_make_three_unpaid_orders(shop: Shop, who: str) -> None:
    tea, ada = shop.catalog.add(stock=50), shop.user()
    customers = [ada if who == "user" else guest(shop, "203.0.113.7") for _ in range(20)]
    gate = shop.cart.faults.hold("claim")
    asked = [
        asyncio.create_task(buy(shop, one, tea, key=f"k{number}"))
        for number, one in enumerate(customers)
    ]
    async with asyncio.timeout(10):
        while sum(task.done() for task in asked) < 17:
            await asyncio.sleep(0.001)
    gate.set()
    answers = await asyncio.gather(*asked)
    told = [refused(answer) for answer in answers if answer.status_code != 201]
    assert told.count(LIMIT) == 17
    assert len(await shop.ids()) == 3
    await shop.settle()
    sold = 1 if who == "user" else 3  # a user has one cart
    assert tea.on_hand == 50 - sold
    await shop.check_invariants()


async def test_b9_guests_are_counted_by_their_address(shop: Shop) -> None:
    tea = shop.catalog.add(stock=50)
    first = guest(shop, "203.0.113.7", "a@example.com")
    (mine,) = await owe(shop, first, tea, 1)
    for name in "bc":
        await owe(shop, guest(shop, "203.0.113.7", f"{name}@example.com"), tea, 1)
    other = await buy(shop, guest(shop, "203.0.113.7", "d@example.com"), tea)
    assert refused(other) == LIMIT
    assert other.json()["orders"] == [], "nobody is told about the orders of others"
    assert "log in" in other.json()["detail"]
    again = await buy(shop, first, tea)
    assert (refused(again), again.json()["orders"]) == (LIMIT, [mine])
    await owe(shop, guest(shop, "203.0.113.8"), tea, 1)
    user = shop.user()
    user.headers["x-real-ip"] = "203.0.113.7"
    await owe(shop, user, tea, 3)


async def test_b9_without_an_address_guests_are_counted_by_their_email(shop: Shop) -> None:
    tea = shop.catalog.add(stock=50)
    for email in ("eve@example.com", "Eve@Example.com", "EVE@example.com"):
        await owe(shop, guest(shop, email=email), tea, 1)
    assert refused(await buy(shop, guest(shop, email="eve@EXAMPLE.com"), tea)) == LIMIT
    await owe(shop, guest(shop, email="bob@example.com"), tea, 1)


async def test_e9_a_refused_key_may_try_again_and_a_used_one_is_answered(shop: Shop) -> None:
    ada, tea = shop.user(), shop.catalog.add(stock=20)
    first = await buy(shop, ada, tea, key="first")
    await owe(shop, ada, tea, 2)
    shop.fill(ada, (tea, 1))
    assert refused(await ada.order(key="fourth")) == LIMIT
    replay = await ada.order(key="first")
    assert (replay.status_code, replay.content) == (201, first.content)
    assert refused(await ada.order(key="fourth")) == LIMIT
    await ada.cancel(first.json()["id"])
    assert (await ada.order(key="fourth")).status_code == 201


@pytest.mark.parametrize("options", [{"most_unpaid": 0}])
async def test_b9_zero_is_no_limit(shop: Shop) -> None:
    await owe(shop, shop.user(), shop.catalog.add(stock=20), 8)


async def test_b9_what_identifies_a_guest_is_hashed_and_forgotten_when_paid(shop: Shop) -> None:
    eve, tea = guest(shop, "203.0.113.7"), shop.catalog.add(stock=20)
    (order_id,) = await owe(shop, eve, tea, 1)
    debtor = (await shop.stored(order_id)).debtor or ""
    assert debtor.startswith("address:")
    assert "203.0.113.7" not in debtor
    await shop.staff().post(f"/{order_id}/mark-paid", {})
    assert (await shop.stored(order_id)).debtor is None


async def test_b9_the_limit_is_one_look_into_an_index(shop: Shop) -> None:
    if "TEST_POSTGRES_URL" in os.environ:
        pytest.skip("PostgreSQL plans by how many rows there are")

    def plan(conn: Any) -> str:
        sought = text("EXPLAIN QUERY PLAN SELECT id FROM orders WHERE debtor = 'user:1' LIMIT 3")
        return str(conn.execute(sought).all())

    assert "ix_orders_debtor_status (debtor=?)" in await shop.context.it.database.read(plan)
