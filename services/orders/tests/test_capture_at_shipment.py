"""Capture at shipment: what is authorized with the order is taken when it is sent, or not sent."""

import asyncio
from typing import Any

import pytest

from orders import fulfilling
from orders.clients.provider import IntentStatus
from orders.domain import Order
from orders.states import Step
from services.orders.tests.shop import Shop

pytestmark = pytest.mark.parametrize("options", [{"capture_at": "shipment"}])


def money(order: dict[str, Any]) -> tuple[str, str]:
    return order["status"], order["payment_status"]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fulfilling, "ANSWER_SECONDS", 0.0)


async def test_it_is_authorized_first_and_paid_when_it_is_sent(shop: Shop) -> None:
    tea, staff = shop.catalog.add(price=1000), shop.staff()
    _, order = await shop.placed((tea, 2))
    assert money(order) == ("confirmed", "authorized")
    assert (shop.bank.net(), shop.bank.held()) == (0, 2000)
    one = {"items": [{"product_id": tea.id, "quantity": 1}]}
    sent = (await staff.post(f"/{order['id']}/fulfillments", one)).json()
    assert money(sent) == ("confirmed", "paid"), "all of it at once: there is one capture"
    assert shop.bank.net() == 2000
    assert [entry["event"] for entry in sent["timeline"]][-2:] == ["paid", "fulfilled"]
    rest = (await staff.post(f"/{order['id']}/fulfillments")).json()
    assert money(rest) == ("completed", "paid")
    assert shop.bank.faults.calls.count("capture") == 1
    await shop.settle()
    await shop.check_invariants()


async def test_only_a_checkout_waits_for_its_cart_to_be_consumed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[str] = []

    async def wait(order: Order) -> None:
        waited.append(order.id)

    monkeypatch.setattr(shop.context.sagas, "_after_confirming", wait)
    _, order, _ = await shop.shipped((shop.catalog.add(), 1))
    assert waited == [order["id"]]
    assert shop.bank.faults.calls.count("capture") == 1


async def test_a_lapse_that_a_webhook_tells_of_cancels_the_order_too(shop: Shop) -> None:
    tea = shop.catalog.add(stock=5)
    _, order = await shop.placed((tea, 2))
    intent = shop.bank.change(shop.intent(order["id"]).id, status=IntentStatus.CANCELLED)
    await shop.webhook("e1", intent.id)
    shop.clock.advance(days=8)  # it is on no list any more
    await shop.reconcile()
    stored = await shop.stored(order["id"])
    assert (stored.status, stored.payment_status) == ("cancelled", "voided")
    assert (tea.on_hand, tea.reserved) == (5, 0)
    await shop.check_invariants()


async def test_wrong_items_capture_nothing(shop: Shop) -> None:
    tea, staff = shop.catalog.add(), shop.staff()
    _, order = await shop.placed((tea, 1))
    two = {"items": [{"product_id": tea.id, "quantity": 2}]}
    answer = await staff.post(f"/{order['id']}/fulfillments", two)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "too_many")
    assert (shop.bank.net(), (await shop.stored(order["id"])).step) == (0, Step.CONFIRMED)


async def test_g5_a_refused_capture_cancels_the_order(shop: Shop) -> None:
    tea, staff = shop.catalog.add(stock=5), shop.staff()
    ada, order = await shop.placed((tea, 2), token="lapses")
    path = f"/{order['id']}/fulfillments"
    answer = await staff.post(path, key="k")
    assert (answer.status_code, answer.json()["code"]) == (402, "capture_refused")
    assert (tea.on_hand, tea.reserved) == (5, 0)
    seen = (await ada.get(f"/{order['id']}")).json()
    assert money(seen) == ("cancelled", "voided")
    assert seen["fulfillments"] == []
    last = seen["timeline"][-1]
    assert (last["event"], last["reason"]) == ("cancelled", "capture_refused")
    assert last["actor"] == "system"
    again = await staff.post(path, key="k")
    assert (again.status_code, again.json()["code"]) == (402, "capture_refused"), "if it got lost"
    await shop.settle()
    await shop.check_invariants()


async def test_what_the_customer_has_cancelled_was_not_refused(shop: Shop) -> None:
    ada, order = await shop.placed((shop.catalog.add(), 1))
    await ada.cancel(order["id"])
    answer = await shop.staff().post(f"/{order['id']}/fulfillments")
    assert (answer.status_code, answer.json()["code"]) == (409, "invalid_state")


async def test_a_customer_who_cancels_while_it_is_being_sent_is_told_the_truth(shop: Shop) -> None:
    """Staff read the order, then the customer cancels it, then staff would capture."""
    ada, order = await shop.placed((shop.catalog.add(), 1))
    gate = shop.bank.faults.hold("void")
    cancelling = asyncio.create_task(ada.cancel(order["id"]))
    while "void" not in shop.bank.faults.calls:
        await asyncio.sleep(0)
    sending = asyncio.create_task(shop.staff().post(f"/{order['id']}/fulfillments"))
    await asyncio.sleep(0.05)
    gate.set()
    assert (await cancelling).status_code == 200
    answer = await sending
    assert (answer.status_code, answer.json()["code"]) == (409, "invalid_state")
    assert (shop.bank.net(), shop.bank.held()) == (0, 0)
    await shop.settle()
    await shop.check_invariants()


async def test_a_slow_provider_is_waited_for_by_repeating(shop: Shop, impatient: None) -> None:
    staff = shop.staff()
    ada, order = await shop.placed((shop.catalog.add(price=1000), 1))
    path, gate = f"/{order['id']}/fulfillments", shop.bank.faults.hold("capture")
    for _ in range(2):
        slow = await staff.post(path, key="k")
        assert (slow.status_code, slow.json()["code"]) == (409, "request_in_progress")
        assert int(slow.headers["retry-after"]) > 0
    refused = await ada.cancel(order["id"])
    assert (refused.status_code, refused.json()["code"]) == (409, "invalid_state")
    gate.set()
    await shop.context.sagas.idle(5)
    sent = await staff.post(path, key="k")
    assert (sent.status_code, money(sent.json())) == (201, ("completed", "paid"))
    assert shop.bank.net() == 1000
    assert (await staff.post(path, key="k")).json() == sent.json()
    await shop.check_invariants()


@pytest.mark.parametrize("kind", ["down", "lost"])
async def test_g4_an_unknown_outcome_is_asked_again(shop: Shop, kind: str, impatient: None) -> None:
    staff = shop.staff()
    _, order = await shop.placed((shop.catalog.add(price=1000), 1))
    shop.bank.faults.then("capture", kind, kind)
    path = f"/{order['id']}/fulfillments"
    assert (await staff.post(path, key="k")).json()["code"] == "request_in_progress"
    assert (await shop.stored(order["id"])).step == Step.CAPTURING
    await shop.settle()
    stored = await shop.stored(order["id"])
    assert (stored.step, stored.payment_status) == (Step.CONFIRMED, "paid")
    assert stored.fulfillments == (), "sent is what staff have been told is paid"
    assert (await staff.post(path, key="k")).status_code == 201
    assert shop.bank.net() == 1000
    await shop.check_invariants()


async def test_twenty_at_once_capture_once_and_send_once(shop: Shop) -> None:
    staff = shop.staff()
    _, order = await shop.placed((shop.catalog.add(price=1000), 2))
    path = f"/{order['id']}/fulfillments"
    answers = await asyncio.gather(*(staff.post(path, key="k") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert (shop.bank.net(), shop.bank.faults.calls.count("capture")) == (2000, 1)
    assert len((await shop.stored(order["id"])).fulfillments) == 1


async def test_cancelling_and_sending_at_once_is_one_of_them(shop: Shop) -> None:
    staff = shop.staff()
    for _ in range(5):
        ada, order = await shop.placed((shop.catalog.add(price=1000), 1))
        path = f"/{order['id']}/fulfillments"
        sent, cancelled = await asyncio.gather(staff.post(path), ada.cancel(order["id"]))
        assert {sent.status_code, cancelled.status_code} in ({201, 409}, {409, 200}), sent.text
        await shop.settle()
        stored = await shop.stored(order["id"])
        kept = 1000 if sent.status_code == 201 else 0
        intents = [i for i in shop.bank.intents.values() if order["id"] in i.reference]
        paid = sum(i.captured - i.refunded for i in intents)
        assert paid == kept
        assert bool(stored.fulfillments) == bool(kept)
    await shop.check_invariants()


async def test_cancelling_voids_what_is_authorized(shop: Shop) -> None:
    tea = shop.catalog.add(stock=5)
    ada, order = await shop.placed((tea, 2))
    cancelled = (await ada.cancel(order["id"])).json()
    assert money(cancelled) == ("cancelled", "voided")
    assert (tea.on_hand, shop.bank.held(), shop.bank.net()) == (5, 0, 0)
    assert shop.intent(order["id"]).status == IntentStatus.CANCELLED
    await shop.settle()
    await shop.check_invariants()


async def test_an_authorization_cannot_be_refunded_or_marked_as_paid(shop: Shop) -> None:
    staff = shop.staff()
    _, order = await shop.placed((shop.catalog.add(), 1))
    usd = {"amount": {"amount": 1, "currency": "USD"}}
    refund = await staff.post(f"/{order['id']}/refunds", usd)
    assert (refund.status_code, refund.json()["code"]) == (409, "nothing_to_refund")
    paid = await staff.post(f"/{order['id']}/mark-paid")
    assert (paid.status_code, paid.json()["code"]) == (409, "invalid_state")


async def test_an_authorization_that_lapses_by_itself_is_not_sent(shop: Shop) -> None:
    """The provider tells it by webhook; who ships before the reconciler looks is refused."""
    tea, staff = shop.catalog.add(stock=5), shop.staff()
    _, order = await shop.placed((tea, 1))
    intent = shop.bank.change(shop.intent(order["id"]).id, status=IntentStatus.CANCELLED)
    await shop.webhook("e1", intent.id)
    answer = await staff.post(f"/{order['id']}/fulfillments")
    assert (answer.status_code, answer.json()["code"]) == (402, "capture_refused")
    cancelled = await staff.cancel(order["id"])
    assert money(cancelled.json()) == ("cancelled", "voided")
    assert tea.on_hand == 5
    await shop.check_invariants()
