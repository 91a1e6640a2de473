"""Products of which more may be sold than there is, levels of stock, and what is low."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from shopkit.ids import new_id

from .conftest import Shop
from .invariants import check_invariants

pytestmark = pytest.mark.anyio


async def patch(shop: Shop, product: dict[str, Any], **body: Any) -> Any:
    return await shop.staff("PATCH", f"/api/products/{product['id']}/stock", json=body)


async def commit(shop: Shop, order_id: str) -> int:
    path = f"/internal/reservations/{order_id}/commit"
    return (await shop.orders("POST", path)).status_code


async def numbers(shop: Shop, product: dict[str, Any]) -> tuple[int, int, int]:
    await check_invariants(shop)
    stock = await shop.stock(product["id"])
    return stock["on_hand"], stock["reserved"], stock["available"]


async def shown(shop: Shop, product: dict[str, Any]) -> dict[str, Any]:
    answer = await shop.guest.get(f"/api/products/{product['id']}")
    return dict(answer.json()["stock"])


async def test_backorder_sells_more_than_there_is_until_goods_come(shop: Shop) -> None:
    tea, orders = await shop.product(stock=2), [new_id(), new_id()]
    assert (await shop.reserve((tea, 3))).status_code == 409
    assert (await patch(shop, tea, backorder=True)).json()["backorder"] is True
    for order_id in orders:
        assert (await shop.reserve((tea, 3), order_id=order_id)).status_code == 200
    assert await numbers(shop, tea) == (2, 6, -4)
    assert await shown(shop, tea) == {"available": 0, "state": "out_of_stock", "backorder": True}
    assert await commit(shop, orders[0]) == 200
    assert await numbers(shop, tea) == (-1, 3, -4)
    assert (await shop.take_back(orders[0], (tea, 1))).status_code == 200
    await shop.orders("POST", f"/internal/reservations/{orders[1]}/release")
    assert await numbers(shop, tea) == (0, 0, 0)
    await shop.orders("POST", f"/internal/reservations/{orders[0]}/release")
    assert await numbers(shop, tea) == (2, 0, 2)


async def test_backorder_ends_only_when_nothing_is_owed(shop: Shop) -> None:
    tea, path = await shop.product(stock=2), "/api/products/{}/stock/adjust"
    await patch(shop, tea, backorder=True)
    await shop.reserve((tea, 5))
    refused = await patch(shop, tea, backorder=False)
    assert (refused.status_code, refused.json()["code"]) == (409, "backorder_in_use")
    assert refused.json()["short"] == 3 and "3 more" in refused.json()["detail"]
    came = {"delta": 3, "reason": "delivery", "kind": "receipt"}
    await shop.staff("POST", path.format(tea["id"]), json=came)
    assert (await patch(shop, tea, backorder=False)).status_code == 200
    assert (await shop.reserve((tea, 1))).status_code == 409
    assert await numbers(shop, tea) == (5, 5, 0)


async def test_backorder_that_ends_while_many_buy_leaves_nothing_owed(shop: Shop) -> None:
    tea = await shop.product(stock=4)
    await patch(shop, tea, backorder=True)
    ends = [patch(shop, tea, backorder=False) for _ in range(5)]
    buys = [shop.reserve((tea, 1)) for _ in range(20)]
    answers = await asyncio.gather(*buys[:8], *ends, *buys[8:])
    assert set(Counter(one.status_code for one in answers)) <= {200, 409}
    on_hand, reserved, _ = await numbers(shop, tea)
    assert (await shop.stock(tea["id"]))["backorder"] or reserved <= on_hand


async def test_the_database_itself_refuses_to_owe_without_backorder(shop: Shop) -> None:
    tea = await shop.product(stock=1)
    await patch(shop, tea, backorder=True)
    await shop.reserve((tea, 2))

    def tamper(conn: Connection) -> None:
        conn.execute(text("UPDATE stock SET backorder = (1 = 0)"))

    with pytest.raises(DBAPIError):
        await shop.database.run(tamper)


async def test_a_count_says_what_is_there_and_may_be_compared_with_what_is_owed(
    shop: Shop,
) -> None:
    tea, order_id = await shop.product(stock=1), new_id()
    await patch(shop, tea, backorder=True)
    await shop.reserve((tea, 4), order_id=order_id)
    await commit(shop, order_id)
    path = f"/api/products/{tea['id']}/stock"
    body = {"on_hand": 7, "expected": -3, "kind": "correction", "reason": "typing error"}
    assert (await shop.staff("PUT", path, json=body)).status_code == 200
    (newest, *_) = (await shop.staff("GET", f"{path}/movements")).json()["items"]
    assert (newest["kind"], newest["quantity"]) == ("correction", 10)
    less = {"delta": -9, "reason": "was counted twice", "kind": "correction"}
    assert (await shop.staff("POST", f"{path}/adjust", json=less)).json()["on_hand"] == -2
    assert await numbers(shop, tea) == (-2, 0, -2)


async def test_a_key_sets_once(shop: Shop) -> None:
    tea, key = await shop.product(stock=1), {"Idempotency-Key": "count"}
    path = f"/api/products/{tea['id']}/stock"
    first = await shop.staff("PUT", path, json={"on_hand": 9}, headers=key)
    await shop.staff("PUT", path, json={"on_hand": 4})
    again = await shop.staff("PUT", path, json={"on_hand": 9}, headers=key)
    assert again.headers["Idempotent-Replayed"] == "true" and again.json() == first.json()
    assert again.headers["ETag"] == first.headers["ETag"]
    assert await numbers(shop, tea) == (4, 0, 4)
    other = await shop.staff("PUT", path, json={"on_hand": 5}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_level_of_its_own_says_when_it_is_low(shop: Shop) -> None:
    tea = await shop.product(stock=8)
    product = f"/api/products/{tea['id']}"
    tag = (await shop.guest.get(product)).headers["ETag"]
    assert (await patch(shop, tea, low_stock_level=10)).json()["state"] == "low_stock"
    assert (await shown(shop, tea))["state"] == "low_stock"
    known = {"If-None-Match": tag}
    assert (await shop.guest.get(product, headers=known)).status_code == 200
    await patch(shop, tea, low_stock_level=0)
    assert (await shown(shop, tea))["state"] == "in_stock"
    again = await patch(shop, tea, low_stock_level=None)
    assert again.json()["low_stock_level"] is None
    unchanged = await patch(shop, tea)
    assert unchanged.headers["ETag"] == again.headers["ETag"]
    stale = await shop.staff(
        "PATCH", f"{product}/stock", json={"backorder": True}, headers={"If-Match": '"1"'}
    )
    assert stale.status_code == 412


async def test_bad_terms_are_refused(shop: Shop) -> None:
    tea = await shop.product(stock=8)
    for body in (
        {"low_stock_level": -1},
        {"low_stock_level": 10**6 + 1},
        {"low_stock_level": "5"},
        {"backorder": None},
        {"backorder": 1},
        {"on_hand": 3},
    ):
        assert (await patch(shop, tea, **body)).status_code == 422, body
    reader = {"Authorization": shop.tokens.user(scopes=["inventory:read"])}
    path = f"/api/products/{tea['id']}/stock"
    refused = await shop.guest.patch(path, headers=reader, json={"backorder": True})
    assert refused.json()["required_scope"] == "inventory:write"


async def listed(shop: Shop, query: str) -> list[str]:
    skus: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await shop.staff("GET", f"/api/stock?{query}{cursor and '&cursor='}{cursor}")
        assert page.status_code == 200, page.text
        skus += [item["sku"] for item in page.json()["items"]]
        cursor = page.json()["next_cursor"]
    return skus


async def test_staff_list_what_is_low_and_what_is_out(shop: Shop) -> None:
    stocks = {"none": 0, "few": 5, "enough": 6, "own": 30, "calm": 3, "owed": 0}
    made = {sku: await shop.product(sku=sku, stock=number) for sku, number in stocks.items()}
    for status in ("draft", "archived"):
        await shop.product(status=status)
    gone = await shop.product()
    await shop.staff("DELETE", f"/api/products/{gone['id']}")
    await patch(shop, made["own"], low_stock_level=30)
    await patch(shop, made["calm"], low_stock_level=2)
    await patch(shop, made["owed"], backorder=True)
    await shop.reserve((made["owed"], 2))
    assert await listed(shop, "state=low_stock&limit=1") == ["few", "own"]
    assert await listed(shop, "state=out_of_stock&limit=1") == ["none", "owed"]
    (_, owed) = (await shop.staff("GET", "/api/stock?state=out_of_stock")).json()["items"]
    assert owed == {**await shop.stock(made["owed"]["id"]), "sku": "owed", "name": "Thing"}
    assert owed["available"] == -2
    assert (await shop.guest.get("/api/stock?state=low_stock")).status_code == 401
    assert (await shop.staff("GET", "/api/stock")).status_code == 422
    low = await shop.listed(in_stock="false")
    assert sorted(one["sku"] for one in low) == ["none", "owed"]
