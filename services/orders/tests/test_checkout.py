"""What a storefront sees of a checkout that goes well, and of one that is refused."""

import pytest

from orders import checkout
from orders.numbers import ALPHABET
from services.orders.tests.shop import Shop, usd
from shopkit.ids import is_id

ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "Unter den Linden 1",
    "city": "Berlin",
    "postal_code": "10117",
    "country": "DE",
}


async def test_a_cart_becomes_an_order(shop: Shop) -> None:
    tea, cup = shop.catalog.add(price=450, stock=5), shop.catalog.add(price=1999, stock=1)
    ada = shop.user()
    shop.fill(ada, (tea, 2), (cup, 1))
    answer = await ada.order({"shipping_address": ADDRESS, "note": "Ring twice"}, key="k-1")
    assert answer.status_code == 201, answer.text
    order = answer.json()
    assert answer.headers["location"] == f"/api/orders/{order['id']}"
    assert answer.headers["etag"] == f'"{order["version"]}"'
    assert is_id(order["id"])
    assert len(order["number"]) == 8 and set(order["number"]) <= set(ALPHABET)
    assert (order["status"], order["payment_status"]) == ("confirmed", "unpaid")
    assert order["fulfillment_status"] == "unfulfilled"
    assert (order["email"], order["note"]) == ("ada@example.com", "Ring twice")
    assert [item["quantity"] for item in order["items"]] == [2, 1]
    assert order["items"][0]["line_total"] == usd(900)
    assert order["subtotal"] == order["total"] == usd(2899)
    filled = {"company": None, "line2": None, "region": None, "phone": None}
    assert order["shipping_address"] == order["billing_address"] == ADDRESS | filled
    assert [entry["event"] for entry in order["timeline"]] == ["placed", "confirmed"]
    assert (tea.on_hand, tea.reserved, cup.on_hand) == (3, 0, 0)
    assert shop.cart.claims[order["id"]].state == "converted", "before the answer, if cart is up"
    await shop.check_invariants()


async def test_the_order_reads_as_it_was_answered(shop: Shop) -> None:
    ada = shop.buyer(shop.catalog.add())
    order = (await ada.order()).json()
    read = await ada.get(f"/{order['id']}")
    assert (read.status_code, read.json()) == (200, order)
    assert read.headers["etag"] == f'"{order["version"]}"'
    again = await ada.get(f"/{order['id']}", if_none_match=read.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")


async def test_nobody_asked_twice_when_all_goes_well(shop: Shop) -> None:
    await shop.buyer(shop.catalog.add()).order(key="k")
    assert shop.cart.faults.calls == ["claim", "consume"]
    assert shop.catalog.faults.calls == ["reserve", "commit"]


async def test_a_guest_checks_out_with_the_cart_token_and_an_address(shop: Shop) -> None:
    guest = shop.guest()
    shop.fill(guest, (shop.catalog.add(), 1))
    order = (await guest.order()).json()
    assert order["email"] == "gast@example.com"
    assert (await guest.get(f"/{order['id']}")).json() == order
    stored = await shop.stored(order["id"])
    assert stored.cart_token is None, "a token is a password: it is not kept"
    assert guest.cart_owner not in stored.owner


async def test_a_guest_must_give_an_email_address(shop: Shop) -> None:
    guest = shop.guest()
    shop.fill(guest, (shop.catalog.add(), 1))
    guest.defaults = {}
    answer = await guest.order()
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/email"
    assert await shop.ids() == []


async def test_nobody_cannot_check_out(shop: Shop) -> None:
    answer = await shop.http.post("/api/orders")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


async def test_an_empty_cart_is_refused_and_leaves_a_failed_order(shop: Shop) -> None:
    ada = shop.user("orders:read")
    answer = await ada.order(key="k")
    assert (answer.status_code, answer.json()["code"]) == (409, "cart_empty")
    (order,) = await shop.all_stored()
    read = (await ada.get(f"/{order.id}")).json()
    assert (read["status"], read["items"], read["total"]) == ("failed", [], None)
    assert read["timeline"][-1] | {"at": ""} == {
        "at": "",
        "event": "failed",
        "actor": "system",
        "reason": "cart_empty",
        "by": None,
    }
    assert (await ada.get("/history")).json()["items"] == []
    assert (await ada.get("")).json()["items"] == []
    assert [o["id"] for o in (await ada.get("?status=failed")).json()["items"]] == [order.id]


async def test_short_stock_lists_the_lines_and_frees_everything(shop: Shop) -> None:
    tea, cup = shop.catalog.add(stock=5), shop.catalog.add(stock=1)
    ada = shop.user()
    shop.fill(ada, (tea, 2), (cup, 2))
    answer = await ada.order()
    assert (answer.status_code, answer.json()["code"]) == (409, "insufficient_stock")
    assert answer.json()["items"] == [{"product_id": cup.id, "requested": 2, "available": 1}]
    await shop.check_invariants()
    shop.fill(ada, (tea, 2), (cup, 1))
    assert (await ada.order()).status_code == 201


async def test_a_changed_price_is_told_old_and_new(shop: Shop) -> None:
    tea = shop.catalog.add(price=450)
    ada = shop.buyer(tea)
    tea.price = 500
    answer = await ada.order()
    assert (answer.status_code, answer.json()["code"]) == (409, "price_changed")
    assert answer.json()["items"] == [{"product_id": tea.id, "old": usd(450), "new": usd(500)}]
    await shop.check_invariants()


@pytest.mark.parametrize("shown", [usd(999), {"amount": 1000, "currency": "EUR"}])
async def test_e8_another_total_than_shown_is_refused(shop: Shop, shown: object) -> None:
    tea = shop.catalog.add(price=1000)
    ada = shop.buyer(tea)
    answer = await ada.order({"expected_total": shown})
    assert (answer.status_code, answer.json()["code"]) == (409, "price_changed")
    assert (answer.json()["expected_total"], answer.json()["total"]) == (shown, usd(1000))
    assert (tea.on_hand, tea.reserved) == (10, 0)
    await shop.check_invariants()
    assert (await ada.order({"expected_total": usd(1000)})).status_code == 201


async def test_e9_a_product_that_is_gone_is_refused(shop: Shop) -> None:
    tea = shop.catalog.add()
    ada = shop.buyer(tea)
    shop.cart.unavailable.add(tea.id)
    answer = await ada.order()
    assert (answer.status_code, answer.json()["code"]) == (409, "product_unavailable")
    assert answer.json()["items"] == [{"product_id": tea.id}]


async def test_a_reservation_that_ran_out_sells_nothing(shop: Shop) -> None:
    tea = shop.catalog.add()
    ada = shop.buyer(tea)

    def expire() -> None:
        for order_id in shop.catalog.reservations:
            shop.catalog.expire(order_id)

    shop.catalog.faults.before["commit"] = expire
    answer = await ada.order()
    assert (answer.status_code, answer.json()["code"]) == (409, "checkout_expired")
    await shop.check_invariants()


async def test_b9_a_fourth_order_in_the_making_is_refused(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout, "ANSWER_SECONDS", 0.0)
    ada = shop.buyer(shop.catalog.add())
    gate = shop.cart.faults.hold("claim")
    answers = [await ada.order() for _ in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 409]
    assert answers[3].json()["code"] == "too_many_pending_orders"
    assert int(answers[3].headers["retry-after"]) > 0
    assert len(await shop.ids()) == 3
    gate.set()
    await shop.settle()
    await shop.check_invariants()
    assert [order.status for order in await shop.all_stored()].count("confirmed") == 1


async def test_a_slow_checkout_answers_202_and_goes_on(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout, "ANSWER_SECONDS", 0.0)
    ada = shop.buyer(shop.catalog.add())
    gate = shop.catalog.faults.hold("commit")
    answer = await ada.order(key="k")
    order = answer.json()
    assert (answer.status_code, order["status"]) == (202, "pending")
    assert answer.headers["location"] == f"/api/orders/{order['id']}"
    assert [o["id"] for o in (await ada.get("/history")).json()["items"]] == [order["id"]]
    gate.set()
    finished = await shop.context.sagas.wait(order["id"], 5)
    assert finished is not None
    assert (await ada.get(f"/{order['id']}")).json()["status"] == "confirmed"
    replay = await ada.order(key="k")
    assert (replay.status_code, replay.json()["id"]) == (201, order["id"])
