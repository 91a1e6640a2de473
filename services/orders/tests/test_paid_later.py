"""Orders that are paid later: staff say when, and what is never paid gives the stock back."""

import asyncio
from typing import Any

import pytest

from orders import expiry
from services.orders.tests.shop import Answer, Customer, Shop, usd
from shopkit.ids import new_id


def money(order: dict[str, Any]) -> tuple[str, str]:
    return order["status"], order["payment_status"]


def refused(answer: Answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def mark_paid(staff: Customer, order: dict[str, Any], key: str | None = None) -> Answer:
    body = {"reference": "Bank statement 7, line 3"}
    return await staff.post(f"/{order['id']}/mark-paid", body, key=key)


async def test_staff_mark_it_as_paid(shop: Shop) -> None:
    staff = shop.staff()
    ada, order = await shop.placed((shop.catalog.add(price=1000), 2), token=None)
    assert money(order) == ("confirmed", "unpaid")
    assert order["payments"] == []
    answer = await mark_paid(staff, order)
    assert answer.status_code == 201, answer.text
    paid = answer.json()
    assert answer.headers["etag"] == f'"{paid["version"]}"'
    assert money(paid) == ("confirmed", "paid")
    (payment,) = paid["payments"]
    assert (payment["method"], payment["status"]) == ("manual", "captured")
    assert payment["captured"] == payment["amount"] == usd(2000)
    entry = paid["timeline"][-1]
    assert (entry["event"], entry["actor"]) == ("paid", "staff")
    assert (entry["reason"], entry["by"]) == ("Bank statement 7, line 3", staff.cart_owner)
    seen = (await ada.get(f"/{order['id']}")).json()
    assert (money(seen), seen["timeline"][-1]["by"]) == (("confirmed", "paid"), None)
    assert (await shop.stored(order["id"])).payment_status == "paid"
    assert shop.bank.faults.calls == []


async def test_only_what_is_to_be_paid_later_can_be_marked(shop: Shop) -> None:
    staff, tea = shop.staff(), shop.catalog.add()
    _, later = await shop.placed((tea, 1), token=None)
    await mark_paid(staff, later)
    _, by_card = await shop.placed((tea, 1))
    ada, cancelled = await shop.placed((tea, 1), token=None)
    await ada.cancel(cancelled["id"])
    _, free = await shop.placed((shop.catalog.add(price=0), 1), token=None)
    assert money(free) == ("confirmed", "paid")
    eve = shop.buyer(tea)
    waiting = (await eve.order({"payment": {"method": "sandbox", "token": "action"}})).json()
    for order in (later, by_card, cancelled, free, waiting):
        before = await shop.stored(order["id"])
        assert refused(await mark_paid(staff, order)) == (409, "invalid_state")
        assert await shop.stored(order["id"]) == before
    assert refused(await mark_paid(staff, {"id": new_id()})) == (404, "not_found")


async def test_b4_only_staff_with_the_scope_mark_it(shop: Shop) -> None:
    ada, order = await shop.placed((shop.catalog.add(), 1), token=None)
    for visitor in (ada, shop.staff("orders:read", "orders:write", "refunds:write")):
        assert refused(await mark_paid(visitor, order)) == (403, "insufficient_scope")
    assert (await mark_paid(shop.guest(), order)).status_code == 401
    assert (await shop.staff().post(f"/{order['id']}/mark-paid", {"amount": 1})).status_code == 422
    assert (await shop.stored(order["id"])).payment_status == "unpaid"


async def test_a_key_marks_once_and_twenty_at_once_too(shop: Shop) -> None:
    staff = shop.staff()
    _, order = await shop.placed((shop.catalog.add(), 1), token=None)
    answers = await asyncio.gather(*(mark_paid(staff, order, key="k") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    other = await staff.post(f"/{order['id']}/mark-paid", key="k")
    assert refused(other) == (422, "idempotency_key_reused")
    _, second = await shop.placed((shop.catalog.add(), 1), token=None)
    answers = await asyncio.gather(*(mark_paid(staff, second) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert len((await shop.stored(second["id"])).payments) == 1


async def test_cancelling_after_it_was_paid_says_that_it_is_to_be_paid_back(shop: Shop) -> None:
    staff, tea = shop.staff(), shop.catalog.add(stock=5)
    ada, order = await shop.placed((tea, 1), token=None)
    await mark_paid(staff, order)
    cancelled = (await ada.cancel(order["id"])).json()
    assert money(cancelled) == ("cancelled", "refunded")
    (refund,) = cancelled["refunds"]
    assert (refund["status"], refund["reason"]) == ("succeeded", "cancelled")
    assert tea.on_hand == 5


async def test_what_is_not_paid_in_time_is_cancelled(shop: Shop) -> None:
    staff, tea = shop.staff(), shop.catalog.add(stock=9)
    _, order = await shop.placed((tea, 2), token=None)
    _, paid = await shop.placed((tea, 1), token=None)
    await mark_paid(staff, paid)
    _, by_card = await shop.placed((tea, 1))
    shop.clock.advance(days=13, hours=23)
    assert await shop.context.expiry.work() == 0
    shop.clock.advance(hours=2)
    assert await shop.context.expiry.work() == 1
    seen = await shop.stored(order["id"])
    assert (seen.status, seen.payment_status) == ("cancelled", "unpaid")
    entry = next(one for one in seen.timeline if one["event"] == "cancelled")
    assert (entry["actor"], entry["reason"]) == ("system", "not paid in time")
    for other in (paid, by_card):
        assert (await shop.stored(other["id"])).status == "confirmed"
    assert tea.on_hand == 7
    assert await shop.context.expiry.work() == 0
    assert refused(await mark_paid(staff, order)) == (409, "invalid_state")
    await shop.settle()
    await shop.check_invariants()


@pytest.mark.parametrize("options", [{"ship_unpaid": True, "unpaid_days": 3}])
async def test_what_was_sent_unpaid_does_not_expire(shop: Shop) -> None:
    tea = shop.catalog.add()
    _, sent, _ = await shop.shipped((tea, 1), token=None)
    _, kept = await shop.placed((tea, 1), token=None)
    shop.clock.advance(days=4)
    assert await shop.context.expiry.work() == 1
    assert (await shop.stored(sent["id"])).status == "confirmed"
    assert (await shop.stored(kept["id"])).status == "cancelled"


@pytest.mark.parametrize("options", [{"ship_unpaid": True}])
async def test_one_that_moves_on_meanwhile_does_not_hold_up_the_others(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the search and the cancelling one order is paid and another one sent."""
    staff, tea = shop.staff(), shop.catalog.add()
    orders = [(await shop.placed((tea, 1), token=None))[1] for _ in range(4)]
    shop.clock.advance(days=15)
    cancel = expiry.cancel_order

    async def late(*args: Any) -> Any:
        monkeypatch.setattr(expiry, "cancel_order", cancel)
        await mark_paid(staff, orders[1])
        await staff.post(f"/{orders[2]['id']}/fulfillments")
        return await cancel(*args)

    monkeypatch.setattr(expiry, "cancel_order", late)
    await shop.context.expiry.work()
    states = [(await shop.stored(order["id"])).status for order in orders]
    assert states == ["cancelled", "confirmed", "confirmed", "cancelled"]
    assert [o.payment_status for o in await shop.all_stored()][1] == "paid"


@pytest.mark.parametrize("options", [{"unpaid_days": 0}])
async def test_with_no_days_it_never_expires(shop: Shop) -> None:
    _, order = await shop.placed((shop.catalog.add(), 1), token=None)
    shop.clock.advance(days=400)
    await shop.context.expiry.run()
    assert (await shop.stored(order["id"])).status == "confirmed"
