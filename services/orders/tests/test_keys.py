"""Idempotency keys of checkouts (checkout.md, rules 4 and 5)."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from orders import checkout, retention
from orders.retention import Housekeeper
from services.orders.tests.shop import Answer, Shop, usd


def code(answer: Answer) -> object:
    return answer.json().get("code")


async def test_a_finished_key_replays_its_answer_byte_by_byte(shop: Shop) -> None:
    ada = shop.buyer(shop.catalog.add())
    first = await ada.order(key="k")
    assert "idempotent-replayed" not in first.headers
    again = await ada.order(key="k")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert shop.cart.faults.calls.count("claim") == 1


async def test_i3_the_answer_stays_when_the_order_moves_on(shop: Shop) -> None:
    ada = shop.buyer(shop.catalog.add())
    first = await ada.order(key="k")
    await ada.cancel(first.json()["id"])
    again = await ada.order(key="k")
    assert (again.status_code, again.content) == (201, first.content)


async def test_a_final_refusal_is_stored_and_replayed(shop: Shop) -> None:
    tea = shop.catalog.add(stock=0)
    ada = shop.buyer(tea)
    first = await ada.order(key="k")
    tea.on_hand = 10
    again = await ada.order(key="k")
    assert (again.status_code, code(again)) == (409, "insufficient_stock")
    assert again.json()["items"] == first.json()["items"]
    assert again.headers["idempotent-replayed"] == "true"
    assert (await ada.order(key="k-2")).status_code == 201


async def test_e4_one_key_a_hundred_times_at_once_makes_one_order(shop: Shop) -> None:
    ada = shop.buyer(shop.catalog.add())
    answers = await asyncio.gather(*(ada.order(key="k") for _ in range(100)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert Counter("idempotent-replayed" in a.headers for a in answers) == {True: 99, False: 1}
    assert len(await shop.ids()) == 1
    await shop.check_invariants()


async def test_e5_another_payload_with_the_key_is_refused(shop: Shop) -> None:
    ada = shop.buyer(shop.catalog.add())
    assert (await ada.order({"note": "a"}, key="k")).status_code == 201
    for other in ({"note": "b"}, None, {"note": "a", "expected_total": usd(1000)}):
        answer = await ada.order(other, key="k")
        assert (answer.status_code, code(answer)) == (422, "idempotency_key_reused")


async def test_e5_another_user_has_keys_of_their_own(shop: Shop) -> None:
    tea = shop.catalog.add()
    ada, bob, guest = shop.buyer(tea), shop.buyer(tea), shop.guest()
    shop.fill(guest, (tea, 1))
    ids = {(await customer.order(key="k")).json()["id"] for customer in (ada, bob, guest)}
    assert len(ids) == 3


@pytest.mark.parametrize("key", ["", "x" * 256, "two words", "ü"])
async def test_e6_a_key_that_is_none_is_refused(shop: Shop, key: str) -> None:
    ada = shop.buyer(shop.catalog.add())
    headers: Any = [*ada.headers.items(), ("idempotency-key", key.encode())]
    answer = await shop.http.post("/api/orders", headers=headers)
    assert (answer.status_code, code(answer)) == (400, "invalid_idempotency_key")


async def test_e6_two_keys_in_one_request_are_refused(shop: Shop) -> None:
    ada = shop.buyer(shop.catalog.add())
    headers = [*ada.headers.items(), ("idempotency-key", "a"), ("idempotency-key", "b")]
    answer = await shop.http.post("/api/orders", headers=headers)
    assert (answer.status_code, code(answer)) == (400, "invalid_idempotency_key")
    assert await shop.ids() == []


async def test_e6_without_a_key_a_cart_makes_one_order(shop: Shop) -> None:
    ada = shop.buyer(shop.catalog.add())
    first, again = await ada.order(), await ada.order()
    assert (first.status_code, again.status_code) == (201, 409)
    assert (code(again), again.json()["order_id"]) == (
        "cart_already_checked_out",
        first.json()["id"],
    )
    await shop.check_invariants()


async def test_e7_two_keys_on_one_cart_make_one_order(shop: Shop) -> None:
    ada = shop.buyer(shop.catalog.add())
    answers = await asyncio.gather(ada.order(key="tab-1"), ada.order(key="tab-2"))
    won, lost = sorted(answers, key=lambda answer: answer.status_code)
    assert (won.status_code, lost.status_code) == (201, 409)
    assert (code(lost), lost.json()["order_id"]) == ("cart_already_checked_out", won.json()["id"])
    await shop.settle()
    await shop.check_invariants()


async def test_a_running_key_is_told_to_come_back(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout, "KEY_WAIT_SECONDS", 0.05)
    ada = shop.buyer(shop.catalog.add())
    gate = shop.catalog.faults.hold("reserve")
    first = asyncio.create_task(ada.order(key="k"))
    await shop.until_called("reserve")
    again = await ada.order(key="k")
    assert (again.status_code, code(again)) == (409, "request_in_progress")
    assert again.headers["retry-after"] == "1"
    gate.set()
    assert (await first).status_code == 201
    assert (await ada.order(key="k")).content == (await first).content


async def test_a_key_whose_lease_is_over_is_taken_over(shop: Shop) -> None:
    """The first driver is paused; the retry finishes, and the first one's writes match no row."""
    ada = shop.buyer(shop.catalog.add())
    gate = shop.catalog.faults.hold("reserve")
    first = asyncio.create_task(ada.order(key="k"))
    await shop.until_called("reserve")
    shop.clock.advance(seconds=16)
    second = asyncio.create_task(ada.order(key="k"))
    await shop.until_called("reserve", times=2)
    gate.set()
    answers = [await first, await second]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    (order,) = await shop.all_stored()
    assert order.fence == 2
    await shop.check_invariants()


async def test_i3_the_first_request_hears_what_is_stored_for_its_key(shop: Shop) -> None:
    """Another copy has finished the order, and the customer has cancelled it, meanwhile."""
    ada = shop.buyer(shop.catalog.add())
    gate = shop.catalog.faults.hold("reserve")
    first = asyncio.create_task(ada.order(key="k"))
    await shop.until_called("reserve")
    await asyncio.sleep(0.01)
    del shop.catalog.faults.gates["reserve"]
    shop.clock.advance(seconds=16)
    second = await ada.order(key="k")
    assert (await ada.cancel(second.json()["id"])).json()["status"] == "cancelled"
    gate.set()
    assert ((await first).status_code, (await first).content) == (201, second.content)
    assert (await ada.order(key="k")).content == second.content


async def test_a_5xx_is_never_stored(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = shop.buyer(shop.catalog.add())
    shop.catalog.faults.then("reserve", "down")
    with monkeypatch.context() as impatient:
        impatient.setattr(checkout, "ANSWER_SECONDS", 0.0)
        assert (await ada.order(key="k")).status_code == 202
    await shop.context.sagas.idle(5)  # also where the answer did not wait for that
    shop.clock.advance(seconds=1)
    again = await ada.order(key="k")
    assert again.status_code == 201
    await shop.check_invariants()


async def test_e11_a_key_is_kept_for_thirty_days(shop: Shop) -> None:
    ada = shop.buyer(shop.catalog.add())
    first = await ada.order(key="k")
    ada.headers = shop.user(id=ada.cart_owner).headers
    shop.clock.advance(days=29)
    assert (await ada.order(key="k")).content == first.content
    shop.clock.advance(days=2)
    again = await ada.order(key="k")
    assert (again.status_code, code(again)) == (409, "cart_already_checked_out")
    assert again.json()["order_id"] == first.json()["id"]
    housekeeper = Housekeeper(shop.context.it.database, shop.clock)
    assert await housekeeper.drain() == 0
    shop.clock.advance(days=31)
    assert await housekeeper.drain() == 2, "key and failed checkout"
    assert await shop.ids() == [first.json()["id"]], "what was placed stays"


async def test_however_many_are_old_they_all_go(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    ada = shop.buyer(shop.catalog.add(stock=0))
    for number in range(5):
        assert (await ada.order(key=f"k{number}")).status_code == 409
    shop.clock.advance(days=31)
    assert await Housekeeper(shop.context.it.database, shop.clock).drain() == 10
    assert await shop.ids() == []
