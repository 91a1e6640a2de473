"""A guest logs in: their cart goes into the user's, whole, once, and with a report."""

import asyncio
from typing import Any

from sqlalchemy import Connection, Engine, event, func, select

from cart.models import cart_lines
from services.cart.tests.conftest import Answer, Shop
from shopkit.ids import new_id


def outcomes(answer: Answer) -> dict[str, tuple[str, str | None, int]]:
    assert answer.status_code == 200, answer.text
    return {
        line["product_id"]: (line["outcome"], line["reason"], line["quantity"])
        for line in answer.json()["report"]
    }


async def test_lines_move_sum_are_capped_and_dropped(shop: Shop) -> None:
    ada, guest, add = shop.user(), shop.guest(), shop.catalog.add
    moved, summed, capped, full, gone, sold_out = (add(available=10) for _ in range(6))
    for product, mine in ((summed, 2), (capped, 7), (full, 10)):
        await ada.add(product, mine)
    for product in (moved, summed, capped, full, gone, sold_out):
        await guest.add(product, 5)
    shop.catalog.remove(gone)
    shop.catalog.change(sold_out, available=0)
    answer = await ada.merge(guest.token)
    assert outcomes(answer) == {
        moved: ("moved", None, 5),
        summed: ("summed", None, 7),
        capped: ("capped", "insufficient_stock", 10),
        full: ("capped", "insufficient_stock", 10),
        gone: ("dropped", "unavailable", 0),
        sold_out: ("dropped", "unavailable", 0),
    }
    assert answer.json()["report"][0] == {
        "product_id": moved,
        "sku": "SKU-1",
        "name": "Product 1",
        "outcome": "moved",
        "reason": None,
        "guest_quantity": 5,
        "quantity": 5,
    }
    report = answer.json().pop("report")
    assert len(report) == 6
    assert await ada.quantities() == {summed: 7, capped: 10, full: 10, moved: 5}
    assert (await guest.cart())["items"] == []


async def test_what_may_be_backordered_moves_whole(shop: Shop) -> None:
    ada, guest, product = shop.user(), shop.guest(), shop.catalog.add(available=10, backorder=True)
    await ada.add(product, 8)
    await guest.add(product, 5)
    shop.catalog.change(product, available=0)
    assert outcomes(await ada.merge(guest.token)) == {product: ("summed", None, 13)}


async def test_the_answer_is_the_whole_cart(shop: Shop) -> None:
    ada, guest = shop.user(), shop.guest()
    await guest.add(shop.catalog.add(), 2)
    body = (await ada.merge(guest.token)).json()
    del body["report"]
    assert body == await ada.cart()


async def test_the_user_s_own_lines_never_shrink(shop: Shop) -> None:
    ada, guest, product = shop.user(), shop.guest(), shop.catalog.add(available=10)
    await ada.add(product, 8)
    await guest.add(product, 1)
    shop.catalog.change(product, available=3)
    report = outcomes(await ada.merge(guest.token))
    assert report == {product: ("capped", "insufficient_stock", 8)}
    assert await ada.quantities() == {product: 8}


async def test_limits_of_lines_and_carts_hold(shop: Shop) -> None:
    ada, guest = shop.user(), shop.guest()
    many = shop.catalog.add(available=10**6)
    for product in [many, *(shop.catalog.add() for _ in range(99))]:
        await ada.add(product)
    extra = shop.catalog.add()
    await guest.add(many, 99)
    await guest.add(extra)
    assert outcomes(await ada.merge(guest.token)) == {
        many: ("capped", "quantity_limit", 99),
        extra: ("dropped", "cart_full", 0),
    }


async def test_another_currency_is_dropped(shop: Shop) -> None:
    ada, guest = shop.user(), shop.guest()
    yen = shop.catalog.add(currency="JPY")
    await ada.add(shop.catalog.add())
    await guest.add(yen)
    assert outcomes(await ada.merge(guest.token)) == {yen: ("dropped", "currency_mismatch", 0)}


async def test_the_guest_s_added_price_and_currency_come_along(shop: Shop) -> None:
    ada, guest, product = shop.user(), shop.guest(), shop.catalog.add(currency="JPY", amount=500)
    await guest.add(product)
    shop.catalog.change(product, amount=600)
    cart = (await ada.merge(guest.token)).json()
    assert (cart["currency"], cart["items"][0]["added_price"]["amount"]) == ("JPY", 500)
    assert cart["warnings"][0]["code"] == "price_changed"


async def test_a_repeat_changes_nothing_and_tells_the_same(shop: Shop) -> None:
    ada, guest, product = shop.user(), shop.guest(), shop.catalog.add()
    await guest.add(product, 2)
    first = await ada.merge(guest.token)
    again = await ada.merge(guest.token)
    assert again.json() == first.json()
    eve = await shop.user().merge(guest.token)
    assert (eve.json()["report"], eve.json()["items"]) == ([], [])


async def test_an_unknown_or_empty_guest_cart_merges_nothing(shop: Shop) -> None:
    ada, guest, product = shop.user(), shop.guest(), shop.catalog.add()
    empty: dict[str, Any] = {"report": []}
    assert (await ada.merge("A" * 43)).json().items() >= empty.items()
    await guest.add(product)
    await guest.remove(product)
    answer = await ada.merge(guest.token)
    assert (answer.status_code, answer.json()["report"], answer.json()["id"]) == (200, [], None)


async def test_the_guest_s_token_is_spent(shop: Shop) -> None:
    ada, guest, product = shop.user(), shop.guest(), shop.catalog.add()
    await guest.add(product)
    spent = guest.token
    await ada.merge(spent)
    await guest.add(product, 3)
    assert guest.token != spent
    assert (await ada.merge(spent)).json()["items"][0]["quantity"] == 1
    assert outcomes(await ada.merge(guest.token)) == {product: ("summed", None, 4)}


async def test_a_key_replays_the_merge(shop: Shop) -> None:
    ada, guest, product = shop.user(), shop.guest(), shop.catalog.add()
    await guest.add(product)
    first = await ada.merge(guest.token, Idempotency_Key="m")
    await ada.add(product)
    again = await ada.merge(guest.token, Idempotency_Key="m")
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert (await ada.merge("A" * 43, Idempotency_Key="m")).status_code == 422


async def test_a_cart_in_checkout_does_not_merge(shop: Shop) -> None:
    ada, guest, product = shop.user(), shop.guest(), shop.catalog.add()
    await guest.add(product)
    order = new_id()
    assert (await shop.claim(order, guest)).status_code == 200
    refused = await ada.merge(guest.token)
    assert (refused.status_code, refused.json()["code"]) == (409, "cart_locked")
    await shop.release(order)
    assert outcomes(await ada.merge(guest.token)) == {product: ("moved", None, 1)}


async def test_fifty_logins_at_once_merge_once(shop: Shop) -> None:
    ada, guest = shop.user(), shop.guest()
    products = [shop.catalog.add() for _ in range(5)]
    for product in products:
        await guest.add(product, 2)
        await ada.add(product, 1)
    answers = await asyncio.gather(*(ada.merge(guest.token) for _ in range(50)))
    reports = [outcomes(answer) for answer in answers]
    assert reports == [dict.fromkeys(products, ("summed", None, 3))] * 50
    assert await ada.quantities() == dict.fromkeys(products, 3)


async def test_two_users_with_one_token_share_nothing_twice(shop: Shop) -> None:
    guest, product = shop.guest(), shop.catalog.add()
    await guest.add(product, 2)
    users = [shop.user() for _ in range(10)]
    await asyncio.gather(*(user.merge(guest.token) for user in users))
    assert sum([(await user.quantities()).get(product, 0) for user in users]) == 2


async def test_a_merge_that_fails_halfway_leaves_both_carts(shop: Shop) -> None:
    ada, guest = shop.user(), shop.guest()
    for _ in range(3):
        await guest.add(shop.catalog.add(), 2)
    before = await guest.cart()

    def count(conn: Connection) -> int:
        return conn.execute(select(func.count()).select_from(cart_lines)).scalar_one()

    ada_cart = shop.catalog.add()
    await ada.add(ada_cart)
    with _failing_on("INSERT INTO cart_lines"):
        assert (await ada.merge(guest.token)).status_code == 500
    assert await guest.cart() == before
    assert await ada.quantities() == {ada_cart: 1}
    assert await shop.database.read(count) == 4
    assert len(outcomes(await ada.merge(guest.token))) == 3


class _failing_on:
    """The second statement that begins like this fails, on every engine."""

    def __init__(self, start: str) -> None:
        self._start, self._seen = start, 0

    def __call__(self, conn: object, cursor: object, statement: str, *_: object) -> None:
        self._seen += statement.startswith(self._start)
        if self._seen == 2:
            raise RuntimeError("the power fails")

    def __enter__(self) -> None:
        event.listen(Engine, "before_cursor_execute", self)

    def __exit__(self, *_: object) -> None:
        event.remove(Engine, "before_cursor_execute", self)
