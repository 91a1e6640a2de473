"""Checkout takes a cart: claim, consume, release."""

import asyncio
from dataclasses import replace

import pytest

from services.cart.tests.conftest import Answer, Shop, Shopper
from shopkit.ids import new_id


@pytest.fixture
def order() -> str:
    return new_id()


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_claim_answers_a_priced_snapshot(shop: Shop, order: str) -> None:
    ada, product = shop.user(), shop.catalog.add(amount=500, sku="S", name="Soap")
    cart = (await ada.add(product, 3)).json()
    shop.catalog.change(product, amount=600)
    answer = await shop.claim(order, ada)
    zero, total = ({"amount": amount, "currency": "USD"} for amount in (0, 1800))
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "order_id": order,
            "cart_id": cart["id"],
            "version": 1,
            "currency": "USD",
            "items": [
                {
                    "product_id": product,
                    "sku": "S",
                    "name": "Soap",
                    "quantity": 3,
                    "unit_price": {"amount": 600, "currency": "USD"},
                    "line_total": total,
                }
            ],
            "subtotal": total,
            "discount": zero,
            "shipping": zero,
            "tax": zero,
            "total": total,
        },
    )


async def test_the_snapshot_stays_byte_for_byte(shop: Shop, order: str) -> None:
    guest, product = shop.guest(), shop.catalog.add()
    await guest.add(product)
    first = await shop.claim(order, guest)
    shop.catalog.change(product, amount=1)
    shop.catalog.down = True
    assert (await shop.claim(order, guest)).content == first.content
    assert (await shop.consume(order)).json() == {"order_id": order, "status": "converted"}
    assert (await shop.claim(order, guest)).content == first.content


async def test_e8_a_claimed_cart_cannot_be_written(shop: Shop, order: str) -> None:
    ada, product = shop.user(), shop.catalog.add()
    await ada.add(product)
    await shop.claim(order, ada)
    before = await ada.cart()
    for answer in (
        await ada.add(product),
        await ada.add(shop.catalog.add()),
        await ada.set(product, 2),
        await ada.remove(product),
        await ada.send("DELETE"),
        await ada.merge("A" * 43),
    ):
        if answer.request.url.path != "/api/cart/merge":  # an unknown token has nothing to write
            assert refusal(answer) == (409, "cart_locked")
            assert answer.json()["order_id"] == order
    assert await ada.cart() == before
    await shop.release(order)
    assert (await ada.add(product)).status_code == 201


async def test_e8_a_guest_s_cart_does_not_merge_into_a_claimed_one(shop: Shop, order: str) -> None:
    ada, guest, product = shop.user(), shop.guest(), shop.catalog.add()
    await ada.add(product)
    await guest.add(product)
    await shop.claim(order, ada)
    assert refusal(await ada.merge(guest.token)) == (409, "cart_locked")
    assert await guest.quantities() == {product: 1}


async def test_e7_two_orders_one_cart(shop: Shop) -> None:
    ada, product = shop.user(), shop.catalog.add()
    await ada.add(product)
    orders = [new_id() for _ in range(20)]
    answers = await asyncio.gather(*(shop.claim(order, ada) for order in orders))
    winners = [answer.json()["order_id"] for answer in answers if answer.status_code == 200]
    assert len(winners) == 1
    for answer in answers:
        if answer.status_code != 200:
            assert refusal(answer) == (409, "cart_already_checked_out")
            assert answer.json()["order_id"] == winners[0]
    await shop.consume(winners[0])
    late = await shop.claim(new_id(), ada)
    assert refusal(late) == (409, "cart_already_checked_out")
    assert late.json()["order_id"] == winners[0]


async def test_one_order_claiming_twenty_times_at_once_gets_one_answer(
    shop: Shop, order: str
) -> None:
    ada = shop.user()
    await ada.add(shop.catalog.add())
    answers = await asyncio.gather(*(shop.claim(order, ada) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1


async def test_after_the_order_the_next_write_starts_a_new_cart(shop: Shop, order: str) -> None:
    for shopper in (shop.user(), shop.guest()):
        product, order = shop.catalog.add(), new_id()
        old = (await shopper.add(product, 2)).json()
        await shop.claim(order, shopper)
        await shop.consume(order)
        assert (await shopper.cart())["id"] is None
        answer = await shopper.add(product)
        assert "x-cart-token" not in answer.headers
        assert answer.json()["id"] != old["id"]
        assert await shopper.quantities() == {product: 1}
        assert (await shop.claim(new_id(), shopper)).status_code == 200


async def test_release_opens_the_cart_for_another_order_with_a_new_version(
    shop: Shop, order: str
) -> None:
    ada = shop.user()
    await ada.add(shop.catalog.add())
    first = (await shop.claim(order, ada)).json()
    for _ in range(2):
        answer = await shop.release(order)
        assert answer.json() == {"order_id": order, "status": "released"}
    assert refusal(await shop.claim(order, ada)) == (410, "claim_gone")
    assert refusal(await shop.consume(order)) == (410, "claim_gone")
    second = (await shop.claim(new_id(), ada)).json()
    assert second["cart_id"] == first["cart_id"]
    assert second["version"] > first["version"]


async def test_release_before_the_claim_leaves_a_tombstone(shop: Shop, order: str) -> None:
    ada = shop.user()
    await ada.add(shop.catalog.add())
    assert (await shop.release(order)).json()["status"] == "released"
    assert refusal(await shop.claim(order, ada)) == (410, "claim_gone")
    assert (await ada.add(shop.catalog.add())).status_code == 201


async def test_a_converted_cart_stays_converted(shop: Shop, order: str) -> None:
    ada = shop.user()
    await ada.add(shop.catalog.add())
    await shop.claim(order, ada)
    for _ in range(2):
        assert (await shop.consume(order)).json()["status"] == "converted"
    assert (await shop.release(order)).json()["status"] == "converted"
    assert (await ada.cart())["items"] == []


async def test_what_became_of_a_claim_can_be_asked(shop: Shop, order: str) -> None:
    path = f"/internal/claims/{order}"
    assert (await shop.call("GET", path)).status_code == 404
    assert (await shop.consume(order)).status_code == 404
    ada = shop.user()
    await ada.add(shop.catalog.add())
    await shop.claim(order, ada)
    assert (await shop.call("GET", path)).json() == {"order_id": order, "status": "claimed"}
    await shop.consume(order)
    assert (await shop.call("GET", path)).json()["status"] == "converted"


async def test_there_is_nothing_to_claim(shop: Shop, order: str) -> None:
    ada, guest, product = shop.user(), shop.guest(), shop.catalog.add()
    unknown = Shopper(shop.http, {"x-cart-token": "A" * 43})
    await guest.add(product)
    await guest.send("DELETE")
    for nobody in (ada, guest, unknown):
        assert refusal(await shop.claim(order, nobody)) == (409, "cart_empty")
    await guest.add(product)
    await ada.merge(guest.token)
    assert refusal(await shop.claim(order, guest)) == (409, "cart_empty")
    assert (await shop.claim(order, ada)).status_code == 200


async def test_what_is_not_sold_cannot_be_claimed(shop: Shop, order: str) -> None:
    ada, fine, gone = shop.user(), shop.catalog.add(), shop.catalog.add(sku="G", name="Gone")
    await ada.add(fine)
    await ada.add(gone)
    shop.catalog.change(gone, active=False)
    answer = await shop.claim(order, ada)
    assert refusal(answer) == (409, "product_unavailable")
    assert answer.json()["items"] == [{"product_id": gone, "sku": "G", "name": "Gone"}]
    assert (await ada.remove(gone)).status_code == 200
    assert (await shop.claim(order, ada)).status_code == 200


async def test_b2_an_order_id_belongs_to_one_owner(shop: Shop, order: str) -> None:
    ada, eve = shop.user(), shop.user()
    for shopper in (ada, eve):
        await shopper.add(shop.catalog.add())
    await shop.claim(order, ada)
    answer = await shop.claim(order, eve)
    assert refusal(answer) == (422, "claim_mismatch")
    assert "items" not in answer.json()


async def test_while_catalog_is_down_a_claim_takes_nothing(shop: Shop, order: str) -> None:
    ada, product = shop.user(), shop.catalog.add()
    await ada.add(product)
    shop.catalog.down = True
    assert (await shop.claim(order, ada)).status_code == 503
    shop.catalog.down = False
    assert (await ada.add(product)).status_code == 201
    assert (await shop.claim(order, ada)).status_code == 200


async def test_b9_a_cart_filled_under_another_limit_is_not_claimed(shop: Shop, order: str) -> None:
    ada, product = shop.user(), shop.catalog.add(available=200)
    await ada.add(product, 99)
    context = shop.service.internal.state.context
    shop.service.internal.state.context = replace(context, most_per_line=98)
    answer = await shop.claim(order, ada)
    assert refusal(answer) == (409, "quantity_limit")
    assert answer.json()["maximum"] == 98
    await ada.set(product, 98)
    assert (await shop.claim(order, ada)).status_code == 200
