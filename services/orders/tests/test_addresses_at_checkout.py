"""Which addresses an order gets."""

from typing import Any

import pytest

from services.orders.tests.shop import Customer, Shop
from services.orders.tests.test_addresses import ADDRESS, EMPTY, add, call
from shopkit.ids import new_id

HOME, WORK, FRIEND = (ADDRESS | EMPTY | {"city": city} for city in ("Berlin", "Bonn", "Ulm"))
Book = dict[str, str]


async def with_book(shop: Shop) -> tuple[Customer, Book]:
    """Somebody who has filled a cart, ships to work and is billed at home."""
    ada = shop.buyer(shop.catalog.add())
    home, friend = await add(ada, HOME), await add(ada, FRIEND)
    work = await add(ada, WORK | {"default_shipping": True})
    return ada, {"home": home["id"], "work": work["id"], "friend": friend["id"]}


@pytest.mark.parametrize(
    ("body", "shipping", "billing"),
    [
        ({}, WORK, HOME),
        ({"shipping_address_id": "friend"}, FRIEND, HOME),
        ({"billing_address_id": "work"}, WORK, WORK),
        ({"shipping_address_id": "home", "billing_address_id": "friend"}, HOME, FRIEND),
        ({"shipping_address": FRIEND}, FRIEND, HOME),
        ({"shipping_address": FRIEND, "billing_address_id": "work"}, FRIEND, WORK),
        ({"shipping_address": FRIEND, "billing_address": WORK}, FRIEND, WORK),
    ],
)
async def test_what_is_named_else_the_defaults(
    shop: Shop, body: dict[str, Any], shipping: object, billing: object
) -> None:
    ada, book = await with_book(shop)
    sent = {name: book[value] if name.endswith("_id") else value for name, value in body.items()}
    order = (await ada.order(sent)).json()
    assert (order["shipping_address"], order["billing_address"]) == (shipping, billing)
    assert order == (await ada.get(f"/{order['id']}")).json()


async def test_without_a_default_there_is_none_and_the_bill_goes_where_the_goods_go(
    shop: Shop,
) -> None:
    ada = shop.buyer(shop.catalog.add())
    kept = await add(ada, HOME | {"default_shipping": False, "default_billing": False})
    order = (await ada.order()).json()
    assert (order["shipping_address"], order["billing_address"]) == (None, None)
    shop.fill(ada, (shop.catalog.add(), 1))
    order = (await ada.order({"shipping_address_id": kept["id"]})).json()
    assert (order["shipping_address"], order["billing_address"]) == (HOME, HOME)


async def test_an_order_keeps_the_address_as_it_was(shop: Shop) -> None:
    ada, book = await with_book(shop)
    order = (await ada.order({"shipping_address_id": book["friend"]})).json()
    await call(ada, "PATCH", f"/{book['friend']}", {"city": "Rome"})
    await call(ada, "DELETE", f"/{book['home']}")
    read = (await ada.get(f"/{order['id']}")).json()
    assert (read["shipping_address"], read["billing_address"]) == (FRIEND, HOME)


@pytest.mark.parametrize("name", ["shipping_address_id", "billing_address_id"])
async def test_b2_an_order_goes_to_no_address_of_others(shop: Shop, name: str) -> None:
    _, book = await with_book(shop)
    mallory = shop.buyer(shop.catalog.add())
    await add(mallory)
    answers = [await mallory.order({name: id}, key="k") for id in (book["home"], new_id())]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")
        (error,) = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == (f"/{name}", "not_found")
    assert answers[0].json()["detail"] == answers[1].json()["detail"]
    assert await shop.ids() == [], "nothing has happened"
    assert (await mallory.order(key="k")).status_code == 201, "not even to the key"


async def test_b2_a_guest_has_no_book(shop: Shop) -> None:
    _, book = await with_book(shop)
    guest = shop.guest()
    shop.fill(guest, (shop.catalog.add(), 1))
    answer = await guest.order({"shipping_address_id": book["home"]})
    assert (answer.status_code, await shop.ids()) == (422, [])
    order = (await guest.order({"shipping_address": FRIEND})).json()
    assert order["billing_address"] == FRIEND


@pytest.mark.parametrize("name", ["shipping_address", "billing_address"])
async def test_an_address_and_an_id_of_one_are_too_many(shop: Shop, name: str) -> None:
    ada, book = await with_book(shop)
    answer = await ada.order({name: HOME, f"{name}_id": book["home"]})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"], error["code"]) == (422, f"/{name}_id", "not_both")
    assert await shop.ids() == []


async def test_a_key_gives_the_first_answer_when_the_address_is_gone(shop: Shop) -> None:
    ada, book = await with_book(shop)
    body = {"shipping_address_id": book["friend"]}
    first = await ada.order(body, key="k")
    await call(ada, "DELETE", f"/{book['friend']}")
    again = await ada.order(body, key="k")
    assert (again.status_code, again.json()) == (201, first.json())
    other = await ada.order({"shipping_address_id": book["home"]}, key="k")
    assert other.json()["code"] == "idempotency_key_reused"
