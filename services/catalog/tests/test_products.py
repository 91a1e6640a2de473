"""Products: create, read, change, delete."""

from typing import Any

import pytest

from .conftest import Shop

pytestmark = pytest.mark.anyio
PRICE = {"amount": 1999, "currency": "USD"}


async def test_a_minimal_product_gets_everything_else(shop: Shop) -> None:
    body = {"sku": "A-1", "name": "Café Crème", "price": PRICE, "stock": 5}
    answer = await shop.staff("POST", "/api/products", json=body)
    product = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/products/{product['id']}"
    assert answer.headers["ETag"]
    assert product["slug"] == "cafe-creme"
    assert product["status"] == "active"
    assert product["stock"] == {"available": 5, "state": "low_stock", "backorder": False}
    assert product["group"] is None and product["compare_at_price"] is None
    assert product["created_at"].endswith("Z")
    by_slug = await shop.guest.get("/api/products/cafe-creme")
    by_id = await shop.guest.get(f"/api/products/{product['id']}")
    assert by_slug.json() == by_id.json() == product
    assert by_id.headers["ETag"] == answer.headers["ETag"]


async def test_everything_given_comes_back(shop: Shop) -> None:
    category = await shop.category("Shirts")
    body = {
        "sku": "S-1",
        "name": "Shirt",
        "slug": "my-shirt",
        "description": "<p>Soft</p>",
        "price": PRICE,
        "compare_at_price": {"amount": 2999, "currency": "USD"},
        "status": "draft",
        "category_ids": [category["id"]],
        "attributes": {
            "zip": False, "material": "wool", "weight": 180, "ratio": 1.5, "fits": ["a", "b"],
        },
        "images": [{"url": "https://images.example.com/1.jpg", "alt": "front"}],
    }  # fmt: skip
    product = await shop.product(**body)
    assert {name: product[name] for name in body} == body
    assert list(product["attributes"]) == list(body["attributes"])  # type: ignore[call-overload]


async def test_sku_and_slug_are_unique_until_deleted(shop: Shop) -> None:
    first = await shop.product(sku="Ab-1", slug="one")
    again = {"sku": "aB-1", "name": "Two", "price": PRICE}
    taken = await shop.staff("POST", "/api/products", json=again)
    assert (taken.status_code, taken.json()["code"]) == (409, "sku_taken")
    taken = await shop.staff("POST", "/api/products", json=again | {"sku": "x", "slug": "one"})
    assert (taken.status_code, taken.json()["code"]) == (409, "slug_taken")
    deleted = await shop.staff("DELETE", f"/api/products/{first['id']}")
    assert deleted.status_code == 204
    await shop.product(sku="ab-1", slug="one")


async def test_made_slugs_do_not_collide(shop: Shop) -> None:
    slugs = [(await shop.product(name="Red Lamp!"))["slug"] for _ in range(3)]
    assert slugs == ["red-lamp", "red-lamp-2", "red-lamp-3"]
    assert (await shop.product(name="日本"))["slug"] == "item"


async def test_put_replaces_all_but_the_slug_and_the_stock(shop: Shop) -> None:
    product = await shop.product(name="Old", description="d", attributes={"a": 1}, stock=9)
    body = {"sku": product["sku"], "name": "New", "price": PRICE}
    changed = (await shop.staff("PUT", f"/api/products/{product['id']}", json=body)).json()
    assert changed["name"] == "New" and changed["price"] == PRICE
    assert changed["description"] == "" and changed["attributes"] == {}
    assert changed["slug"] == "old" and changed["stock"]["available"] == 9
    assert changed["version"] == product["version"] + 1


async def test_patch_is_a_merge_patch(shop: Shop) -> None:
    product = await shop.product(
        attributes={"a": 1, "b": 2},
        compare_at_price={"amount": 5000, "currency": "USD"},
        description="text",
        images=[{"url": "https://images.example.com/a.jpg", "alt": ""}],
    )
    path = f"/api/products/{product['id']}"
    patch = {"attributes": {"b": None, "c": "x"}, "compare_at_price": None, "description": None}
    changed = (await shop.staff("PATCH", path, json=patch)).json()
    assert changed["attributes"] == {"a": 1, "c": "x"}
    assert changed["compare_at_price"] is None and changed["description"] == ""
    assert changed["images"] == product["images"] and changed["name"] == product["name"]
    same = (await shop.staff("PATCH", path, json={})).json()
    assert same == changed
    refused = await shop.staff("PATCH", path, json={"name": None, "price": None})
    assert refused.status_code == 422
    assert {error["pointer"] for error in refused.json()["errors"]} == {"/name", "/price"}


async def test_stale_writes_are_refused(shop: Shop) -> None:
    product = await shop.product(stock=5)
    path = f"/api/products/{product['id']}"
    tag = (await shop.guest.get(path)).headers["ETag"]
    await shop.reserve((product, 1))
    ok = await shop.staff("PATCH", path, json={"name": "B"}, headers={"If-Match": tag})
    assert ok.status_code == 200  # that one was bought in between does not matter
    for method, body in (("PATCH", {"name": "C"}), ("PUT", None), ("DELETE", None)):
        whole = {"sku": "z", "name": "z", "price": PRICE} if method == "PUT" else body
        kwargs: dict[str, Any] = {} if whole is None else {"json": whole}
        stale = await shop.staff(method, path, headers={"If-Match": tag}, **kwargs)
        assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    current = {"If-Match": ok.headers["ETag"]}
    assert (await shop.staff("DELETE", path, headers=current)).status_code == 204


async def test_the_etag_follows_the_stock(shop: Shop) -> None:
    product = await shop.product(stock=5)
    path = f"/api/products/{product['id']}"
    tag = (await shop.guest.get(path)).headers["ETag"]
    known = await shop.guest.get(path, headers={"If-None-Match": tag})
    assert known.status_code == 304 and known.content == b""
    assert known.headers["Cache-Control"].startswith("public, max-age=0, s-maxage=1,")
    await shop.reserve((product, 1))
    assert (await shop.guest.get(path, headers={"If-None-Match": tag})).status_code == 200


async def test_answers_to_a_token_are_never_cached(shop: Shop) -> None:
    product = await shop.product()
    for path in ("/api/products", f"/api/products/{product['id']}", "/api/categories"):
        guest = await shop.guest.get(path)
        assert guest.headers["Cache-Control"].startswith("public, max-age=0, s-maxage=1,")
        assert (await shop.staff("GET", path)).headers["Cache-Control"] == "private, no-store"
    missing = await shop.guest.get("/api/products/nothing")
    assert missing.headers["Cache-Control"] == "no-store"


async def test_drafts_are_for_staff_only(shop: Shop) -> None:
    draft = await shop.product(status="draft")
    path = f"/api/products/{draft['id']}"
    customer = {"Authorization": shop.tokens.user()}
    assert (await shop.guest.get(path)).status_code == 404
    assert (await shop.guest.get(path, headers=customer)).status_code == 404
    assert (await shop.staff("GET", path)).status_code == 200
    assert await shop.listed() == []
    guest = await shop.guest.get("/api/products?status=draft")
    assert (guest.status_code, guest.json()["code"]) == (401, "not_authenticated")
    refused = await shop.guest.get("/api/products?status=draft", headers=customer)
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
    found = (await shop.staff("GET", "/api/products?status=draft")).json()["items"]
    assert [one["id"] for one in found] == [draft["id"]]


async def test_a_deleted_product_is_gone_everywhere(shop: Shop) -> None:
    group = await shop.group()
    category = await shop.category("Things")
    product = await shop.product(
        group_id=group["id"], options={"size": "M"}, category_ids=[category["id"]], name="Lamp"
    )
    await shop.staff("DELETE", f"/api/products/{product['id']}")
    assert (await shop.staff("GET", f"/api/products/{product['id']}")).status_code == 404
    assert (await shop.staff("GET", f"/api/products/{product['id']}/stock")).status_code == 404
    assert (await shop.staff("DELETE", f"/api/products/{product['id']}")).status_code == 404
    assert await shop.listed() == [] and await shop.listed(q="lamp") == []
    shown = (await shop.staff("GET", f"/api/product-groups/{group['id']}")).json()
    assert shown["variants"] == []
    ids = {"ids": [product["id"]]}
    assert (await shop.orders("POST", "/internal/products/lookup", json=ids)).json()["items"] == []
    assert (await shop.staff("DELETE", f"/api/categories/{category['id']}")).status_code == 204


async def test_c2_true_is_not_one_in_a_change(shop: Shop) -> None:
    product = await shop.product(attributes={"organic": True, "n": 1})
    path = f"/api/products/{product['id']}"
    changed = await shop.staff("PATCH", path, json={"attributes": {"organic": 1, "n": 1.0}})
    assert changed.text.count('"organic":1,"n":1.0') == 1
    assert changed.json()["version"] == 2
    again = await shop.staff("PATCH", path, json={"attributes": {"organic": 1, "n": 1.0}})
    assert again.json()["version"] == 2


async def test_only_a_bare_star_matches_every_version(shop: Shop) -> None:
    path = f"/api/products/{(await shop.product())['id']}"
    for tag, status in (('"*"', 412), ('"x,*,y"', 412), ('"x", "*"', 412), ("*", 200)):
        answer = await shop.staff("PATCH", path, json={"name": "B"}, headers={"If-Match": tag})
        assert answer.status_code == status, tag


async def test_the_same_key_creates_one_product(shop: Shop) -> None:
    body = {"sku": "K-1", "name": "Keyed", "price": PRICE, "stock": 3}
    key = {"Idempotency-Key": "k1"}
    first = await shop.staff("POST", "/api/products", json=body, headers=key)
    again = await shop.staff("POST", "/api/products", json=body, headers=key)
    assert again.status_code == 201 and again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    other = await shop.staff("POST", "/api/products", json=body | {"stock": 4}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_writes_need_their_scope(shop: Shop) -> None:
    product = await shop.product()
    reader = {"Authorization": shop.tokens.user(scopes=["products:read"])}
    body = {"sku": "n", "name": "n", "price": PRICE}
    for method, path in (
        ("POST", "/api/products"),
        ("PUT", f"/api/products/{product['id']}"),
        ("DELETE", f"/api/products/{product['id']}"),
    ):
        kwargs: dict[str, Any] = {} if method == "DELETE" else {"json": body}
        assert (await shop.guest.request(method, path, **kwargs)).status_code == 401
        refused = await shop.guest.request(method, path, headers=reader, **kwargs)
        assert refused.status_code == 403
        assert refused.json()["required_scope"] == "products:write"
