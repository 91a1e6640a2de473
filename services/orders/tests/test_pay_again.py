"""Another means of payment for an order that waits for its customer."""

import asyncio

import pytest

from orders.clients.provider import IntentStatus
from services.orders.tests.shop import Shop
from services.orders.tests.test_payments import PRICE, by, money, pending


async def test_another_means_after_a_refused_one(shop: Shop) -> None:
    ada, order_id = await pending(shop)
    shop.bank.act(shop.intent(order_id).id, succeeds=False)
    await shop.webhook("e1", shop.intent(order_id).id)
    waiting = (await ada.get(f"/{order_id}")).json()
    assert waiting["next_action"]["type"] == "pay_again"
    assert waiting["payments"][0]["decline_code"] == "authentication_failed"
    declined = await ada.pay(order_id, "declined")
    assert (declined.status_code, declined.json()["code"]) == (402, "payment_declined")
    paid = await ada.pay(order_id, "ok")
    assert (paid.status_code, *money(paid)) == (200, "confirmed", "paid")
    states = [payment["status"] for payment in paid.json()["payments"]]
    assert states == ["voided", "voided", "captured"]
    assert [shop.intent(order_id, n).status for n in (1, 2, 3)] == [
        *(IntentStatus.CANCELLED, IntentStatus.CANCELLED, IntentStatus.CAPTURED),
    ]
    assert (await ada.order(by("action"), key="k")).status_code == 201
    assert (await ada.pay(order_id, "ok")).json()["code"] == "invalid_state"
    await shop.settle()
    await shop.check_invariants()


@pytest.mark.parametrize(("token", "status"), [("ok", 200), ("declined", 402), ("action", 202)])
async def test_one_key_begins_one_attempt(shop: Shop, token: str, status: int) -> None:
    ada, order_id = await pending(shop)
    answers = [await ada.pay(order_id, token, key="p") for _ in range(2)]
    answers += await asyncio.gather(*(ada.pay(order_id, token, key="p") for _ in range(10)))
    assert {answer.status_code for answer in answers} == {status}
    assert [answer.headers.get("idempotent-replayed") for answer in answers[:2]] == [None, "true"]
    assert len((await shop.stored(order_id)).payments) == 2
    other = await ada.pay(order_id, "another", key="p")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_i5_a_webhook_of_a_second_capture_goes_on_the_list(shop: Shop) -> None:
    """Whatever the provider did: it is no 500, and staff hear of it."""
    ada, order_id = await pending(shop)
    assert (await ada.pay(order_id, "ok")).status_code == 200
    first = shop.intent(order_id)
    shop.bank.change(first.id, status=IntentStatus.CAPTURED, captured=first.amount)
    assert (await shop.webhook("e1", first.id)).status_code == 204
    staff = shop.user("payments:read")
    (found,) = (await staff.get("/discrepancies")).json()["items"]
    assert (found["kind"], found["order_id"]) == ("paid_twice", order_id)


async def test_who_was_declined_and_then_confirms_is_not_declined(shop: Shop) -> None:
    """The provider's script in the page may try the same attempt once more."""
    ada, order_id = await pending(shop)
    assert (await ada.pay(order_id, "declined", key="p")).status_code == 402
    shop.bank.act(shop.intent(order_id, 2).id)
    await shop.webhook("e1", shop.intent(order_id, 2).id)
    again = await ada.pay(order_id, "declined", key="p")
    assert (again.status_code, *money(again)) == (200, "confirmed", "paid")
    assert again.json()["payments"][1]["decline_code"] is None


async def test_another_means_while_the_first_is_confirmed_charges_once(shop: Shop) -> None:
    """The customer acts after all, just when the other means is authorized."""
    ada, order_id = await pending(shop)
    shop.bank.faults.before["void"] = lambda: shop.bank.act(shop.intent(order_id).id)
    assert (await ada.pay(order_id, "ok")).status_code == 200
    assert shop.bank.net() == 2 * PRICE
    assert shop.bank.held() == 0
    await shop.settle()
    await shop.check_invariants()


async def test_twenty_other_means_at_once_charge_once(shop: Shop) -> None:
    ada, order_id = await pending(shop)
    await asyncio.gather(*(ada.pay(order_id, "ok") for _ in range(20)))
    await shop.settle()
    assert shop.bank.net() == 2 * PRICE
    assert (await shop.stored(order_id)).status == "confirmed"
    await shop.check_invariants()


async def test_another_means_that_cannot_be_is_pointed_at(shop: Shop) -> None:
    ada, order_id = await pending(shop)
    answer = await ada.post(f"/{order_id}/payment", {"method": "sandbox"})
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/token"]
    answer = await ada.post(f"/{order_id}/payment", {"method": "manual"})
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/method"]


async def test_b1_only_who_may_see_an_order_pays_it(shop: Shop) -> None:
    _, order_id = await pending(shop)
    assert (await shop.user().pay(order_id, "ok")).status_code == 404
    assert shop.bank.net() == 0
