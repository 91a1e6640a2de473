"""What a checkout refuses before anything happens."""

from typing import Any

import pytest
from pydantic import ValidationError

from orders.schemas.checkout import TotalInput
from services.orders.tests.shop import Shop, usd
from shopkit.money import MAX_AMOUNT

ADDRESS = {"name": "Ada", "line1": "Street 1", "city": "Berlin", "country": "DE"}
REFUSED: list[Any] = [
    {"status": "confirmed"},
    {"user_id": "019a0000-0000-7000-8000-000000000000"},
    {"total": {"amount": 1, "currency": "USD"}},
    {"items": []},
    {"email": "no address"},
    {"email": "a@b@c.de"},
    {"note": "x" * 2001},
    {"note": "a\u202eb"},
    {"shipping_method": "drone"},
    {"payment": {"method": "stripe"}},
    {"payment": {"method": "manual", "amount": 1}},
    {"expected_total": 1999},
    {"expected_total": {"amount": "1999", "currency": "USD"}},
    {"expected_total": {"amount": 1999.0, "currency": "USD"}},
    {"expected_total": {"amount": True, "currency": "USD"}},
    {"expected_total": {"amount": -1, "currency": "USD"}},
    {"expected_total": {"amount": 2**63, "currency": "USD"}},
    {"expected_total": {"amount": 1, "currency": "XXX"}},
    {"shipping_address": {"name": "Ada"}},
    {"shipping_address": ADDRESS | {"country": "XX"}},
    {"shipping_address": ADDRESS | {"country": "de"}},
    {"shipping_address": ADDRESS | {"name": "  "}},
    {"shipping_address": ADDRESS | {"line1": "a\nb"}},
    {"shipping_address": ADDRESS | {"phone": "call me"}},
    {"shipping_address": ADDRESS | {"postal_code": "1" * 21}},
    {"shipping_address": ADDRESS | {"id": 1}},
    [],
]


@pytest.mark.parametrize("body", REFUSED, ids=str)
async def test_b3_b5_a_checkout_takes_only_what_it_knows(shop: Shop, body: Any) -> None:
    ada = shop.buyer(shop.catalog.add())
    answer = await shop.http.post("/api/orders", json=body, headers=ada.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")
    assert answer.json()["errors"]
    assert await shop.ids() == [], "nothing has happened"


async def test_a_total_may_be_more_than_one_price_can_be(shop: Shop) -> None:
    ada = shop.buyer(shop.catalog.add(price=MAX_AMOUNT), 2)
    assert (await ada.order({"expected_total": usd(2**63 - 1)})).json()["code"] == "price_changed"
    answer = await ada.order({"expected_total": usd(2 * MAX_AMOUNT)})
    assert (answer.status_code, answer.json()["total"]) == (201, usd(2 * MAX_AMOUNT))


def test_a_total_fits_in_64_bits_whoever_parses_it() -> None:
    with pytest.raises(ValidationError, match="less than"):
        TotalInput(amount=2**63, currency="USD")


@pytest.mark.parametrize("token", ["short", "x" * 42, "x" * 44, "sp ace" * 5, "ümlaut" * 5])
async def test_a_cart_token_that_is_none_is_refused(shop: Shop, token: str) -> None:
    headers: Any = {"x-cart-token": token.encode()}
    answer = await shop.http.post("/api/orders", json={"email": "a@b.de"}, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "header:X-Cart-Token"


async def test_absent_empty_and_null_bodies(shop: Shop) -> None:
    for body in (b"", b"{}", b"null"):
        ada = shop.buyer(shop.catalog.add())
        headers = ada.headers | ({"content-type": "application/json"} if body else {})
        answer = await shop.http.post("/api/orders", content=body, headers=headers)
        assert answer.status_code == 201, answer.text


async def test_a_users_own_cart_counts_whatever_token_is_sent_along(shop: Shop) -> None:
    guest, ada = shop.guest(), shop.buyer(shop.catalog.add())
    shop.fill(guest, (shop.catalog.add(), 1))
    ada.headers |= guest.headers
    order = await shop.stored((await ada.order()).json()["id"])
    assert order.user_id == ada.cart_owner


async def test_a_billing_address_of_its_own_and_an_email_of_its_own(shop: Shop) -> None:
    ada = shop.buyer(shop.catalog.add())
    body = {
        "shipping_address": ADDRESS,
        "billing_address": ADDRESS | {"company": "Ada GmbH"},
        "email": "Einkauf@Example.com",
    }
    order = (await ada.order(body)).json()
    assert order["billing_address"]["company"] == "Ada GmbH"
    assert order["shipping_address"]["company"] is None
    assert order["email"] == "Einkauf@Example.com"


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ({"payment": "sandbox"}, "/payment", "Send an object."),
        ({"token": "ok"}, "/token", "There is no such member."),
        ({"shipping_address": ADDRESS | {"country": "Germany"}}, "/shipping_address/country", None),
        ({"payment": {"token": "ok"}}, "/payment/token", None),
    ],
)
async def test_errors_say_what_to_do(
    shop: Shop, body: dict[str, object], pointer: str, detail: str | None
) -> None:
    """In words of JSON and of the shop, not of Python or of patterns."""
    answer = await shop.buyer(shop.catalog.add()).order(body)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (422, pointer)
    assert error["detail"] == detail or (not detail and "pattern" not in error["detail"])
