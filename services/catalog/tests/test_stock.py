"""Stock as staff see and change it."""

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from shopkit.ids import new_id

from .conftest import Shop
from .invariants import check_invariants

pytestmark = pytest.mark.anyio


async def test_set_and_adjust(shop: Shop) -> None:
    product = await shop.product(stock=5)
    path = f"/api/products/{product['id']}/stock"
    first = await shop.staff("GET", path)
    assert first.json() == {
        "product_id": product["id"],
        "on_hand": 5,
        "reserved": 0,
        "available": 5,
        "state": "low_stock",
        "low_stock_level": None,
        "backorder": False,
        "version": 1,
    }
    body = {"on_hand": 12, "expected": 5, "reason": "counted"}
    changed = await shop.staff("PUT", path, json=body, headers={"If-Match": first.headers["ETag"]})
    assert (changed.status_code, changed.json()["on_hand"]) == (200, 12)
    stale = await shop.staff("PUT", path, json=body, headers={"If-Match": first.headers["ETag"]})
    assert stale.status_code == 412
    other = await shop.staff("PUT", path, json=body)
    assert (other.status_code, other.json()["code"]) == (409, "stock_changed")
    assert other.json()["on_hand"] == 12
    less = await shop.staff("POST", f"{path}/adjust", json={"delta": -2, "reason": "broken"})
    assert less.json()["available"] == 10
    more = {"delta": 5, "reason": "delivery", "kind": "receipt"}
    assert (await shop.staff("POST", f"{path}/adjust", json=more)).json()["on_hand"] == 15
    moves = (await shop.staff("GET", f"{path}/movements")).json()["items"]
    assert [(m["kind"], m["quantity"], m["reason"]) for m in moves] == [
        ("receipt", 5, "delivery"),
        ("adjustment", -2, "broken"),
        ("adjustment", 7, "counted"),
        ("opening", 5, None),
    ]
    await check_invariants(shop)


async def test_e9_never_below_what_is_reserved(shop: Shop) -> None:
    product = await shop.product(stock=5)
    path = f"/api/products/{product['id']}/stock"
    await shop.reserve((product, 3))
    for method, url, body in (
        ("PUT", path, {"on_hand": 2}),
        ("POST", f"{path}/adjust", {"delta": -3, "reason": "r"}),
        ("POST", f"{path}/adjust", {"delta": -30, "reason": "r"}),
    ):
        refused = await shop.staff(method, url, json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "stock_below_reserved")
        assert refused.json()["reserved"] == 3
    assert (await shop.staff("PUT", path, json={"on_hand": 3})).json()["available"] == 0


async def test_refusals_say_what_can_be_done(shop: Shop) -> None:
    product = await shop.product(stock=5)
    await shop.reserve((product, 3))
    for delta, told in (
        (-30, "5 are on hand, and 3 of them are reserved for orders: at most 2 can be taken away."),
        (0, "Say how many to add, or with a minus how many to take away; 0 changes nothing."),
        (10**9, "1000000005 would be on hand; 1000000000 is the most."),
    ):
        path, body = f"/api/products/{product['id']}/stock/adjust", {"delta": delta, "reason": "r"}
        refused = (await shop.staff("POST", path, json=body)).json()
        assert told in [refused["detail"], *(e["detail"] for e in refused.get("errors", []))]


async def test_b5_bad_numbers_are_refused(shop: Shop) -> None:
    product = await shop.product(stock=5)
    path = f"/api/products/{product['id']}/stock"
    for on_hand in (-1, 1.0, "5", True, None, 10**9 + 1, 2**63):
        answer = await shop.staff("PUT", path, json={"on_hand": on_hand})
        assert answer.status_code == 422, on_hand
    for delta in (0, 1.5, "1", True, 10**9):
        body = {"delta": delta, "reason": "r"}
        answer = await shop.staff("POST", f"{path}/adjust", json=body)
        assert answer.status_code == 422, delta
    for body in (
        {"delta": 1},
        {"delta": 1, "reason": " "},
        {"delta": 1, "reason": "r", "kind": "sale"},
        {"delta": -1, "reason": "r", "kind": "receipt"},
    ):
        assert (await shop.staff("POST", f"{path}/adjust", json=body)).status_code == 422
    assert (await shop.stock(product["id"]))["on_hand"] == 5


async def test_a_key_adjusts_once_and_belongs_to_one_product(shop: Shop) -> None:
    a, b = await shop.product(stock=1), await shop.product(stock=1)
    key, body = {"Idempotency-Key": "k"}, {"delta": 1, "reason": "r"}
    path = "/api/products/{}/stock/adjust"
    for _ in range(2):
        answer = await shop.staff("POST", path.format(a["id"]), json=body, headers=key)
        assert answer.json()["on_hand"] == 2
    other = await shop.staff("POST", path.format(b["id"]), json=body, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    refused = {"delta": -5, "reason": "r"}
    again = {"Idempotency-Key": "k2"}
    for _ in range(2):  # a refusal is not stored: it is decided anew
        answer = await shop.staff("POST", path.format(a["id"]), json=refused, headers=again)
        assert answer.status_code == 409


async def test_stock_is_for_staff_with_the_scope(shop: Shop) -> None:
    product = await shop.product(stock=5)
    path = f"/api/products/{product['id']}/stock"
    reader = {"Authorization": shop.tokens.user(scopes=["inventory:read"])}
    editor = {"Authorization": shop.tokens.user(scopes=["products:write"])}
    assert (await shop.guest.get(path)).status_code == 401
    assert (await shop.guest.get(path, headers=editor)).status_code == 403
    assert (await shop.guest.get(path, headers=reader)).status_code == 200
    refused = await shop.guest.put(path, headers=reader, json={"on_hand": 1})
    assert refused.json()["required_scope"] == "inventory:write"
    missing = await shop.staff("GET", f"/api/products/{new_id()}/stock")
    assert missing.status_code == 404


async def test_stock_states(shop: Shop) -> None:
    for stock, state in ((0, "out_of_stock"), (5, "low_stock"), (6, "in_stock")):
        product = await shop.product(stock=stock)
        assert product["stock"] == {"available": stock, "state": state, "backorder": False}


async def test_movements_are_paged(shop: Shop) -> None:
    product = await shop.product(stock=1)
    path = f"/api/products/{product['id']}/stock"
    for delta in (1, 2, 3):
        await shop.staff("POST", f"{path}/adjust", json={"delta": delta, "reason": "r"})
    seen, cursor = [], ""
    while cursor is not None:
        query = "?limit=1" + (f"&cursor={cursor}" if cursor else "")
        page = (await shop.staff("GET", f"{path}/movements{query}")).json()
        seen += [one["quantity"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [3, 2, 1, 1]


async def test_the_ledger_is_append_only(shop: Shop) -> None:
    await shop.product(stock=5)
    for sql in ("UPDATE stock_movements SET quantity = 9", "DELETE FROM stock_movements"):

        def tamper(conn: Connection, sql: str = sql) -> None:
            conn.execute(text(sql))

        with pytest.raises(DBAPIError, match="append-only"):
            await shop.database.run(tamper)
    assert await shop.query("SELECT quantity FROM stock_movements") == [(5,)]


async def test_the_database_itself_refuses_impossible_stock(shop: Shop) -> None:
    await shop.product(stock=5)
    for change in ("reserved = 6", "reserved = -1", "on_hand = -1"):

        def break_it(conn: Connection, change: str = change) -> None:
            conn.execute(text(f"UPDATE stock SET {change}"))

        with pytest.raises(DBAPIError):
            await shop.database.run(break_it)
