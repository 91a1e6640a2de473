"""Returns: sold goods come back once, never more than were sold, in whatever order it happens."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from shopkit.ids import new_id

from .conftest import Shop, housekeeper
from .invariants import check_invariants

pytestmark = pytest.mark.anyio


async def call(shop: Shop, order_id: str, verb: str) -> Any:
    answer = await shop.orders("POST", f"/internal/reservations/{order_id}/{verb}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def sell(shop: Shop, *lines: tuple[dict[str, Any], int]) -> str:
    order_id = new_id()
    assert (await shop.reserve(*lines, order_id=order_id)).status_code == 200
    await call(shop, order_id, "commit")
    return order_id


async def on_hand(shop: Shop, *products: dict[str, Any]) -> list[int]:
    await check_invariants(shop)
    stock = [await shop.stock(product["id"]) for product in products]
    assert all(one["reserved"] == 0 for one in stock)
    return [one["on_hand"] for one in stock]


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_return_puts_goods_back_once(shop: Shop) -> None:
    tea, cup = await shop.product(stock=10), await shop.product(stock=10)
    order_id, return_id = await sell(shop, (tea, 4), (cup, 2)), new_id()
    first = await shop.take_back(order_id, (cup, 1), (tea, 1), (tea, 2), return_id=return_id)
    assert first.status_code == 200
    assert first.json() == {
        "id": return_id,
        "order_id": order_id,
        "lines": [
            {"product_id": product["id"], "quantity": quantity}
            for product, quantity in sorted([(tea, 3), (cup, 1)], key=lambda one: one[0]["id"])
        ],
        "created_at": first.json()["created_at"],
    }
    assert await on_hand(shop, tea, cup) == [9, 9]
    shop.clock.advance(seconds=60)
    again = await shop.take_back(order_id, (tea, 3), (cup, 1), return_id=return_id)
    assert again.text == first.text
    assert await on_hand(shop, tea, cup) == [9, 9]


async def test_the_ledger_tells_the_order_and_the_return(shop: Shop) -> None:
    tea = await shop.product(stock=10)
    order_id, return_id = await sell(shop, (tea, 4)), new_id()
    await shop.take_back(order_id, (tea, 3), return_id=return_id)
    movements = (await shop.staff("GET", f"/api/products/{tea['id']}/stock/movements")).json()
    newest = movements["items"][0]
    assert (newest["kind"], newest["quantity"], newest["order_id"]) == ("return", 3, order_id)
    assert newest["reason"] == f"return {return_id}"


async def test_a_known_return_with_something_else_in_it_is_refused(shop: Shop) -> None:
    tea, cup = await shop.product(stock=10), await shop.product(stock=10)
    order_id, other = await sell(shop, (tea, 4), (cup, 4)), await sell(shop, (tea, 4))
    return_id = new_id()
    await shop.take_back(order_id, (tea, 1), return_id=return_id)
    for order, line in ((order_id, (tea, 2)), (order_id, (cup, 1)), (other, (tea, 1))):
        answer = await shop.take_back(order, line, return_id=return_id)
        assert refused(answer) == (422, "return_mismatch")
    assert await on_hand(shop, tea, cup) == [3, 6]


async def test_never_more_comes_back_than_was_sold(shop: Shop) -> None:
    tea, cup, pot = [await shop.product(stock=10) for _ in range(3)]
    order_id = await sell(shop, (tea, 4), (cup, 2))
    await sell(shop, (tea, 6), (pot, 1))  # somebody else's do not count
    await shop.take_back(order_id, (tea, 3))
    answer = await shop.take_back(order_id, (tea, 2), (cup, 2), (pot, 1))
    assert refused(answer) == (409, "return_exceeds_sale")
    assert sorted(answer.json()["items"], key=lambda item: str(item["requested"])) == [
        {"product_id": pot["id"], "requested": 1, "returnable": 0},
        {"product_id": tea["id"], "requested": 2, "returnable": 1},
    ]
    assert await on_hand(shop, tea, cup, pot) == [3, 8, 9]
    assert (await shop.take_back(order_id, (tea, 1), (cup, 2))).status_code == 200
    assert refused(await shop.take_back(order_id, (cup, 1))) == (409, "return_exceeds_sale")
    assert await on_hand(shop, tea, cup, pot) == [4, 10, 9]


async def test_what_was_refused_may_come_later_with_the_same_id(shop: Shop) -> None:
    tea, order_id, return_id = await shop.product(stock=10), new_id(), new_id()
    unknown = await shop.take_back(order_id, (tea, 1), return_id=return_id)
    await shop.reserve((tea, 2), order_id=order_id)
    held = await shop.take_back(order_id, (tea, 1), return_id=return_id)
    for answer in (unknown, held):
        assert refused(answer) == (409, "return_exceeds_sale")
        assert answer.json()["items"][0]["returnable"] == 0
    await call(shop, order_id, "commit")
    assert (await shop.take_back(order_id, (tea, 1), return_id=return_id)).status_code == 200
    assert await on_hand(shop, tea) == [9]


async def test_a_release_puts_back_only_what_has_not_come_back(shop: Shop) -> None:
    tea, cup = await shop.product(stock=10), await shop.product(stock=10)
    order_id, return_id = await sell(shop, (tea, 4), (cup, 2)), new_id()
    first = await shop.take_back(order_id, (tea, 3), (cup, 2), return_id=return_id)
    for _ in range(2):
        assert (await call(shop, order_id, "release"))["status"] == "released"
        assert await on_hand(shop, tea, cup) == [10, 10]
    again = await shop.take_back(order_id, (tea, 3), (cup, 2), return_id=return_id)
    assert again.text == first.text, "a late repetition"
    assert refused(await shop.take_back(order_id, (tea, 1))) == (409, "return_exceeds_sale")
    assert await on_hand(shop, tea, cup) == [10, 10]


async def test_a_commit_repeated_after_a_return_sells_nothing(shop: Shop) -> None:
    tea = await shop.product(stock=10)
    order_id = await sell(shop, (tea, 4))
    await shop.take_back(order_id, (tea, 4))
    assert (await call(shop, order_id, "commit"))["status"] == "committed"
    assert (await shop.reserve((tea, 4), order_id=order_id)).json()["status"] == "committed"
    assert await on_hand(shop, tea) == [10]


async def test_e9_what_is_sold_no_more_comes_back_all_the_same(shop: Shop) -> None:
    tea, cup = await shop.product(stock=10), await shop.product(stock=10)
    order_id = await sell(shop, (tea, 4), (cup, 2))
    await shop.staff("DELETE", f"/api/products/{tea['id']}")
    await shop.staff("PATCH", f"/api/products/{cup['id']}", json={"status": "archived"})
    assert (await shop.take_back(order_id, (tea, 1), (cup, 1))).status_code == 200
    await call(shop, order_id, "release")
    assert await shop.query("SELECT on_hand FROM stock") == [(10,), (10,)]
    await check_invariants(shop)


async def test_returns_and_a_release_at_once_conserve_the_stock(shop: Shop) -> None:
    tea, cup = await shop.product(stock=60), await shop.product(stock=60)
    orders = [await sell(shop, (tea, 3), (cup, 3)) for _ in range(20)]
    returns = [
        shop.take_back(order_id, *(((tea, 1), (cup, 2)) if n % 2 else ((cup, 2), (tea, 1))))
        for n, order_id in enumerate(orders * 3)
    ]
    releases = [call(shop, order_id, "release") for order_id in orders[:10]]
    answers = await asyncio.gather(*returns, *releases)
    statuses = Counter(answer.status_code for answer in answers[: len(returns)])
    assert set(statuses) <= {200, 409}
    assert 10 <= statuses[200] <= 20, "of an order's three at most one fits"
    await check_invariants(shop)
    assert await on_hand(shop, tea, cup) == [40, 50]


async def test_one_return_sent_many_times_at_once_counts_once(shop: Shop) -> None:
    tea, return_id = await shop.product(stock=10), new_id()
    order_id = await sell(shop, (tea, 8))
    answers = await asyncio.gather(
        *(shop.take_back(order_id, (tea, 2), return_id=return_id) for _ in range(20))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert await on_hand(shop, tea) == [4]


async def test_returns_are_forgotten_with_a_released_reservation_and_not_before(
    shop: Shop,
) -> None:
    tea = await shop.product(stock=10)
    kept, dropped = await sell(shop, (tea, 2)), await sell(shop, (tea, 2))
    for order_id in (kept, dropped):
        await shop.take_back(order_id, (tea, 1))
    await call(shop, dropped, "release")
    shop.clock.advance(days=31)
    await housekeeper(shop).drain()
    assert [str(id_) for (id_,) in await shop.query("SELECT order_id FROM returns")] == [kept]
    assert refused(await shop.take_back(dropped, (tea, 1))) == (409, "return_exceeds_sale")
    assert (await shop.take_back(kept, (tea, 1))).status_code == 200
    assert await on_hand(shop, tea) == [10]


async def test_only_orders_sends_goods_back(shop: Shop) -> None:
    path, cart = f"/internal/returns/{new_id()}", {"Authorization": shop.tokens.service("cart")}
    tea = await shop.product(stock=10)
    body = {"order_id": new_id(), "lines": [{"product_id": tea["id"], "quantity": 1}]}
    assert (await shop.internal.put(path, headers=cart, json=body)).status_code == 403
    for lines in ([], [{"product_id": tea["id"], "quantity": 0}]):
        answer = await shop.orders("PUT", path, json={**body, "lines": lines})
        assert answer.status_code == 422
