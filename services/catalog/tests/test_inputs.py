"""What products refuse, and that nothing is stored then."""

import json
from typing import Any

import pytest

from shopkit.ids import new_id

from .conftest import Shop

pytestmark = pytest.mark.anyio
PRICE = {"amount": 1999, "currency": "USD"}
GOOD: dict[str, Any] = {"sku": "A", "name": "Name", "price": PRICE}


async def refused(shop: Shop, raw: str | dict[str, Any], status: int = 422) -> None:
    content = raw if isinstance(raw, str) else json.dumps(raw)
    headers = {"Content-Type": "application/json"}
    answer = await shop.staff("POST", "/api/products", content=content, headers=headers)
    assert answer.status_code == status, (content[:200], answer.text[:300])
    assert answer.headers["Content-Type"] == "application/problem+json"


def raw(member: str, value: str) -> str:
    """GOOD with one member written out as it is."""
    rest = {name: sent for name, sent in GOOD.items() if name != member}
    return f'{json.dumps(rest)[:-1]}, "{member}": {value}}}'


NOT_FOR_CLIENTS = [
    "id", "version", "created_at", "updated_at", "stock_state", "on_hand", "reserved", "seq",
    "user_id", "is_admin", "group", "deleted_at", "sku_key", "details", "__proto__",
]  # fmt: skip


async def test_b3_no_mass_assignment(shop: Shop) -> None:
    product = await shop.product(stock=3)
    path = f"/api/products/{product['id']}"
    for member in NOT_FOR_CLIENTS:
        await refused(shop, GOOD | {member: 1})
        for method, body in (("PATCH", {member: 1}), ("PUT", GOOD | {member: 1})):
            answer = await shop.staff(method, path, json=body)
            assert answer.status_code == 422
            assert answer.json()["errors"][0]["code"] == "extra_forbidden"
    assert (await shop.guest.get(path)).json() == product


async def test_b3_stock_is_not_a_member_of_changes(shop: Shop) -> None:
    product = await shop.product(stock=3)
    path = f"/api/products/{product['id']}"
    for method, body in (("PATCH", {"stock": 9}), ("PUT", GOOD | {"stock": None})):
        answer = await shop.staff(method, path, json=body)
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["code"]) == (422, "extra_forbidden")
        assert error["pointer"] == "/stock"
        assert "PUT /api/products/{id}/stock" in error["detail"], "where it is done"
    assert (await shop.stock(product["id"]))["on_hand"] == 3


async def test_b5_c3_numbers(shop: Shop) -> None:
    for amount in ("-1", "1.0", "1e3", '"1"', "true", "null", "9223372036854775808", "1e999",
                   "NaN", "-0", "1" * 4000, "1000000000001"):  # fmt: skip
        await refused(shop, raw("price", f'{{"amount":{amount},"currency":"USD"}}'))
        await refused(shop, raw("stock", amount))
    for currency in ("usd", "XXX", "US", "", 1, None):
        await refused(shop, GOOD | {"price": {"amount": 1, "currency": currency}})
    other = GOOD | {"compare_at_price": {"amount": 1, "currency": "EUR"}}
    await refused(shop, other)
    assert await shop.listed() == []


async def test_c4_texts(shop: Shop) -> None:
    for bad in ("\u0000", "\ud800", "a\u202eb", "a\u0007", "", " ", "a\nb", "x" * 201):
        for member in ("sku", "name"):
            await refused(shop, GOOD | {member: bad})
    await refused(shop, GOOD | {"description": "\u202e"})
    await refused(shop, GOOD | {"description": "x" * 10_001})
    await refused(shop, GOOD | {"sku": "x" * 65})
    composed = await shop.product(sku="CAF\u00c9", name="Cafe\u0301")
    assert composed["name"] == "Café"
    await refused(shop, GOOD | {"sku": "cafe\u0301"}, 409)


async def test_slugs(shop: Shop) -> None:
    for slug in ("A", "a b", "-a", "a-", "a--b", "é", "a/b", "x" * 121, "", new_id(), 1):
        await refused(shop, GOOD | {"slug": slug})


async def test_attributes(shop: Shop) -> None:
    bad: list[Any] = [
        {"a": {"nested": 1}}, {"a": None}, {"a": [1]}, {"a": [["x"]]}, {"": 1}, {"x" * 65: 1},
        {"a": "x" * 501}, {"a": ["x"] * 51}, {str(n): n for n in range(51)}, [], "x",
        {"a": 1e16}, {"a": "\u0000"}, {"a": 2**53 + 1},
    ]  # fmt: skip
    for attributes in bad:
        await refused(shop, GOOD | {"attributes": attributes})
    kinds = {"text": "t", "yes": True, "no": False, "one": 1, "half": 0.5, "whole": 2.0, "l": []}
    product = await shop.product(attributes=kinds)
    assert json.dumps(product["attributes"]) == json.dumps(kinds)
    path = f"/api/products/{product['id']}"
    many = {"attributes": {f"more{n}": n for n in range(45)}}
    assert (await shop.staff("PATCH", path, json=many)).status_code == 422


async def test_images(shop: Shop) -> None:
    for url in ("javascript:alert(1)", "ftp://x/y", "//x/y", "/other/a.jpg", "data:image/png;,",
                "http://", "/media/../x y", "https://x/a b", "x", 1, "/media/",
                "/media/../api/auth/me", "/media/nope.webp", f"/media/x/{'0' * 32}.jpg",
                f"/media/{'0' * 32}.gif", f"/media/{'0' * 32}.jpg"):  # fmt: skip
        await refused(shop, GOOD | {"images": [{"url": url}]})
    one = {"url": "https://example.com/a.jpg"}
    await refused(shop, GOOD | {"images": [one] * 21})
    await refused(shop, GOOD | {"images": [one | {"width": 1}]})
    product = await shop.product(images=[one])
    assert product["images"] == [one | {"alt": ""}]


async def test_c9_ids_in_paths(shop: Shop) -> None:
    for ref in ("9223372036854775808", "1_000", "%201", "%D9%A1", "0", "A", "x" * 200, "..%2f",
                "00000000-0000-4000-8000-000000000000", new_id().upper()):  # fmt: skip
        for path in (f"/api/products/{ref}", f"/api/product-groups/{ref}", f"/api/categories/{ref}",
                     f"/api/products/{ref}/stock"):  # fmt: skip
            answer = await shop.staff("GET", path)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path


async def test_a_slug_where_an_id_must_be_is_told_so(shop: Shop) -> None:
    await shop.product(name="Tee M")
    await shop.category("Tees")
    for method, path in (
        ("PATCH", "/api/products/tee-m"),
        ("DELETE", "/api/products/tee-m"),
        ("GET", "/api/products/tee-m/stock"),
        ("PATCH", "/api/categories/tees"),
    ):
        answer = await shop.staff(method, path, json={})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
        assert "Send the `id`" in answer.json()["detail"], path
    unknown = await shop.staff("GET", f"/api/products/{new_id()}/stock")
    assert "Send the `id`" not in unknown.json()["detail"]


async def test_c5_c6_c7_bodies(shop: Shop) -> None:
    await refused(shop, '{"sku":"a","sku":"b"}', 400)
    await refused(shop, "{", 400)
    await refused(shop, "[]", 422)
    await refused(shop, "", 422)
    plain = await shop.staff(
        "POST", "/api/products", content="{}", headers={"Content-Type": "text/plain"}
    )
    assert plain.status_code == 415


async def test_all_errors_come_at_once(shop: Shop) -> None:
    answer = await shop.staff("POST", "/api/products", json={"sku": "", "price": {}, "x": 1})
    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert pointers == {"/sku", "/name", "/price/amount", "/price/currency", "/x"}


async def test_an_image_without_alt_has_an_empty_one(shop: Shop) -> None:
    url = "https://x.example/a.jpg"
    product = await shop.product(images=[{"url": url}])
    assert product["images"] == [{"url": url, "alt": ""}]
    path = f"/api/products/{product['id']}"
    changed = await shop.staff("PATCH", path, json={"images": [{"url": f"{url}2"}]})
    assert (changed.status_code, changed.json()["images"]) == (200, [{"url": f"{url}2", "alt": ""}])
