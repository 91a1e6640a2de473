"""Checkout with a payment provider: authorize, act, capture; decline, expire, give back."""

import asyncio

import pytest

from orders import cancellation, checkout
from orders.clients.provider import IntentStatus
from orders.errors import CheckoutRefused
from orders.paying import give_back
from orders.states import Step
from services.orders.tests.shop import Answer, Customer, Shop
from shopkit.errors import Unavailable

PRICE = 1000


def by(token: str) -> dict[str, object]:
    return {"payment": {"method": "sandbox", "token": token}}


async def pending(shop: Shop, key: str = "k") -> tuple[Customer, str]:
    """A customer, and the order that waits for them to act."""
    ada = shop.buyer(shop.catalog.add(stock=5, price=PRICE), 2)
    answer = await ada.order(by("action"), key=key)
    assert answer.status_code == 202, answer.text
    await shop.context.sagas.idle(5)  # also where the answer did not wait for that
    return ada, answer.json()["id"]


def money(answer: Answer) -> tuple[str, str]:
    body = answer.json()
    return body["status"], body["payment_status"]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkout, "ANSWER_SECONDS", 0.0)
    monkeypatch.setattr(checkout, "KEY_WAIT_SECONDS", 0.02)
    monkeypatch.setattr(cancellation, "ANSWER_SECONDS", 0.0)


async def test_an_order_is_paid_with_the_checkout(shop: Shop) -> None:
    ada = shop.buyer(shop.catalog.add(price=PRICE), 2)
    answer = await ada.order(by("ok"), key="k")
    assert answer.status_code == 201, answer.text
    assert money(answer) == ("confirmed", "paid")
    (payment,) = answer.json()["payments"]
    assert (payment["status"], payment["captured"]["amount"]) == ("captured", 2 * PRICE)
    assert [e["event"] for e in answer.json()["timeline"]] == [
        *("placed", "payment_authorized", "confirmed", "paid"),
    ]
    assert shop.bank.faults.calls == ["intent", "authorize", "capture"]
    again = await ada.order(by("ok"), key="k")
    assert again.content == answer.content
    assert shop.bank.net() == 2 * PRICE
    assert (await shop.stored(answer.json()["id"])).payment.token is None
    await shop.settle()
    await shop.check_invariants()


async def test_g5_a_decline_gives_everything_back(shop: Shop) -> None:
    tea = shop.catalog.add(stock=5)
    ada = shop.buyer(tea, 2)
    answer = await ada.order(by("declined"), key="k")
    assert (answer.status_code, answer.json()["code"]) == (402, "payment_declined")
    assert answer.json()["decline_code"] == "card_declined"
    again = await ada.order(by("declined"), key="k")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (402, "true")
    assert (tea.on_hand, tea.reserved) == (5, 0)
    await shop.check_invariants()
    assert (await ada.order(by("ok"), key="another")).status_code == 201, "the cart is usable"
    await shop.settle()
    await shop.check_invariants()


@pytest.mark.usefixtures("impatient")
async def test_what_the_provider_cannot_charge_at_all_is_declined(shop: Shop) -> None:
    """There is no intent to be cancelled either, and to make one is refused again."""
    shop.bank.least = PRICE
    tea = shop.catalog.add(stock=5, price=PRICE - 1)
    ada = shop.buyer(tea)
    answer = await ada.order(by("ok"), key="k")
    await shop.settle()
    again = await ada.order(by("ok"), key="k")
    assert (again.status_code, again.json()["code"]) == (402, "payment_declined")
    assert answer.status_code in (202, 402)
    assert (await shop.all_stored())[0].payment_status == "voided"
    assert len(shop.bank.faults.calls) < 5
    assert (tea.on_hand, tea.reserved) == (5, 0)
    await shop.check_invariants()


async def test_g5_the_customer_acts_and_the_order_is_paid(shop: Shop) -> None:
    ada, order_id = await pending(shop)
    waiting = (await ada.get(f"/{order_id}")).json()
    url = "https://bank.example/confirm"
    assert waiting["next_action"] == {"type": "redirect", "url": url, "client_secret": None}
    assert (waiting["status"], waiting["payment_status"]) == ("pending", "unpaid")
    repeated = await ada.order(by("action"), key="k")
    assert (repeated.status_code, repeated.json()["next_action"]) == (202, waiting["next_action"])
    shop.bank.act(shop.intent(order_id).id)
    assert (await shop.webhook("e1", shop.intent(order_id).id)).status_code == 204
    final = await ada.order(by("action"), key="k")
    assert (final.status_code, *money(final)) == (201, "confirmed", "paid")
    assert final.json()["next_action"] is None
    await shop.settle()
    await shop.check_invariants()


async def test_a_lost_webhook_is_made_up_for(shop: Shop) -> None:
    _, order_id = await pending(shop)
    shop.bank.act(shop.intent(order_id).id)
    shop.clock.advance(seconds=25)
    await shop.work()
    assert (await shop.stored(order_id)).step == Step.CONFIRMED


async def test_e5_a_key_is_for_one_route(shop: Shop) -> None:
    ada, order, *_ = await shop.shipped((shop.catalog.add(stock=5), 1))
    path = f"/{order['id']}/returns"
    assert (await ada.post(path, {}, key="returned")).status_code == 201
    shop.fill(ada, (shop.catalog.add(), 1))
    refused = await ada.order(key="returned")
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert (await ada.order(key="ordered")).status_code == 201
    refused = await ada.post(path, {}, key="ordered")
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")


async def test_what_is_not_paid_in_time_gives_the_stock_back(shop: Shop) -> None:
    ada, order_id = await pending(shop)
    shop.clock.advance(minutes=15)
    await shop.work()
    order = (await ada.get(f"/{order_id}")).json()
    assert (order["status"], order["timeline"][-1]["reason"]) == ("failed", "payment_expired")
    final = await ada.order(by("action"), key="k")
    assert (final.status_code, final.json()["code"]) == (402, "payment_expired")
    assert [product.reserved for product in shop.catalog.products.values()] == [0]
    shop.bank.act(shop.intent(order_id).id)  # too late: nothing comes of it but a note
    assert (await ada.pay(order_id, "ok")).json()["code"] == "invalid_state"


async def test_who_waits_may_cancel_and_use_the_cart_again(shop: Shop) -> None:
    ada, order_id = await pending(shop)
    answer = await ada.cancel(order_id)
    assert (answer.status_code, answer.json()["status"]) == (200, "failed")
    again = await ada.cancel(order_id)
    assert (again.status_code, again.json()) == (200, answer.json()), "its answer may be lost"
    assert (await ada.order(by("action"), key="k")).json()["code"] == "checkout_cancelled"
    assert shop.intent(order_id).status == IntentStatus.CANCELLED
    assert (await ada.order(by("ok"), key="k2")).status_code == 201
    await shop.settle()
    await shop.check_invariants()


async def test_a_refund_that_is_refused_while_undoing_is_not_counted(shop: Shop) -> None:
    ada, order_id = await pending(shop)
    shop.bank.change(shop.intent(order_id).id, status=IntentStatus.CAPTURED, captured=2 * PRICE)
    shop.bank.failing.add(f"o:{order_id}:back:1")
    assert (await ada.cancel(order_id)).json()["status"] == "failed"
    order = await shop.stored(order_id)
    assert (order.payment_status, order.payment.refunded) == ("paid", 0)
    await shop.reconcile()
    assert (await shop.stored(order_id)).payment_status == "refunded"
    assert shop.bank.net() == 0
    await shop.check_invariants()


@pytest.mark.usefixtures("impatient")
async def test_a_refusal_while_undoing_is_a_bug_and_no_endless_loop(shop: Shop) -> None:
    ada, order_id = await pending(shop)

    def refuse() -> None:
        raise CheckoutRefused("as no cancel may")

    shop.bank.faults.before["void"] = refuse
    cancelled = await ada.cancel(order_id)
    assert cancelled.status_code == 200, cancelled.text
    await shop.context.sagas.idle(5)
    assert shop.bank.faults.calls.count("void") == 1
    del shop.bank.faults.before["void"]
    await shop.settle()
    assert (await shop.stored(order_id)).status == "failed"
    await shop.check_invariants()


async def test_t4_the_stock_is_sold_before_anything_is_captured(shop: Shop) -> None:
    ada = shop.buyer(shop.catalog.add())
    gate = shop.bank.faults.hold("capture")
    task = asyncio.create_task(ada.order(by("ok"), key="k"))
    async with asyncio.timeout(10):
        while "capture" not in shop.bank.faults.calls:
            await asyncio.sleep(0)
    (order,) = await shop.all_stored()
    assert (order.step, order.payment_status) == (Step.STOCK_COMMITTED, "authorized")
    gate.set()
    assert (await task).status_code == 201


async def test_a_capture_that_is_refused_for_good_gives_everything_back(shop: Shop) -> None:
    tea = shop.catalog.add(stock=5)
    ada = shop.buyer(tea, 2)
    answer = await ada.order(by("lapses"), key="k")
    assert (answer.status_code, answer.json()["code"]) == (402, "capture_refused")
    assert (tea.on_hand, tea.reserved) == (5, 0)
    (order,) = await shop.all_stored()
    assert (order.status, order.payment_status) == ("failed", "voided")
    await shop.check_invariants()


@pytest.mark.parametrize("kind", ["lost", "down"])
@pytest.mark.parametrize("call", ["intent", "authorize", "capture"])
@pytest.mark.usefixtures("impatient")
async def test_g4_an_unknown_outcome_is_asked_again_and_charged_once(
    shop: Shop, call: str, kind: str
) -> None:
    ada = shop.buyer(shop.catalog.add(price=PRICE))
    shop.bank.faults.then(call, kind, kind)
    assert (await ada.order(by("ok"), key="k")).status_code == 202
    await shop.settle()
    assert (await ada.order(by("ok"), key="k")).status_code == 201
    assert shop.bank.net() == PRICE
    await shop.check_invariants()


@pytest.mark.parametrize("kind", ["lost", "down"])
@pytest.mark.usefixtures("impatient")
async def test_f4_giving_back_insists(shop: Shop, kind: str) -> None:
    """The stock is gone between reserve and commit: what is authorized is voided."""
    ada = shop.buyer(shop.catalog.add())
    shop.bank.faults.then("void", kind)
    gate = shop.catalog.faults.hold("commit")
    order_id = (await ada.order(by("ok"), key="k")).json()["id"]
    await shop.until_called("commit")
    shop.catalog.expire(order_id)
    gate.set()
    await shop.settle()
    assert (await ada.order(by("ok"), key="k")).json()["code"] == "checkout_expired"
    assert (shop.bank.net(), shop.bank.held()) == (0, 0)
    await shop.check_invariants()


@pytest.mark.parametrize("kind", ["lost", "down"])
@pytest.mark.usefixtures("impatient")
async def test_an_attempt_that_never_began_is_cancelled_at_the_provider(
    shop: Shop, kind: str
) -> None:
    """Whatever fails on the way: in the end nothing holds money."""
    ada = shop.buyer(shop.catalog.add())
    shop.bank.faults.then("intent", "down", kind)
    order_id = (await ada.order(by("ok"), key="k")).json()["id"]
    await shop.context.sagas.idle(5)  # also where the answer did not wait for that
    shop.catalog.expire(order_id)
    order = await shop.stored(order_id)
    assert order.payment.intent_id is None
    shop.bank.faults.then("authorize", "down")
    shop.clock.advance(seconds=61)
    await shop.work()
    await shop.settle()
    assert shop.bank.faults.plan["intent"] == []
    assert shop.intent(order_id).status == IntentStatus.CANCELLED
    await shop.check_invariants()


@pytest.mark.parametrize("kind", ["lost", "down"])
@pytest.mark.usefixtures("impatient")
async def test_a_late_authorize_meets_the_tombstone_of_an_attempt(shop: Shop, kind: str) -> None:
    ada, it = shop.buyer(shop.catalog.add()), shop.context.it
    shop.bank.faults.then("intent", "down", kind)
    order_id = (await ada.order(by("ok"), key="k")).json()["id"]
    await shop.context.sagas.idle(5)
    order = await shop.stored(order_id)
    assert order.payment.intent_id is None
    with pytest.raises(Unavailable):
        await give_back(it, order.payments)
    await give_back(it, order.payments)
    assert shop.intent(order_id).status == IntentStatus.CANCELLED
    await shop.settle()
    assert (await shop.stored(order_id)).step == Step.FAILED
    assert (shop.bank.net(), shop.bank.held()) == (0, 0)
    await shop.check_invariants()


@pytest.mark.usefixtures("impatient")
async def test_what_has_lapsed_before_we_heard_of_it_is_declined(shop: Shop) -> None:
    ada = shop.buyer(shop.catalog.add())
    shop.bank.faults.then("authorize", "lost")
    order_id = (await ada.order(by("ok"), key="k")).json()["id"]
    await shop.context.sagas.idle(5)
    shop.bank.change(shop.intent(order_id).id, status=IntentStatus.CANCELLED)
    await shop.settle()
    final = await ada.order(by("ok"), key="k")
    assert (final.status_code, final.json()["code"]) == (402, "payment_declined")
    await shop.check_invariants()


async def test_a_free_order_needs_no_payment(shop: Shop) -> None:
    answer = await shop.buyer(shop.catalog.add(price=0)).order(by("ok"))
    assert (answer.status_code, *money(answer)) == (201, "confirmed", "paid")
    assert shop.bank.faults.calls == []


@pytest.mark.parametrize(
    ("payment", "pointer", "code"),
    [
        ({"method": "stripe", "token": "x"}, "/payment/method", "unknown_method"),
        ({"method": "sandbox"}, "/payment/token", "missing"),
        ({"token": "ok"}, "/payment/token", "not_used"),
    ],
)
async def test_payments_that_cannot_be_are_refused_before_anything(
    shop: Shop, payment: dict[str, str], pointer: str, code: str
) -> None:
    answer = await shop.buyer(shop.catalog.add()).order({"payment": payment})
    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [(pointer, code)]
    assert await shop.ids() == []


async def test_the_methods_are_listed(shop: Shop) -> None:
    answer = await shop.http.get("/api/payments/methods")
    assert answer.json()["items"] == [
        {"name": "manual", "needs_token": False},
        {"name": "sandbox", "needs_token": True},
    ]


async def test_the_means_of_payment_is_not_kept(shop: Shop) -> None:
    ada = shop.buyer(shop.catalog.add())
    gate = shop.bank.faults.hold("authorize")
    task = asyncio.create_task(ada.order(by("ok")))
    async with asyncio.timeout(10):
        while "authorize" not in shop.bank.faults.calls:
            await asyncio.sleep(0)
    (order,) = await shop.all_stored()
    assert (order.payment_token, order.payment.token) == (None, "ok")
    gate.set()
    await task
    assert (await shop.stored(order.id)).payment.token is None
