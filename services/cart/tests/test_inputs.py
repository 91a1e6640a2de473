"""What clients may not send."""

from typing import Any

from services.cart.tests.conftest import Shop
from shopkit.ids import new_id

PRODUCT = new_id()
BAD_QUANTITIES = [0, -1, 10_000, 10**9, 1.0, 1.5, "1", True, None, [], {}, 2**63 - 1]
BAD_IDS: list[Any] = [
    "",
    "1",
    1,
    None,
    True,
    "9223372036854775808",
    "'; DROP TABLE carts; --",
    "00000000-0000-0000-0000-000000000000",
    "0192f0a0-0000-4000-8000-000000000001",
    PRODUCT.upper(),
    PRODUCT + "\n",
    f"{{{PRODUCT}}}",
]
FOREIGN = {
    "price": 1,
    "unit_price": {"amount": 1, "currency": "USD"},
    "total": 1,
    "discount": 5,
    "currency": "USD",
    "user_id": new_id(),
    "cart_id": new_id(),
    "owner": "user:x",
    "state": "open",
    "version": 9,
    "order_id": new_id(),
    "sku": "X",
    "available": 100,
    "backorder": True,
}


async def refused(shop: Shop, method: str, path: str, body: Any, pointer: str) -> None:
    answer = await shop.user().send(method, path, body)
    assert answer.status_code == 422, answer.text
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


async def test_b5_quantities_are_whole_and_within_bounds(shop: Shop) -> None:
    for quantity in BAD_QUANTITIES:
        body = {"product_id": PRODUCT, "quantity": quantity}
        await refused(shop, "POST", "", body, "/quantity")
        if quantity != 0 or isinstance(quantity, bool):
            await refused(shop, "PATCH", f"/{PRODUCT}", {"quantity": quantity}, "/quantity")


async def test_c3_numbers_that_are_none_are_422(shop: Shop) -> None:
    headers = {"content-type": "application/json"}
    for raw in ("1e999", "NaN", "-0", "9223372036854775808", "1" * 5000):
        body = f'{{"product_id": "{PRODUCT}", "quantity": {raw}}}'
        answer = await shop.http.post("/api/cart", content=body, headers=headers)
        assert answer.status_code == 422, raw


async def test_c9_ids_have_one_form(shop: Shop) -> None:
    for product in BAD_IDS:
        body = {"product_id": product}
        if isinstance(product, str) and 1 <= len(product) <= 64:  # ids are opaque to clients
            answer = await shop.user().send("POST", "", body)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), product
        else:
            await refused(shop, "POST", "", body, "/product_id")


async def test_c9_an_id_in_a_path_that_cannot_exist_does_not(shop: Shop) -> None:
    ada = shop.user()
    for product in ("1", " 1", "1_000", "١", "%00", "%27", PRODUCT.upper()):
        assert (await ada.send("PATCH", f"/{product}", {"quantity": 1})).status_code == 404
        assert (await ada.send("DELETE", f"/{product}")).status_code == 404


async def test_b3_unknown_members_are_refused(shop: Shop) -> None:
    for name, value in FOREIGN.items():
        more = {name: value}
        await refused(shop, "POST", "", {"product_id": PRODUCT, **more}, f"/{name}")
        await refused(shop, "PATCH", f"/{PRODUCT}", {"quantity": 1, **more}, f"/{name}")
        await refused(shop, "POST", "/merge", {"cart_token": "A" * 43, **more}, f"/{name}")


async def test_bodies_that_are_none_are_refused(shop: Shop) -> None:
    bodies: list[Any] = [None, [], {}, "x", 1]
    for body in bodies:
        for method, path in (("POST", ""), ("PATCH", f"/{PRODUCT}"), ("POST", "/merge")):
            assert (await shop.user().send(method, path, body)).status_code == 422


async def test_a_malformed_token_cannot_be_merged(shop: Shop) -> None:
    for token in (None, "", "A" * 42, "A" * 44, 5, "A" * 42 + "\n", "é" * 43):
        await refused(shop, "POST", "/merge", {"cart_token": token}, "/cart_token")


async def test_unknown_query_parameters_are_refused(shop: Shop) -> None:
    assert (await shop.user().send("GET", "?currency=EUR")).status_code == 422


async def test_merging_needs_a_user(shop: Shop) -> None:
    answer = await shop.guest().merge("A" * 43)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


async def test_a_claim_names_exactly_one_owner(shop: Shop) -> None:
    bodies: list[Any] = [
        {},
        {"user_id": None, "cart_token": None},
        {"user_id": new_id(), "cart_token": "A" * 43},
        {"user_id": "ada"},
        {"cart_token": "short"},
    ]
    for body in bodies:
        answer = await shop.call("PUT", f"/internal/claims/{new_id()}", body)
        assert answer.status_code == 422, body
