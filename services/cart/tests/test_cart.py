"""What a storefront does with a cart: put in, change, take out, look at it."""

import pytest

from services.cart.tests.conftest import Shop
from shopkit.ids import is_id, new_id


def usd(amount: int) -> dict[str, object]:
    return {"amount": amount, "currency": "USD"}


async def test_no_cart_is_an_empty_cart_without_a_call_or_a_row(shop: Shop) -> None:
    for shopper in (shop.user(), shop.guest()):
        cart = await shopper.cart()
        assert cart == {
            "id": None,
            "version": 0,
            "currency": "USD",
            "items": [],
            "item_count": 0,
            "subtotal": usd(0),
            "discount": usd(0),
            "shipping": usd(0),
            "tax": usd(0),
            "total": usd(0),
            "warnings": [],
        }
        assert "x-cart-token" not in shopper.headers
    assert shop.catalog.calls == []


async def test_the_first_product_makes_the_cart(shop: Shop) -> None:
    ada, product = shop.user(), shop.catalog.add(sku="MUG", name="Mug", amount=1250, available=7)
    answer = await ada.add(product, 3)
    assert answer.status_code == 201, answer.text
    cart = answer.json()
    assert is_id(cart["id"])
    assert cart["version"] == 1
    assert cart["items"] == [
        {
            "product_id": product,
            "sku": "MUG",
            "name": "Mug",
            "quantity": 3,
            "unit_price": usd(1250),
            "line_total": usd(3750),
            "added_price": usd(1250),
            "available": 7,
            "backorder": False,
        }
    ]
    assert (cart["item_count"], cart["subtotal"], cart["total"]) == (3, usd(3750), usd(3750))
    assert await ada.cart() == cart


async def test_one_piece_unless_told_otherwise(shop: Shop) -> None:
    ada, product = shop.user(), shop.catalog.add()
    answer = await ada.send("POST", json={"product_id": product})
    assert answer.json()["items"][0]["quantity"] == 1


async def test_the_same_product_again_adds_up_in_one_line(shop: Shop) -> None:
    ada, product, other = shop.user(), shop.catalog.add(), shop.catalog.add()
    await ada.add(product, 2)
    await ada.add(other)
    cart = (await ada.add(product, 3)).json()
    assert [(i["product_id"], i["quantity"]) for i in cart["items"]] == [(product, 5), (other, 1)]
    assert cart["version"] == 3


async def test_every_write_makes_one_call_and_so_does_every_read(shop: Shop) -> None:
    ada = shop.user()
    products = [shop.catalog.add() for _ in range(3)]
    for product in products:
        await ada.add(product)
    shop.catalog.calls.clear()
    await ada.add(products[0])
    await ada.set(products[1], 4)
    await ada.cart()
    await ada.remove(products[2])
    await ada.send("DELETE")
    assert shop.catalog.calls == [sorted(products)] * 3 + [sorted(products[:2])]


async def test_unknown_and_inactive_products_are_not_found(shop: Shop) -> None:
    ada, guest = shop.user(), shop.guest()
    for product in (new_id(), shop.catalog.add(active=False)):
        for shopper in (ada, guest):
            answer = await shopper.add(product)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "x-cart-token" not in guest.headers


async def test_one_is_available_and_two_are(shop: Shop) -> None:
    ada = shop.user()
    for available, said in ((1, "only 1 is available."), (2, "only 2 are available.")):
        answer = await ada.add(shop.catalog.add(available=available), 3)
        assert answer.json()["detail"].endswith(said)


async def test_stock_is_checked_for_the_sum_and_named(shop: Shop) -> None:
    ada, product = shop.user(), shop.catalog.add(available=5)
    assert (await ada.add(product, 5)).status_code == 201
    answer = await ada.add(product)
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["code"] == "insufficient_stock"
    assert problem["available"] == 5
    assert problem["items"] == [{"product_id": product, "requested": 6, "available": 5}]
    assert await ada.quantities() == {product: 5}


async def test_what_may_be_backordered_goes_in_beyond_the_stock(shop: Shop) -> None:
    ada, product = shop.user(), shop.catalog.add(available=-3, backorder=True)
    cart = (await ada.add(product, 4)).json()
    assert (cart["items"][0]["available"], cart["items"][0]["backorder"]) == (0, True)
    more = await ada.send("PATCH", f"/{product}", json={"quantity": 6})
    assert (more.status_code, more.json()["warnings"]) == (200, [])
    shop.catalog.change(product, backorder=False)
    cart = await ada.cart()
    assert [one["code"] for one in cart["warnings"]] == ["insufficient_stock"]
    short = await ada.add(product)
    assert (short.status_code, short.json()["available"]) == (409, 0)


async def test_another_currency_is_refused_until_the_cart_is_empty(shop: Shop) -> None:
    ada, dollars, yen = (
        shop.user(),
        shop.catalog.add(),
        shop.catalog.add(currency="JPY", amount=900),
    )
    await ada.add(dollars)
    answer = await ada.add(yen)
    assert (answer.status_code, answer.json()["code"]) == (409, "currency_mismatch")
    await ada.remove(dollars)
    cart = (await ada.add(yen, 2)).json()
    assert (cart["currency"], cart["total"]) == ("JPY", {"amount": 1800, "currency": "JPY"})


@pytest.mark.parametrize(
    ("options", "most"), [({}, 99), ({"most_per_line": 3}, 3), ({"most_per_line": 9999}, 9999)]
)
async def test_b9_a_line_holds_so_many_pieces(shop: Shop, most: int) -> None:
    ada, product = shop.user(), shop.catalog.add(available=100_000)
    assert (await ada.add(product, most)).status_code == 201
    answers = [await ada.add(product)]
    if most < 9999:
        answers.append(await ada.set(product, most + 1))
    for answer in answers:
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (409, "quantity_limit")
        assert problem["maximum"] == most
    assert await ada.quantities() == {product: most}


async def test_a_cart_holds_100_lines(shop: Shop) -> None:
    ada = shop.user()
    products = [shop.catalog.add() for _ in range(101)]
    for product in products[:100]:
        assert (await ada.add(product)).status_code == 201
    answer = await ada.add(products[100])
    assert (answer.status_code, answer.json()["code"]) == (409, "cart_full")
    assert (await ada.add(products[0])).status_code == 201
    assert len((await ada.cart())["items"]) == 100


async def test_a_quantity_is_set_and_zero_removes(shop: Shop) -> None:
    ada, product, other = shop.user(), shop.catalog.add(available=4), shop.catalog.add()
    await ada.add(product)
    await ada.add(other)
    assert (await ada.set(product, 4)).json()["items"][0]["quantity"] == 4
    short = await ada.set(product, 5)
    assert (short.status_code, short.json()["available"]) == (409, 4)
    cart = (await ada.set(product, 0)).json()
    assert [item["product_id"] for item in cart["items"]] == [other]


async def test_what_is_not_in_the_cart_cannot_be_changed(shop: Shop) -> None:
    ada, product = shop.user(), shop.catalog.add()
    for shopper in (ada, shop.guest()):
        for answer in (
            await shopper.set(product, 2),
            await shopper.set(product, 0),
            await shopper.remove(product),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    await ada.add(shop.catalog.add())
    assert (await ada.remove(product)).status_code == 404


async def test_removing_and_clearing(shop: Shop) -> None:
    ada = shop.user()
    first, second, third = (shop.catalog.add() for _ in range(3))
    for product in (first, second, third):
        await ada.add(product)
    cart = (await ada.remove(second)).json()
    assert [item["product_id"] for item in cart["items"]] == [first, third]
    cleared = await ada.send("DELETE")
    assert (cleared.status_code, cleared.json()["items"]) == (200, [])
    assert cleared.json()["id"] == cart["id"]
    assert cleared.json()["version"] == cart["version"] + 1
    again = await ada.send("DELETE")
    assert again.json() == cleared.json()


async def test_clearing_what_is_not_there_makes_nothing(shop: Shop) -> None:
    guest = shop.guest()
    answer = await guest.send("DELETE")
    assert (answer.status_code, answer.json()["id"]) == (200, None)
    assert "x-cart-token" not in guest.headers


@pytest.mark.parametrize("options", [{"most_per_line": 9999}])
async def test_the_largest_cart_still_adds_up(shop: Shop) -> None:
    ada = shop.user()
    for _ in range(100):
        await ada.add(shop.catalog.add(amount=10**12, available=9999), 9999)
    assert (await ada.cart())["total"] == usd(100 * 9999 * 10**12)
