"""Reservations: try, confirm, cancel, expire."""

import asyncio
from typing import Any

import pytest

from catalog.worker import Sweeper
from shopkit.ids import new_id

from .conftest import Shop, housekeeper
from .invariants import check_invariants

pytestmark = pytest.mark.anyio


async def call(shop: Shop, order_id: str, verb: str) -> Any:
    return await shop.orders("POST", f"/internal/reservations/{order_id}/{verb}")


async def expire(shop: Shop) -> None:
    await Sweeper(shop.database, shop.clock).drain()


async def test_reserve_commit_and_release_put_the_stock_where_it_belongs(shop: Shop) -> None:
    product = await shop.product(stock=10)
    order_id = new_id()
    held = await shop.reserve((product, 4), order_id=order_id)
    assert held.status_code == 200
    assert held.json()["status"] == "held"
    assert held.json()["lines"] == [
        {
            "product_id": product["id"],
            "sku": product["sku"],
            "name": product["name"],
            "quantity": 4,
            "unit_price": product["price"],
        }
    ]
    stock = await shop.stock(product["id"])
    assert (stock["on_hand"], stock["reserved"], stock["available"]) == (10, 4, 6)
    for _ in range(2):
        done = await call(shop, order_id, "commit")
        assert (done.status_code, done.json()["status"]) == (200, "committed")
    stock = await shop.stock(product["id"])
    assert (stock["on_hand"], stock["reserved"]) == (6, 0)
    for _ in range(2):
        back = await call(shop, order_id, "release")
        assert (back.status_code, back.json()["status"]) == (200, "released")
    stock = await shop.stock(product["id"])
    assert (stock["on_hand"], stock["reserved"]) == (10, 0)
    assert (await call(shop, order_id, "commit")).status_code == 410
    await check_invariants(shop)


async def test_the_same_again_is_the_same_answer(shop: Shop) -> None:
    product = await shop.product(stock=10)
    order_id = new_id()
    first = await shop.reserve((product, 4), order_id=order_id)
    again = await shop.reserve((product, 4), order_id=order_id)
    assert again.status_code == 200 and again.json() == first.json()
    other = await shop.reserve((product, 5), order_id=order_id)
    assert (other.status_code, other.json()["code"]) == (422, "reservation_mismatch")
    await call(shop, order_id, "commit")
    assert (await shop.reserve((product, 4), order_id=order_id)).json()["status"] == "committed"
    assert (await shop.stock(product["id"]))["on_hand"] == 6


async def test_e2_lines_of_one_product_are_summed(shop: Shop) -> None:
    product = await shop.product(stock=5)
    refused = await shop.reserve((product, 3), (product, 3))
    assert (refused.status_code, refused.json()["code"]) == (409, "insufficient_stock")
    assert refused.json()["items"] == [
        {"product_id": product["id"], "requested": 6, "available": 5}
    ]
    held = await shop.reserve((product, 3), (product, 2))
    assert [line["quantity"] for line in held.json()["lines"]] == [5]


async def test_a_refused_reserve_leaves_nothing(shop: Shop) -> None:
    plenty, short = await shop.product(stock=9), await shop.product(stock=1)
    order_id = new_id()
    refused = await shop.reserve((plenty, 2), (short, 2), order_id=order_id)
    assert refused.status_code == 409
    assert (await shop.stock(plenty["id"]))["reserved"] == 0
    assert (await shop.orders("GET", f"/internal/reservations/{order_id}")).status_code == 404
    path = f"/api/products/{short['id']}/stock/adjust"
    await shop.staff("POST", path, json={"delta": 1, "reason": "found one"})
    assert (await shop.reserve((plenty, 2), (short, 2), order_id=order_id)).status_code == 200


async def test_another_price_is_refused_with_old_and_new(shop: Shop) -> None:
    product = await shop.product(stock=9)
    new = {"amount": 1100, "currency": "USD"}
    await shop.staff("PATCH", f"/api/products/{product['id']}", json={"price": new})
    refused = await shop.reserve((product, 1))
    assert (refused.status_code, refused.json()["code"]) == (409, "price_changed")
    assert refused.json()["items"] == [
        {"product_id": product["id"], "old": product["price"], "new": new}
    ]
    assert (await shop.stock(product["id"]))["reserved"] == 0


async def test_e9_products_that_are_not_active_cannot_be_reserved(shop: Shop) -> None:
    gone, archived = await shop.product(stock=9), await shop.product(stock=9)
    await shop.staff("DELETE", f"/api/products/{gone['id']}")
    await shop.staff("PATCH", f"/api/products/{archived['id']}", json={"status": "archived"})
    refused = await shop.reserve((gone, 1), (archived, 1), ({**gone, "id": new_id()}, 1))
    assert refused.json()["code"] == "insufficient_stock"
    assert [item["available"] for item in refused.json()["items"]] == [0, 0, 0]


async def test_e9_a_held_order_goes_on_when_its_product_is_deleted(shop: Shop) -> None:
    product = await shop.product(stock=3)
    order_id = new_id()
    await shop.reserve((product, 2), order_id=order_id)
    await shop.staff("DELETE", f"/api/products/{product['id']}")
    assert (await call(shop, order_id, "commit")).status_code == 200
    assert (await call(shop, order_id, "release")).status_code == 200
    await check_invariants(shop)


async def test_tombstones_absorb(shop: Shop) -> None:
    product = await shop.product(stock=5)
    order_id = new_id()
    assert (await call(shop, order_id, "commit")).status_code == 404
    dead = await call(shop, order_id, "release")
    assert (dead.status_code, dead.json()["status"], dead.json()["lines"]) == (200, "released", [])
    late = await shop.reserve((product, 1), order_id=order_id)
    assert (late.status_code, late.json()["code"]) == (410, "reservation_gone")
    assert (await call(shop, order_id, "commit")).status_code == 410
    assert (await shop.stock(product["id"]))["reserved"] == 0


async def test_reservations_expire_by_our_clock(shop: Shop) -> None:
    product = await shop.product(stock=5)
    order_id, lasting = new_id(), new_id()
    await shop.reserve((product, 2), order_id=order_id, ttl=60)
    await shop.reserve((product, 1), order_id=lasting, ttl=600)
    shop.clock.advance(seconds=59)
    await expire(shop)
    assert (await shop.stock(product["id"]))["reserved"] == 3
    shop.clock.advance(seconds=1)
    await expire(shop)
    assert (await shop.stock(product["id"]))["reserved"] == 1
    gone = await call(shop, order_id, "commit")
    assert (gone.status_code, gone.json()["code"]) == (410, "reservation_gone")
    assert (await shop.reserve((product, 2), order_id=order_id)).status_code == 410
    assert (await call(shop, order_id, "release")).status_code == 200
    await check_invariants(shop)


async def test_commit_decides_by_status_until_the_sweeper_came(shop: Shop) -> None:
    product = await shop.product(stock=5)
    order_id = new_id()
    await shop.reserve((product, 2), order_id=order_id, ttl=60)
    shop.clock.advance(seconds=61)
    assert (await call(shop, order_id, "commit")).status_code == 200
    await expire(shop)
    assert (await shop.stock(product["id"]))["on_hand"] == 3
    await check_invariants(shop)


async def test_the_sweeper_works_in_batches(shop: Shop) -> None:
    product = await shop.product(stock=500)
    for start in range(0, 220, 20):
        orders = [shop.reserve((product, 1), ttl=1) for _ in range(start, start + 20)]
        await asyncio.gather(*orders)
    shop.clock.advance(seconds=2)
    assert await Sweeper(shop.database, shop.clock).drain() == 220
    assert (await shop.stock(product["id"]))["reserved"] == 0


async def test_old_tombstones_and_keys_are_forgotten(shop: Shop) -> None:
    product = await shop.product(stock=5)
    dead, sold = new_id(), new_id()
    await shop.reserve((product, 1), order_id=dead)
    await shop.reserve((product, 1), order_id=sold)
    await call(shop, dead, "release")
    await call(shop, sold, "commit")
    body = {"delta": 1, "reason": "r"}
    path, key = f"/api/products/{product['id']}/stock/adjust", {"Idempotency-Key": "k"}
    await shop.staff("POST", path, json=body, headers=key)
    shop.clock.advance(days=29)
    await housekeeper(shop).drain()
    assert (await shop.query("SELECT count(*) FROM reservations")) == [(2,)]
    shop.clock.advance(days=2)
    await housekeeper(shop).drain()
    assert (await shop.query("SELECT status FROM reservations")) == [("committed",)]
    assert (await shop.query("SELECT count(*) FROM idempotency_keys")) == [(0,)]


async def test_only_services_may_call(shop: Shop) -> None:
    path = f"/internal/reservations/{new_id()}"
    staff = shop.staff_headers
    cart = {"Authorization": shop.tokens.service("cart")}
    assert (await shop.internal.get(path)).status_code == 401
    assert (await shop.internal.get(path, headers=staff)).status_code == 401
    assert (await shop.internal.get(path, headers=cart)).status_code == 403
    assert (await shop.guest.get(path, headers=shop.orders_headers)).status_code == 404
    looked = await shop.internal.post("/internal/products/lookup", json={"ids": []}, headers=cart)
    assert looked.json() == {"items": []}


async def test_lookup_tells_what_carts_need(shop: Shop) -> None:
    image = {"url": "https://images.example.com/a.jpg", "alt": ""}
    a = await shop.product(stock=5, images=[image])
    b = await shop.product(status="draft")
    await shop.reserve((a, 2))
    ids = [b["id"], new_id(), a["id"]]
    answer = await shop.orders("POST", "/internal/products/lookup", json={"ids": ids})
    first, second = answer.json()["items"]
    assert (first["id"], first["status"], first["image"]) == (b["id"], "draft", None)
    assert second == {
        "id": a["id"],
        "sku": a["sku"],
        "name": a["name"],
        "slug": a["slug"],
        "status": "active",
        "price": a["price"],
        "available": 3,
        "backorder": False,
        "image": "https://images.example.com/a.jpg",
    }
    many = {"ids": [new_id() for _ in range(201)]}
    refused = await shop.orders("POST", "/internal/products/lookup", json=many)
    assert refused.status_code == 422
