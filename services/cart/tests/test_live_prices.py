"""A cart always shows today's prices, and says what has changed since something was put in."""

import pytest

from services.cart.tests.conftest import Shop, Shopper


def codes(cart: dict[str, list[dict[str, str]]]) -> list[tuple[str, str]]:
    return [(warning["code"], warning["product_id"]) for warning in cart["warnings"]]


async def test_a_changed_price_is_used_and_told(shop: Shop) -> None:
    ada, product = shop.user(), shop.catalog.add(amount=1999)
    await ada.add(product, 2)
    shop.catalog.change(product, amount=2450)
    cart = await ada.cart()
    item = cart["items"][0]
    assert (item["unit_price"]["amount"], item["added_price"]["amount"]) == (2450, 1999)
    assert (item["line_total"]["amount"], cart["total"]["amount"]) == (4900, 4900)
    assert codes(cart) == [("price_changed", product)]
    assert "19.99 USD" in cart["warnings"][0]["detail"]
    assert "24.50 USD" in cart["warnings"][0]["detail"]
    assert (await ada.add(product)).json()["items"][0]["added_price"]["amount"] == 1999


async def test_amounts_are_told_in_the_currency_s_own_digits(shop: Shop) -> None:
    for currency, before, after in (("JPY", "900 JPY", "1000 JPY"), ("KWD", "0.900", "1.000 KWD")):
        ada, product = shop.user(), shop.catalog.add(currency=currency, amount=900)
        await ada.add(product)
        shop.catalog.change(product, amount=1000)
        detail = (await ada.cart())["warnings"][0]["detail"]
        assert before in detail
        assert after in detail


async def test_shrunken_stock_is_told(shop: Shop) -> None:
    ada, product = shop.user(), shop.catalog.add(available=5)
    await ada.add(product, 5)
    shop.catalog.change(product, available=2)
    cart = await ada.cart()
    assert codes(cart) == [("insufficient_stock", product)]
    assert cart["warnings"][0]["detail"] == "Only 2 are available."
    assert (cart["items"][0]["available"], cart["items"][0]["quantity"]) == (2, 5)
    shop.catalog.change(product, available=0)
    assert (await ada.cart())["warnings"][0]["detail"] == "None is available."
    shop.catalog.change(product, available=-2)  # more was reserved than a correction left
    assert (await ada.cart())["warnings"][0]["detail"] == "None is available."
    shop.catalog.change(product, available=1)
    assert (await ada.cart())["warnings"][0]["detail"] == "Only 1 is available."


async def _deleted(shop: Shop, product: str) -> None:
    shop.catalog.remove(product)


async def _archived(shop: Shop, product: str) -> None:
    shop.catalog.change(product, active=False, name="Archived")


async def _moved_to_another_currency(shop: Shop, product: str) -> None:
    shop.catalog.change(product, currency="EUR")


@pytest.mark.parametrize("happens", [_deleted, _archived, _moved_to_another_currency])
async def test_what_is_no_longer_sold_stays_and_counts_nothing(shop: Shop, happens: object) -> None:
    ada, product, other = shop.user(), shop.catalog.add(sku="A", name="Lamp"), shop.catalog.add()
    await ada.add(product, 2)
    await ada.add(other, 1)
    await happens(shop, product)  # type: ignore[operator]
    cart = await ada.cart()
    item = cart["items"][0]
    assert (item["sku"], item["name"], item["quantity"], item["available"]) == ("A", "Lamp", 2, 0)
    assert (item["unit_price"]["amount"], item["line_total"]["amount"]) == (1999, 0)
    assert (cart["subtotal"]["amount"], cart["item_count"]) == (1999, 3)
    assert codes(cart) == [("unavailable", product)]
    short = await ada.set(product, 1)
    assert (short.status_code, short.json()["available"]) == (409, 0)
    assert (await ada.remove(product)).status_code == 200


async def test_while_catalog_is_down_nothing_is_lost(shop: Shop) -> None:
    ada, product, other = shop.user(), shop.catalog.add(), shop.catalog.add()
    await ada.add(product, 2)
    await ada.add(other, 1)
    before = await ada.cart()
    shop.catalog.down = True
    for answer in (
        await ada.send("GET"),
        await ada.add(product),
        await ada.set(product, 1),
        await ada.remove(product),
        await ada.merge("x" * 43),
    ):
        assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable")
        assert answer.headers["retry-after"]
    shop.catalog.down = False
    assert await ada.cart() == before


async def test_an_empty_cart_needs_no_catalog(shop: Shop) -> None:
    ada, product = shop.user(), shop.catalog.add()
    await ada.add(product)
    shop.catalog.down = True
    assert (await ada.remove(product)).json()["items"] == []
    assert (await ada.cart())["items"] == []
    assert (await ada.remove(product)).status_code == 404


async def test_clearing_needs_no_catalog(shop: Shop) -> None:
    ada: Shopper = shop.user()
    await ada.add(shop.catalog.add())
    await ada.add(shop.catalog.add())
    shop.catalog.down = True
    assert (await ada.send("DELETE")).status_code == 200
