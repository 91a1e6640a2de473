"""Refunds: exact, once, and never more than was paid."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from orders.clients.provider import RefundStatus
from services.orders.tests.shop import Answer, Customer, Shop, usd
from shopkit.ids import new_id


def item(product: Any, quantity: int = 1) -> dict[str, object]:
    return {"product_id": product.id, "quantity": quantity}


def money(order: dict[str, Any]) -> tuple[str, str]:
    return order["status"], order["payment_status"]


def last(order: dict[str, Any]) -> tuple[str, str, str | None]:
    entry = order["timeline"][-1]
    return entry["event"], entry["actor"], entry["reason"]


async def refund(
    staff: Customer, order: dict[str, Any], key: str | None = None, **body: Any
) -> Answer:
    return await staff.post(f"/{order['id']}/refunds", body, key=key)


def refused(answer: Answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_an_amount_goes_back_through_the_provider(shop: Shop) -> None:
    staff = shop.staff()
    ada, order = await shop.placed((shop.catalog.add(price=1000), 2))
    answer = await refund(staff, order, amount=usd(300), reason="A scratch")
    assert answer.status_code == 201, answer.text
    asked = answer.json()
    assert answer.headers["etag"] == f'"{asked["version"]}"'
    (paper,) = asked["refunds"]
    assert (paper["status"], paper["amount"], paper["shipping"]) == ("pending", usd(300), usd(0))
    assert (paper["items"], paper["reason"]) == ([], "A scratch")
    assert money(asked) == ("confirmed", "paid"), "until the provider has said yes"
    assert last(asked) == ("refund_requested", "staff", "A scratch")
    assert asked["timeline"][-1]["by"] == staff.cart_owner
    await shop.settle()
    seen = (await ada.get(f"/{order['id']}")).json()
    assert money(seen) == ("confirmed", "partially_refunded")
    assert seen["refunds"][0]["status"] == "succeeded"
    assert seen["payments"][0]["refunded"] == usd(300)
    assert last(seen) == ("refunded", "system", None)
    assert {entry["by"] for entry in seen["timeline"]} == {None}
    assert shop.bank.net() == 1700
    await refund(staff, order, amount=usd(1700))
    await shop.settle()
    assert money((await ada.get(f"/{order['id']}")).json()) == ("confirmed", "refunded")
    assert shop.bank.net() == 0
    await shop.check_invariants()


async def test_lines_are_refunded_with_their_share_of_discount_and_tax(shop: Shop) -> None:
    """6.00 of goods, 1.00 off, 0.50 of tax: 5.50 on lines of 2.00, 1.00 and 3.00."""
    staff, add = shop.staff(), shop.catalog.add
    cup, tea, pot = add(price=200), add(price=100), add(price=100)
    _, order = await shop.placed((cup, 1), (tea, 1), (pot, 3), discount=100, tax=50, shipping=400)
    assert order["total"] == usd(950)
    amounts = []
    for items in ([item(cup), item(tea)], [item(pot)], [item(pot)], [item(pot)]):
        asked = (await refund(staff, order, items=items)).json()
        amounts.append(asked["refunds"][-1]["amount"]["amount"])
        named = asked["refunds"][-1]["items"]
        assert [one | {"amount": 0} for one in named] == [one | {"amount": 0} for one in items]
        assert sum(one["amount"]["amount"] for one in named) == amounts[-1]
    assert sum(amounts) == 550
    assert amounts[0] in (274, 275, 276)
    assert max(amounts[1:]) - min(amounts[1:]) <= 1
    shipping = (await refund(staff, order, shipping=True)).json()["refunds"][-1]
    assert (shipping["amount"], shipping["shipping"]) == (usd(400), usd(400))
    await shop.settle()
    assert money((await staff.get(f"/{order['id']}")).json()) == ("confirmed", "refunded")
    assert shop.bank.net() == 0
    await shop.check_invariants()


async def test_lines_shipping_and_an_amount_together(shop: Shop) -> None:
    staff, tea = shop.staff(), shop.catalog.add(price=1000)
    _, order = await shop.placed((tea, 2), shipping=500)
    asked = await refund(staff, order, items=[item(tea)], shipping=True, amount=usd(100))
    (paper,) = asked.json()["refunds"]
    assert (paper["amount"], paper["shipping"]) == (usd(1600), usd(500))
    again = await refund(staff, order, shipping=True)
    assert refused(again) == (422, "validation_error"), "the shipping comes to nothing now"
    assert again.json()["errors"][0]["code"] == "nothing_to_refund"
    more = await refund(staff, order, items=[item(tea)])
    assert refused(more) == (409, "refund_exceeds_payment"), "1.00 of it went back already"
    assert more.json()["refundable"] == usd(900)


async def test_a_discount_that_eats_into_the_shipping_is_no_trouble(shop: Shop) -> None:
    staff, tea = shop.staff(), shop.catalog.add(price=1000)
    _, order = await shop.placed((tea, 2), shipping=500, discount=2200)
    assert order["total"] == usd(300)
    asked = await refund(staff, order, items=[item(tea, 2)], shipping=True)
    assert asked.status_code == 201, asked.text
    assert asked.json()["refunds"][0]["amount"] == usd(300)


async def test_never_more_than_was_paid(shop: Shop) -> None:
    staff, tea, cup = shop.staff(), shop.catalog.add(price=1000), shop.catalog.add()
    _, order = await shop.placed((tea, 2))
    before = await shop.stored(order["id"])
    more = await refund(staff, order, amount=usd(2001))
    assert refused(more) == (409, "refund_exceeds_payment")
    assert more.json()["refundable"] == usd(2000)
    for items, code in (([item(tea, 3)], "too_many"), ([item(cup)], "not_found")):
        wrong = await refund(staff, order, items=items)
        assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (422, code)
    assert await shop.stored(order["id"]) == before
    await refund(staff, order, amount=usd(2000))
    for body in ({"amount": usd(1)}, {"items": [item(tea)]}):
        assert refused(await refund(staff, order, **body)) == (409, "nothing_to_refund")
    await shop.settle()
    assert refused(await refund(staff, order, amount=usd(1))) == (409, "nothing_to_refund")
    assert shop.bank.net() == 0


async def test_a_refund_says_what_it_is_for(shop: Shop) -> None:
    staff = shop.staff()
    _, order = await shop.placed((shop.catalog.add(price=1000), 1))
    euros = await refund(staff, order, amount={"amount": 1, "currency": "EUR"})
    assert euros.json()["errors"][0]["code"] == "wrong_currency"
    assert euros.json()["errors"][0]["pointer"] == "/amount/currency"
    bad: list[dict[str, Any]] = [
        *({}, {"shipping": False}, {"amount": usd(0)}, {"amount": usd(-1)}, {"items": []}),
        *({"amount": 5}, {"shipping": "yes"}, {"total": usd(1)}, {"amount": usd(1) | {"x": 1}}),
    ]
    for body in bad:
        assert (await refund(staff, order, **body)).status_code == 422, body
    assert (await shop.stored(order["id"])).refunds == ()


async def test_what_was_refunded_is_not_sent_unless_it_is_named(shop: Shop) -> None:
    tea = shop.catalog.add(stock=5)
    _, order = await shop.placed((tea, 3))
    staff = shop.staff()
    one = {"items": [{"product_id": tea.id, "quantity": 1}]}
    assert (await staff.post(f"/{order['id']}/refunds", one)).status_code == 201
    await shop.context.relay.drain()
    sent = (await staff.post(f"/{order['id']}/fulfillments")).json()
    assert [item["quantity"] for item in sent["fulfillments"][0]["items"]] == [2]
    assert sent["fulfillment_status"] == "partially_fulfilled"
    named = await staff.post(f"/{order['id']}/fulfillments", one)
    assert (named.status_code, named.json()["fulfillment_status"]) == (201, "fulfilled")


async def test_what_is_not_paid_is_not_refunded(shop: Shop) -> None:
    staff = shop.staff()
    _, order = await shop.placed((shop.catalog.add(), 1), token=None)
    assert refused(await refund(staff, order, amount=usd(1))) == (409, "nothing_to_refund")
    eve = shop.buyer(shop.catalog.add())
    waiting = await eve.order({"payment": {"method": "sandbox", "token": "action"}})
    answer = await refund(staff, waiting.json(), amount=usd(1))
    assert refused(answer) == (409, "nothing_to_refund")


async def test_what_was_paid_by_hand_goes_back_by_hand(shop: Shop) -> None:
    staff = shop.staff()
    _, order = await shop.placed((shop.catalog.add(price=1000), 1), token=None)
    await staff.post(f"/{order['id']}/mark-paid")
    part = (await refund(staff, order, amount=usd(400))).json()
    assert (part["refunds"][0]["status"], part["payment_status"]) == (
        *("succeeded", "partially_refunded"),
    )
    assert [entry["event"] for entry in part["timeline"]][-2:] == ["refund_requested", "refunded"]
    rest = (await refund(staff, order, amount=usd(600))).json()
    assert rest["payment_status"] == "refunded"
    assert shop.bank.faults.calls == []


async def test_b4_only_staff_with_the_scope_refund(shop: Shop) -> None:
    ada, order = await shop.placed((shop.catalog.add(), 1))
    for visitor in (ada, shop.staff("orders:read", "orders:write", "payments:write")):
        answer = await refund(visitor, order, amount=usd(1))
        assert refused(answer) == (403, "insufficient_scope")
    assert (await refund(shop.guest(), order, amount=usd(1))).status_code == 401
    unknown = await refund(shop.staff(), {"id": new_id()}, amount=usd(1))
    assert refused(unknown) == (404, "not_found")
    assert (await shop.stored(order["id"])).refunds == ()


async def test_a_key_refunds_once(shop: Shop) -> None:
    staff = shop.staff()
    _, order = await shop.placed((shop.catalog.add(price=1000), 2))
    first = await refund(staff, order, key="k", amount=usd(300))
    await shop.settle()
    again = await refund(staff, order, key="k", amount=usd(300))
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    other = await refund(staff, order, key="k", amount=usd(301))
    assert refused(other) == (422, "idempotency_key_reused")
    elsewhere = await staff.post(f"/{order['id']}/fulfillments", key="k")
    assert refused(elsewhere) == (422, "idempotency_key_reused")
    assert shop.bank.net() == 1700
    assert (await refund(shop.staff(), order, key="k", amount=usd(300))).status_code == 201
    await shop.settle()
    assert shop.bank.net() == 1400


async def test_e4_twenty_at_once_with_one_key_refund_once(shop: Shop) -> None:
    staff = shop.staff()
    _, order = await shop.placed((shop.catalog.add(price=1000), 10))
    asked = [refund(staff, order, key="k", amount=usd(100)) for _ in range(20)]
    answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    await shop.settle()
    assert shop.bank.net() == 9900
    assert len((await shop.stored(order["id"])).refunds) == 1


async def test_e10_fifty_refunds_at_once_give_back_what_was_paid_and_no_more(shop: Shop) -> None:
    staff, tea = shop.staff(), shop.catalog.add(price=100, stock=10)
    _, order = await shop.placed((tea, 10))
    bodies: list[dict[str, Any]] = [{"amount": usd(70)}, {"items": [item(tea)]}]
    answers = await asyncio.gather(*(refund(staff, order, **bodies[n % 2]) for n in range(50)))
    counted = Counter(refused(a) if a.status_code > 201 else (201, "") for a in answers)
    assert set(counted) <= {
        *((201, ""), (409, "refund_exceeds_payment"), (409, "nothing_to_refund")),
        (422, "validation_error"),
    }
    stored = await shop.stored(order["id"])
    set_aside = stored.payment.refund_pending + stored.payment.refunded  # the relay is at it
    assert set_aside == sum(one.amount for one in stored.refunds) <= 1000
    assert len(stored.refunds) == counted[201, ""] >= 10
    await shop.settle()
    assert 0 <= shop.bank.net() < 100
    assert (await shop.stored(order["id"])).payment.refunded == 1000 - shop.bank.net()
    await shop.check_invariants()


async def test_e10_refund_cancel_and_send_at_once(shop: Shop) -> None:
    staff = shop.staff()
    for _ in range(5):
        ada, order = await shop.placed((shop.catalog.add(price=1000), 1))
        back, cancelled, sent = await asyncio.gather(
            refund(staff, order, amount=usd(600)),
            ada.cancel(order["id"]),
            staff.post(f"/{order['id']}/fulfillments"),
        )
        assert {back.status_code, cancelled.status_code, sent.status_code} <= {200, 201, 409}
        assert cancelled.status_code == 409 or sent.status_code == 409
        await shop.settle()
        stored = await shop.stored(order["id"])
        if cancelled.status_code == 200:
            assert (stored.status, stored.payment_status) == ("cancelled", "refunded")
        else:
            assert (stored.status, stored.payment_status) == ("completed", "partially_refunded")
    await shop.check_invariants()


@pytest.mark.parametrize("kind", ["down", "lost"])
async def test_g4_a_refund_whose_answer_got_lost_is_made_once(shop: Shop, kind: str) -> None:
    staff = shop.staff()
    _, order = await shop.placed((shop.catalog.add(price=1000), 1))
    shop.bank.faults.then("refund", kind, kind)
    await refund(staff, order, amount=usd(300))
    await shop.settle()
    assert shop.bank.faults.calls.count("refund") == 3
    assert shop.bank.net() == 700
    assert (await shop.stored(order["id"])).payment_status == "partially_refunded"


async def test_a_refund_waits_as_long_as_the_provider_does(shop: Shop) -> None:
    staff = shop.staff()
    _, order = await shop.placed((shop.catalog.add(price=1000), 1))
    shop.bank.refund_status = RefundStatus.PENDING
    await refund(staff, order, amount=usd(300))
    await shop.settle()
    waiting = await shop.stored(order["id"])
    assert (waiting.refunds[0].status, waiting.payment.refundable) == ("pending", 700)
    shop.bank.refund_status = RefundStatus.SUCCEEDED
    await shop.settle()
    assert (await shop.stored(order["id"])).refunds[0].status == "succeeded"
    assert shop.bank.net() == 700


async def test_a_refund_that_fails_can_be_made_again_and_staff_are_told(shop: Shop) -> None:
    staff, tea = shop.staff(), shop.catalog.add(price=1000)
    _, order = await shop.placed((tea, 1), shipping=500)
    shop.bank.refund_status = RefundStatus.FAILED
    await refund(staff, order, items=[item(tea)], shipping=True)
    await shop.settle()
    failed = (await staff.get(f"/{order['id']}")).json()
    assert (failed["refunds"][0]["status"], failed["payment_status"]) == ("failed", "paid")
    assert last(failed) == ("refund_failed", "system", None)
    (listed,) = (await staff.get("/discrepancies")).json()["items"]
    assert (listed["kind"], listed["order_id"]) == ("refund_failed", order["id"])
    assert listed["subject"] == failed["refunds"][0]["id"]
    shop.bank.refund_status = RefundStatus.SUCCEEDED
    again = await refund(staff, order, items=[item(tea)], shipping=True)
    assert again.status_code == 201, again.text
    await shop.settle()
    assert (await shop.stored(order["id"])).payment_status == "refunded"
    assert shop.bank.net() == 0


async def test_pieces_sum_up_when_one_of_them_failed_before(shop: Shop) -> None:
    """2.00 for three: 0.66, 0.67 and 0.67, whichever of them has to be made again."""
    staff, tea = shop.staff(), shop.catalog.add(price=200)
    _, order = await shop.placed((tea, 3), discount=400)
    gate = shop.bank.faults.hold("refund")
    first = (await refund(staff, order, items=[item(tea)])).json()["refunds"][0]
    second = (await refund(staff, order, items=[item(tea)])).json()["refunds"][1]
    assert (first["amount"], second["amount"]) == (usd(66), usd(67))
    shop.bank.failing.add(first["id"])
    gate.set()
    await shop.settle()
    rest = await refund(staff, order, items=[item(tea, 2)])
    assert rest.status_code == 201, rest.text
    assert rest.json()["refunds"][2]["amount"] == usd(133)
    await shop.settle()
    assert (await shop.stored(order["id"])).payment_status == "refunded"


async def test_a_cancelled_order_gives_all_of_it_back_once(shop: Shop) -> None:
    staff, tea = shop.staff(), shop.catalog.add(price=1000, stock=5)
    ada, order = await shop.placed((tea, 2), shipping=500)
    await refund(staff, order, items=[item(tea)])
    answers = await asyncio.gather(*(ada.cancel(order["id"]) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    await shop.settle()
    stored = await shop.stored(order["id"])
    assert (stored.status, stored.payment_status) == ("cancelled", "refunded")
    assert [one.amount for one in stored.refunds] == [1000, 1500]
    assert (shop.bank.net(), tea.on_hand) == (0, 5)
    assert refused(await refund(staff, order, amount=usd(1))) == (409, "nothing_to_refund")
    await shop.check_invariants()


async def test_staff_cancel_and_keep_the_goods_out_of_stock(shop: Shop) -> None:
    staff, tea = shop.staff(), shop.catalog.add(price=1000, stock=5)
    ada, order = await shop.placed((tea, 2))
    kept = await ada.cancel(order["id"], {"restock": False})
    assert refused(kept) == (403, "insufficient_scope")
    assert (await shop.stored(order["id"])).status == "confirmed"
    body = {"restock": False, "reason": "Broken in the warehouse"}
    cancelled = (await staff.cancel(order["id"], body)).json()
    assert cancelled["status"] == "cancelled"
    by_staff = [e for e in cancelled["timeline"] if e["event"] == "cancelled"]
    assert [(e["actor"], e["by"], e["reason"]) for e in by_staff] == [
        ("staff", staff.cart_owner, "Broken in the warehouse")
    ]
    assert (await staff.cancel(order["id"])).json()["status"] == "cancelled", "not undone by that"
    await shop.settle()
    assert (tea.on_hand, shop.bank.net()) == (3, 0)
    await shop.check_invariants()
