"""Rule 9: what is not as the orders say is put right once, or a person hears of it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from orders.clients.provider import IntentStatus, RefundStatus
from orders.models import order_lines, orders, payments, refunds
from services.orders.tests.fakes import Product
from services.orders.tests.shop import Customer, Shop

PRICE = 1000
AUTHORIZED, CAPTURED = IntentStatus.AUTHORIZED, IntentStatus.CAPTURED
LATER = {"payment": {"method": "manual"}}


def by(token: str) -> dict[str, object]:
    return {"payment": {"method": "sandbox", "token": token}}


async def ordered(shop: Shop, payload: object = None, quantity: int = 1) -> tuple[Customer, str]:
    """A customer, and what became of their order."""
    ada = shop.buyer(shop.catalog.add(price=PRICE), quantity)
    await ada.order(payload or by("ok"))
    await shop.settle()
    return ada, (await shop.ids())[-1]


async def cancelled(shop: Shop, payload: object = None) -> str:
    ada, order_id = await ordered(shop, payload)
    assert (await ada.cancel(order_id)).status_code == 200
    await shop.settle()
    return order_id


def tea(shop: Shop) -> Product:
    (found,) = shop.catalog.products.values()
    return found


async def nothing_left(shop: Shop) -> None:
    """The same again finds nothing to do, and what was done fits together."""
    again = await shop.reconcile()
    assert (dict(again.mended), dict(again.reported), again.incomplete) == ({}, {}, {})
    await shop.check_invariants()


async def reported(shop: Shop, kind: str, order_id: str | None) -> None:
    """It is on the list, once however often it is seen, and nothing else was done."""
    for _ in range(2):
        round = await shop.reconcile()
        assert (dict(round.mended), dict(round.reported)) == ({}, {kind: 1})
        assert round.incomplete == {}
    (found,) = await shop.discrepancies()
    assert (found["kind"], found["order_id"]) == (kind, order_id)


async def test_what_fits_together_is_left_alone(shop: Shop) -> None:
    await ordered(shop, by("declined"))
    await cancelled(shop)
    await ordered(shop)
    await ordered(shop, LATER)
    calls = [*shop.cart.faults.calls, *shop.catalog.faults.calls, *shop.bank.faults.calls]
    round = await shop.reconcile()
    assert round.compared == {"payments:sandbox": 3, "stock": 2, "orders": 2, "carts": 3}
    await nothing_left(shop)
    after = [*shop.cart.faults.calls, *shop.catalog.faults.calls, *shop.bank.faults.calls]
    looks = ("list", "list_claims", "find_claims", "list_reservations", "find_reservations")
    assert sorted(c for c in after if c not in looks) == sorted(calls)


async def test_g8_a_capture_that_we_lost_is_written_down(shop: Shop) -> None:
    _, order_id = await ordered(shop)
    await shop.execute(
        update(payments).values(state="pending", captured=0, intent_id=None),
        update(orders).values(payment_status="unpaid"),
    )
    assert (await shop.reconcile()).mended == {"payment_observed": 1}
    order = await shop.stored(order_id)
    assert (order.payment_status, order.payment.captured) == ("paid", PRICE)
    await nothing_left(shop)


async def test_g8_a_capture_and_its_refund_that_we_lost_are_written_down(shop: Shop) -> None:
    _, order_id = await ordered(shop)
    shop.bank.change(shop.intent(order_id).id, refunded=300)
    await shop.execute(
        update(payments).values(state="authorized", captured=0),
        update(orders).values(payment_status="authorized"),
    )
    assert (await shop.reconcile()).mended == {"payment_observed": 1}
    order = await shop.stored(order_id)
    assert (order.payment_status, order.payment.refunded) == ("partially_refunded", 300)
    await nothing_left(shop)


@pytest.mark.parametrize("given_up", ["failed", "cancelled"])
async def test_g8_what_was_taken_for_an_order_that_is_none_goes_back(
    shop: Shop, given_up: str
) -> None:
    if given_up == "failed":
        _, order_id = await ordered(shop, by("lapses"))
    else:
        order_id = await cancelled(shop)
        await shop.execute(
            delete(refunds),
            update(payments).values(state="voided", captured=0, refunded=0),
            update(orders).values(payment_status="voided"),
        )
    shop.bank.change(shop.intent(order_id).id, status=CAPTURED, captured=PRICE, refunded=0)
    assert (await shop.reconcile()).mended == {"payment_observed": 1}
    order = await shop.stored(order_id)
    assert (order.status, order.payment_status, shop.bank.net()) == (given_up, "refunded", 0)
    await nothing_left(shop)


async def test_a_refund_that_was_never_begun_is_begun(shop: Shop) -> None:
    order_id = await cancelled(shop)
    await shop.execute(
        delete(refunds),
        update(payments).values(refunded=0),
        update(orders).values(payment_status="paid"),
    )
    shop.bank.change(shop.intent(order_id).id, refunded=0)
    assert (await shop.reconcile()).mended == {"refund_started": 1}
    assert shop.bank.net() == 0
    await nothing_left(shop)


async def test_g8_what_is_held_for_a_failed_order_is_let_go(shop: Shop) -> None:
    _, order_id = await ordered(shop, by("declined"))
    shop.bank.change(shop.intent(order_id).id, status=AUTHORIZED)
    assert (await shop.reconcile()).mended == {"payment_voided": 1}
    assert shop.bank.held() == 0
    await nothing_left(shop)


async def test_g8_an_attempt_that_a_failed_order_lost_is_given_back(shop: Shop) -> None:
    _, order_id = await ordered(shop, by("declined"))
    await shop.execute(delete(payments))
    shop.bank.change(shop.intent(order_id).id, status=CAPTURED, captured=PRICE)
    assert (await shop.reconcile()).mended == {"payment_given_back": 1}
    assert shop.bank.net() == 0
    await nothing_left(shop)


@pytest.mark.parametrize("here", ["voided", "pending"])
async def test_g8_an_attempt_that_was_given_up_and_holds_money_is_voided(
    shop: Shop, here: str
) -> None:
    ada = shop.buyer(shop.catalog.add(price=PRICE))
    order_id = (await ada.order(by("action"))).json()["id"]
    await ada.pay(order_id, "ok")
    await shop.settle()
    shop.bank.change(shop.intent(order_id, 1).id, status=AUTHORIZED)
    await shop.execute(update(payments).where(payments.c.attempt == 1).values(state=here))
    assert (await shop.reconcile()).mended == {"payment_voided": 1}
    assert (shop.bank.held(), shop.bank.net()) == (0, PRICE)
    await nothing_left(shop)
    shop.bank.change(shop.intent(order_id, 1).id, status=CAPTURED, captured=PRICE)
    await reported(shop, "paid_twice", order_id)


async def test_an_order_that_waits_for_its_customer_is_woken_when_paid(shop: Shop) -> None:
    ada = shop.buyer(shop.catalog.add(price=PRICE))
    order_id = (await ada.order(by("action"))).json()["id"]
    far = shop.clock.now() + timedelta(hours=1)
    await shop.execute(update(orders).values(lease_until=far, pay_until=far))
    assert (await shop.reconcile()).mended == {}
    shop.bank.act(shop.intent(order_id).id)
    assert (await shop.compare()).mended == {"order_woken": 1}
    await shop.settle()
    assert (await shop.stored(order_id)).status == "confirmed"
    await nothing_left(shop)


async def lapsing(shop: Shop) -> tuple[Customer, str]:
    """Confirmed, and authorized until it is shipped."""
    object.__setattr__(shop.context.it, "capture_at", "shipment")
    return await ordered(shop, quantity=2)


async def test_g5_what_lapsed_before_it_was_sent_gives_the_stock_back(shop: Shop) -> None:
    _, order_id = await lapsing(shop)
    shop.bank.change(shop.intent(order_id).id, status=IntentStatus.CANCELLED)
    assert (await shop.reconcile()).mended == {"order_cancelled": 1}
    order = await shop.stored(order_id)
    assert (order.status, order.payment_status) == ("cancelled", "voided")
    assert order.timeline[-1]["reason"] == "authorization_lapsed"
    assert tea(shop).on_hand == 10
    await nothing_left(shop)


async def test_an_old_authorization_is_looked_up(shop: Shop) -> None:
    """Providers list what is new; what is not at its end is asked for one by one."""
    _, order_id = await lapsing(shop)
    lapsed = shop.bank.change(shop.intent(order_id).id, status=IntentStatus.CANCELLED)
    shop.clock.advance(days=8)
    del shop.bank.intents[lapsed.id]
    shop.bank.unlisted[lapsed.id] = lapsed
    assert (await shop.reconcile()).mended == {"order_cancelled": 1}
    assert (await shop.stored(order_id)).status == "cancelled"


async def test_lapsed_though_goods_are_on_their_way(shop: Shop) -> None:
    _, order_id = await lapsing(shop)
    shop.bank.change(shop.intent(order_id).id, status=IntentStatus.CANCELLED)
    await shop.execute(
        update(order_lines).values(fulfilled=1),
        update(orders).values(fulfillment_status="partially_fulfilled"),
    )
    await reported(shop, "authorization_lapsed", order_id)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"amount": PRICE + 1}, "payment_amount"),
        ({"currency": "EUR"}, "payment_amount"),
        ({"captured": PRICE - 1}, "payment_amount"),
        ({"status": AUTHORIZED, "captured": 0}, "payment_missing"),
        ({"status": IntentStatus.CANCELLED, "captured": 0}, "payment_missing"),
        ({"refunded": 1}, "refund_differs"),
    ],
)
async def test_a_provider_that_says_something_else(
    shop: Shop, changes: dict[str, object], kind: str
) -> None:
    _, order_id = await ordered(shop)
    there = shop.intent(order_id)
    shop.bank.change(there.id, **changes)
    await reported(shop, kind, order_id)
    shop.bank.change(there.id, **{name: getattr(there, name) for name in changes})
    assert (await shop.reconcile()).closed == 1
    assert await shop.discrepancies() == []
    (closed,) = await shop.discrepancies("any")
    assert closed["closed_by"] == "system"
    await nothing_left(shop)


async def test_a_payment_that_the_provider_never_heard_of(shop: Shop) -> None:
    _, order_id = await ordered(shop)
    shop.bank.intents.clear()
    await reported(shop, "payment_missing", order_id)


async def test_a_payment_that_the_order_does_not_know(shop: Shop) -> None:
    _, order_id = await ordered(shop)
    there = shop.intent(order_id)
    shop.bank.intents["x"] = replace(there, id="x", reference=f"o:{order_id}:2")
    await reported(shop, "unknown_payment", order_id)
    assert shop.bank.net() == 2 * PRICE


async def test_what_others_do_at_the_provider_is_not_ours(shop: Shop) -> None:
    _, order_id = await ordered(shop)
    shop.bank.intents["x"] = replace(shop.intent(order_id), id="x", reference="invoice 7")
    await nothing_left(shop)


async def test_a_refund_under_way_is_no_difference(shop: Shop) -> None:
    """Whether the provider has it already or not."""
    shop.bank.refund_status = RefundStatus.PENDING
    ada, order_id = await ordered(shop)
    await ada.cancel(order_id)
    for refunded in (0, PRICE):
        shop.bank.change(shop.intent(order_id).id, refunded=refunded)
        assert (await shop.reconcile()).reported == {}
    shop.clock.advance(hours=1)
    await reported(shop, "refund_failed", order_id)


async def test_a_refund_that_failed_is_for_a_person_once(shop: Shop) -> None:
    shop.bank.refund_status = RefundStatus.FAILED
    order_id = await cancelled(shop)
    assert [r.status for r in (await shop.stored(order_id)).refunds] == ["failed"]
    await reported(shop, "refund_failed", order_id)
    (found,) = await shop.discrepancies()
    await close(shop, found["id"])
    assert (await shop.reconcile()).reported == {}
    assert len((await shop.stored(order_id)).refunds) == 1, "it is not asked again and again"


async def close(shop: Shop, discrepancy_id: str) -> None:
    staff = shop.user("payments:write")
    path = f"/api/orders/discrepancies/{discrepancy_id}/close"
    assert (await shop.http.post(path, headers=staff.headers)).status_code == 200


async def test_what_staff_close_comes_back_while_it_is_still_there(shop: Shop) -> None:
    _, order_id = await ordered(shop)
    shop.bank.change(shop.intent(order_id).id, refunded=1)
    await shop.reconcile()
    (first,) = await shop.discrepancies()
    await close(shop, first["id"])
    await shop.reconcile()
    (second,) = await shop.discrepancies()
    assert second["id"] != first["id"]
    await close(shop, second["id"])
    shop.bank.change(shop.intent(order_id).id, refunded=0)
    await nothing_left(shop)
    assert await shop.discrepancies() == []
