"""Cancelling: absorbing, repeatable, and the stock comes back."""

import asyncio
from typing import Any

import pytest

from orders import cancellation, checkout
from orders.states import Step
from services.orders.tests.shop import Shop
from shopkit.ids import new_id


async def test_the_customer_cancels_and_the_stock_is_back(shop: Shop) -> None:
    tea = shop.catalog.add(stock=10)
    ada = shop.buyer(tea, 3)
    order = (await ada.order()).json()
    answer = await ada.cancel(order["id"], {"reason": "Ordered by mistake"})
    assert answer.status_code == 200, answer.text
    cancelled = answer.json()
    assert (cancelled["status"], cancelled["payment_status"]) == ("cancelled", "unpaid")
    last = cancelled["timeline"][-1]
    assert (last["event"], last["actor"]) == ("cancelled", "customer")
    assert last["reason"] == "Ordered by mistake"
    assert cancelled["version"] > order["version"]
    assert answer.headers["etag"] == f'"{cancelled["version"]}"'
    assert tea.on_hand == 10
    await shop.check_invariants()


async def test_cancelling_again_changes_nothing(shop: Shop) -> None:
    tea = shop.catalog.add(stock=10)
    ada = shop.buyer(tea, 3)
    order_id = (await ada.order()).json()["id"]
    answers = [await ada.cancel(order_id) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert answers[1].json() == answers[0].json() == answers[2].json()
    assert tea.on_hand == 10


async def test_twenty_cancel_at_once_and_the_stock_is_back_once(shop: Shop) -> None:
    tea = shop.catalog.add(stock=10)
    ada = shop.buyer(tea, 3)
    order_id = (await ada.order()).json()["id"]
    answers = await asyncio.gather(*(ada.cancel(order_id) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["status"] for answer in answers} == {"cancelled"}
    order = await shop.stored(order_id)
    assert [entry["event"] for entry in order.timeline].count("cancelled") == 1
    assert tea.on_hand == 10
    await shop.check_invariants()


async def test_staff_with_the_scope_may_cancel(shop: Shop) -> None:
    ada, staff = shop.buyer(shop.catalog.add()), shop.user("orders:read", "orders:write")
    order_id = (await ada.order()).json()["id"]
    answer = await staff.cancel(order_id)
    assert (answer.status_code, answer.json()["timeline"][-1]["actor"]) == (200, "staff")


async def test_a_guest_cancels_with_the_cart_token(shop: Shop) -> None:
    guest = shop.guest()
    shop.fill(guest, (shop.catalog.add(), 1))
    order_id = (await guest.order()).json()["id"]
    assert (await guest.cancel(order_id)).json()["status"] == "cancelled"


async def test_b1_others_cannot_cancel_and_learn_nothing(shop: Shop) -> None:
    ada, mallory, reader = shop.buyer(shop.catalog.add()), shop.user(), shop.user("orders:read")
    order_id = (await ada.order()).json()["id"]
    refused, unknown = await mallory.cancel(order_id), await mallory.cancel(new_id())
    assert (refused.status_code, unknown.status_code) == (404, 404)
    assert refused.json()["detail"] == unknown.json()["detail"]
    answer = await reader.cancel(order_id)
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert (await shop.stored(order_id)).status == "confirmed"


async def test_b10_a_failed_or_pending_order_cannot_be_cancelled(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = shop.user()
    assert (await ada.order()).json()["code"] == "cart_empty"
    monkeypatch.setattr(checkout, "ANSWER_SECONDS", 0.0)
    shop.fill(ada, (shop.catalog.add(), 1))
    gate = shop.catalog.faults.hold("commit")
    assert (await ada.order()).status_code == 202
    for order in await shop.all_stored():
        answer = await ada.cancel(order.id)
        assert (answer.status_code, answer.json()["code"]) == (409, "invalid_state")
    gate.set()
    await shop.settle()
    await shop.check_invariants()


@pytest.mark.parametrize("kind", ["lost", "down"])
async def test_a_cancellation_insists_on_the_stock(
    shop: Shop, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cancellation, "ANSWER_SECONDS", 0.0)
    tea = shop.catalog.add(stock=10)
    ada = shop.buyer(tea, 3)
    order_id = (await ada.order()).json()["id"]
    shop.catalog.faults.then("release_stock", kind, kind)
    assert (await ada.cancel(order_id)).json()["status"] == "cancelled"
    await shop.settle()
    assert (await shop.stored(order_id)).step == Step.CANCELLED
    assert tea.on_hand == 10
    await shop.check_invariants()


async def test_f5_a_late_commit_after_the_cancellation_sells_nothing(shop: Shop) -> None:
    tea = shop.catalog.add(stock=10)
    ada = shop.buyer(tea, 3)
    order_id = (await ada.order()).json()["id"]
    await ada.cancel(order_id)
    with pytest.raises(Exception, match="gone"):
        await shop.catalog.commit(order_id)
    assert tea.on_hand == 10


async def test_a_cancel_body_is_strict(shop: Shop) -> None:
    ada = shop.buyer(shop.catalog.add())
    order_id = (await ada.order()).json()["id"]
    refused: list[Any] = [{"status": "cancelled"}, {"reason": 1}, {"reason": "x" * 201}, []]
    for body in refused:
        assert (await ada.cancel(order_id, body)).status_code == 422
