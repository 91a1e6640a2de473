"""Returns: asked for, received or rejected; stock and money follow once."""

import asyncio
from typing import Any

import pytest

from services.orders.tests.shop import Answer, Customer, Shop, usd
from shopkit.ids import new_id


def item(product: Any, quantity: int = 1) -> dict[str, object]:
    return {"product_id": product.id, "quantity": quantity}


def refused(answer: Answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def ask(
    visitor: Customer, order: dict[str, Any], key: str | None = None, **body: Any
) -> Answer:
    return await visitor.post(f"/{order['id']}/returns", body or None, key=key)


async def close(
    staff: Customer, asked: dict[str, Any], verb: str, key: str | None = None, **body: Any
) -> Answer:
    """Receive or reject the newest return."""
    path = f"/{asked['id']}/returns/{asked['returns'][-1]['id']}/{verb}"
    return await staff.post(path, body or None, key=key)


async def test_all_of_it_comes_back(shop: Shop) -> None:
    tea = shop.catalog.add(price=1000, stock=5)
    ada, order, staff = await shop.shipped((tea, 2), shipping=500)
    answer = await ask(ada, order, reason="Too small")
    assert answer.status_code == 201, answer.text
    asked = answer.json()
    assert answer.headers["etag"] == f'"{asked["version"]}"'
    (paper,) = asked["returns"]
    assert (paper["status"], paper["items"]) == ("requested", [item(tea, 2)])
    assert (paper["reason"], paper["closed_at"], paper["refund_id"]) == ("Too small", None, None)
    entry = asked["timeline"][-1]
    assert (entry["event"], entry["actor"], entry["by"]) == ("return_requested", "customer", None)
    assert (asked["fulfillment_status"], tea.on_hand) == ("fulfilled", 3), "nothing is here yet"
    received = (await close(staff, asked, "receive")).json()
    assert (received["status"], received["fulfillment_status"]) == ("completed", "returned")
    (paper,), (refund,) = received["returns"], received["refunds"]
    assert (paper["status"], paper["restocked"]) == ("received", True)
    assert (paper["refund_id"], refund["amount"]) == (refund["id"], usd(2000))
    assert refund["items"] == [item(tea, 2) | {"amount": usd(2000)}]
    happened = [(e["event"], e["by"]) for e in received["timeline"]][-2:]
    by = staff.cart_owner
    assert happened == [("return_received", by), ("refund_requested", by)]
    await shop.settle()
    assert (tea.on_hand, shop.bank.net()) == (5, 500), "the shipping stays paid"
    seen = (await ada.get(f"/{order['id']}")).json()
    assert seen["payment_status"] == "partially_refunded"
    assert {entry["by"] for entry in seen["timeline"]} == {None}


async def test_some_of_it_comes_back_and_the_rest_later(shop: Shop) -> None:
    tea, cup = shop.catalog.add(price=100), shop.catalog.add(price=50)
    ada, order, staff = await shop.shipped((tea, 3), (cup, 1), discount=50)
    first = (await ask(ada, order, items=[item(tea), item(tea)])).json()
    assert first["returns"][0]["items"] == [item(tea, 2)]
    more = await ask(ada, order, items=[item(tea, 2)])
    assert (more.status_code, more.json()["errors"][0]["code"]) == (422, "too_many")
    received = (await close(staff, first, "receive")).json()
    assert received["fulfillment_status"] == "fulfilled"
    rest = (await ask(ada, order)).json()
    assert rest["returns"][1]["items"] == [item(tea), item(cup)]
    last = (await close(staff, rest, "receive")).json()
    assert last["fulfillment_status"] == "returned"
    assert sum(refund["amount"]["amount"] for refund in last["refunds"]) == 300
    await shop.settle()
    assert ((await shop.stored(order["id"])).payment_status, shop.bank.net()) == ("refunded", 0)
    assert (tea.on_hand, cup.on_hand) == (10, 10)
    nothing = await ask(ada, order)
    assert refused(nothing) == (409, "invalid_state")


async def test_staff_say_what_becomes_of_stock_and_money(shop: Shop) -> None:
    tea = shop.catalog.add(price=1000, stock=5)
    ada, order, staff = await shop.shipped((tea, 2))
    broken = (await ask(ada, order, items=[item(tea)])).json()
    received = (await close(staff, broken, "receive", restock=False)).json()
    assert received["returns"][0]["restocked"] is False
    swapped = (await ask(ada, order)).json()
    received = (await close(staff, swapped, "receive", refund=False)).json()
    assert (received["returns"][1]["refund_id"], len(received["refunds"])) == (None, 1)
    await shop.settle()
    assert (tea.on_hand, shop.bank.net()) == (4, 1000)


async def test_a_rejected_return_changes_nothing_and_can_be_asked_for_again(shop: Shop) -> None:
    tea = shop.catalog.add(stock=5)
    ada, order, staff = await shop.shipped((tea, 2))
    asked = (await ask(ada, order)).json()
    answer = await close(staff, asked, "reject", reason="Used")
    assert answer.status_code == 200, answer.text
    (paper,) = answer.json()["returns"]
    assert (paper["status"], paper["restocked"], paper["refund_id"]) == ("rejected", False, None)
    entry = answer.json()["timeline"][-1]
    assert (entry["event"], entry["reason"]) == ("return_rejected", "Used")
    assert entry["by"] == staff.cart_owner
    assert answer.json()["fulfillment_status"] == "fulfilled"
    for verb in ("receive", "reject"):
        assert refused(await close(staff, asked, verb)) == (409, "invalid_state")
    again = (await ask(ada, order)).json()
    assert (await close(staff, again, "receive")).status_code == 201
    await shop.settle()
    assert tea.on_hand == 5


async def test_only_what_was_sent_comes_back(shop: Shop) -> None:
    tea, cup, staff = shop.catalog.add(), shop.catalog.add(), shop.staff()
    ada, order = await shop.placed((tea, 3))
    assert refused(await ask(ada, order)) == (409, "invalid_state")
    await staff.post(f"/{order['id']}/fulfillments", {"items": [item(tea)]})
    before = await shop.stored(order["id"])
    for items, code in (([item(tea, 2)], "too_many"), ([item(cup)], "not_found")):
        wrong = await ask(ada, order, items=items)
        assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (422, code)
    bad: list[dict[str, Any]] = [{"items": []}, {"reason": 1}, {"refund": True}]
    for body in bad:
        assert (await ask(ada, order, **body)).status_code == 422
    assert await shop.stored(order["id"]) == before
    assert (await ask(ada, order)).json()["returns"][0]["items"] == [item(tea)]


async def test_a_guest_asks_with_the_cart_token_and_staff_for_whom_they_want(shop: Shop) -> None:
    guest, tea, staff = shop.guest(), shop.catalog.add(), shop.staff()
    shop.fill(guest, (tea, 2))
    placed = await guest.order({"payment": {"method": "sandbox", "token": "ok"}})
    order = placed.json()
    await staff.post(f"/{order['id']}/fulfillments")
    assert (await ask(guest, order, items=[item(tea)])).status_code == 201
    by_staff = (await ask(staff, order)).json()
    entry = by_staff["timeline"][-1]
    assert (entry["event"], entry["actor"], entry["by"]) == (
        *("return_requested", "staff", staff.cart_owner),
    )


async def test_b1_others_learn_and_change_nothing(shop: Shop) -> None:
    tea = shop.catalog.add()
    ada, order, staff = await shop.shipped((tea, 2))
    mallory, reader = shop.user(), shop.staff("orders:read", "refunds:write")
    for other in (mallory, shop.guest()):
        theirs, unknown = await ask(other, order), await ask(other, {"id": new_id()})
        assert refused(theirs) == refused(unknown) == (404, "not_found")
    assert refused(await ask(reader, order)) == (403, "insufficient_scope")
    path = f"/api/orders/{order['id']}/returns"
    assert (await shop.http.post(path)).status_code == 401
    asked = (await ask(ada, order)).json()
    for verb in ("receive", "reject"):
        for other in (ada, mallory, reader):
            assert refused(await close(other, asked, verb)) == (403, "insufficient_scope")
        assert (await close(shop.guest(), asked, verb)).status_code == 401
    _, second, _ = await shop.shipped((tea, 1))
    for order_id, return_id in (
        (second["id"], asked["returns"][0]["id"]),
        (order["id"], new_id()),
        (new_id(), asked["returns"][0]["id"]),
    ):
        for verb in ("receive", "reject"):
            answer = await staff.post(f"/{order_id}/returns/{return_id}/{verb}")
            assert refused(answer) == (404, "not_found")
    assert (await shop.stored(order["id"])).returns[0].status == "requested"


async def test_a_key_asks_once_and_receives_once(shop: Shop) -> None:
    tea = shop.catalog.add(price=1000, stock=5)
    ada, order, staff = await shop.shipped((tea, 4))
    asked = [ask(ada, order, key="k", items=[item(tea, 2)]) for _ in range(20)]
    answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 19
    other = await ask(ada, order, key="k", items=[item(tea)])
    assert refused(other) == (422, "idempotency_key_reused")
    paper = answers[0].json()
    got = await asyncio.gather(*(close(staff, paper, "receive", key="r") for _ in range(20)))
    assert {answer.status_code for answer in got} == {201}
    assert len({answer.text for answer in got}) == 1
    changed = await close(staff, paper, "receive", key="r", restock=False)
    assert refused(changed) == (422, "idempotency_key_reused")
    await shop.settle()
    assert (tea.on_hand, shop.bank.net()) == (3, 2000)
    stored = await shop.stored(order["id"])
    assert (stored.lines[0].returned, len(stored.returns), len(stored.refunds)) == (2, 1, 1)


async def test_twenty_without_a_key_receive_once(shop: Shop) -> None:
    tea = shop.catalog.add(price=1000, stock=5)
    ada, order, staff = await shop.shipped((tea, 2))
    asked = (await ask(ada, order)).json()
    verbs = ["receive", "reject"] * 10
    answers = await asyncio.gather(*(close(staff, asked, verb) for verb in verbs))
    assert sorted(answer.status_code for answer in answers)[1:] == [409] * 19
    await shop.settle()
    received = (await shop.stored(order["id"])).returns[0].status == "received"
    assert (tea.on_hand, shop.bank.net()) == ((5, 0) if received else (3, 2000))


async def test_twenty_at_once_never_ask_for_more_than_was_sent(shop: Shop) -> None:
    tea = shop.catalog.add(stock=10)
    ada, order, _ = await shop.shipped((tea, 5))
    answers = await asyncio.gather(*(ask(ada, order, items=[item(tea)]) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [422] * 15


@pytest.mark.parametrize("kind", ["down", "lost"])
async def test_f4_the_stock_is_back_once_whatever_gets_lost(shop: Shop, kind: str) -> None:
    tea = shop.catalog.add(stock=5)
    ada, order, staff = await shop.shipped((tea, 2))
    shop.catalog.faults.then("restock", kind, kind)
    await close(staff, (await ask(ada, order)).json(), "receive")
    await shop.settle()
    assert shop.catalog.faults.calls.count("restock") == 3
    assert tea.on_hand == 5


async def test_what_was_refunded_before_is_not_refunded_again(shop: Shop) -> None:
    """One of two is refunded by line; both come back: the other one is refunded."""
    tea = shop.catalog.add(price=1000)
    ada, order, staff = await shop.shipped((tea, 2))
    await staff.post(f"/{order['id']}/refunds", {"items": [item(tea)]})
    received = (await close(staff, (await ask(ada, order)).json(), "receive")).json()
    assert [refund["amount"] for refund in received["refunds"]] == [usd(1000), usd(1000)]
    assert received["refunds"][1]["items"] == [item(tea) | {"amount": usd(1000)}]
    await shop.settle()
    assert shop.bank.net() == 0


async def test_a_refund_by_amount_before_leaves_what_is_left(shop: Shop) -> None:
    tea, cup = shop.catalog.add(price=1000), shop.catalog.add(price=500)
    ada, order, staff = await shop.shipped((tea, 1), (cup, 1))
    await staff.post(f"/{order['id']}/refunds", {"amount": usd(1400)})
    received = (await close(staff, (await ask(ada, order)).json(), "receive")).json()
    refund = received["refunds"][1]
    assert refund["amount"] == usd(100)
    assert sum(one["amount"]["amount"] for one in refund["items"]) == 100
    await shop.settle()
    assert ((await shop.stored(order["id"])).payment_status, shop.bank.net()) == ("refunded", 0)


@pytest.mark.parametrize("options", [{"ship_unpaid": True}])
async def test_what_was_never_paid_comes_back_without_a_refund(shop: Shop) -> None:
    tea = shop.catalog.add(stock=5)
    ada, order, staff = await shop.shipped((tea, 2), token=None)
    received = (await close(staff, (await ask(ada, order)).json(), "receive")).json()
    assert (received["payment_status"], received["refunds"]) == ("unpaid", [])
    assert received["fulfillment_status"] == "returned"
    await shop.settle()
    assert tea.on_hand == 5
