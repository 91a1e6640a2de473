"""Many at once: nothing is oversold, nobody waits in a circle."""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection

from catalog.groups import patch_group
from catalog.products import patch_product
from catalog.repository.groups import lock_group
from catalog.reservations import release
from catalog.returns import take_back
from catalog.schemas.groups import GroupPatch
from catalog.schemas.internal import ReturnInput
from catalog.schemas.products import ProductPatch
from catalog.worker import Sweeper
from shopkit.audit import SYSTEM
from shopkit.ids import new_id
from shopkit.postgres import postgres_engine

from .conftest import Shop
from .invariants import check_invariants

pytestmark = pytest.mark.anyio
WAITING = (
    "SELECT pid FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
FREE_PRODUCTS = "SELECT id FROM products FOR UPDATE SKIP LOCKED"


async def test_e1_the_last_units_are_sold_once(shop: Shop) -> None:
    product = await shop.product(stock=10)
    answers = await asyncio.gather(*(shop.reserve((product, 1)) for _ in range(50)))
    assert Counter(one.status_code for one in answers) == {200: 10, 409: 40}
    assert {one.json()["code"] for one in answers if one.status_code == 409} == {
        "insufficient_stock"
    }
    assert (await shop.stock(product["id"]))["available"] == 0
    await check_invariants(shop)


async def test_e3_opposite_orders_of_lines_do_not_deadlock(shop: Shop) -> None:
    a, b = await shop.product(stock=200), await shop.product(stock=200)
    pairs = [((a, 1), (b, 1)) if i % 2 else ((b, 1), (a, 1)) for i in range(60)]
    answers = await asyncio.gather(*(shop.reserve(*pair) for pair in pairs))
    assert {one.status_code for one in answers} == {200}
    assert (await shop.stock(a["id"]))["reserved"] == 60
    await check_invariants(shop)


async def test_one_order_sent_many_times_reserves_once(shop: Shop) -> None:
    product = await shop.product(stock=10)
    order_id = new_id()
    answers = await asyncio.gather(
        *(shop.reserve((product, 3), order_id=order_id) for _ in range(20))
    )
    assert {one.status_code for one in answers} == {200}
    assert len({one.text for one in answers}) == 1
    assert (await shop.stock(product["id"]))["reserved"] == 3


async def test_expiry_and_commit_one_wins(shop: Shop) -> None:
    product = await shop.product(stock=40)
    orders = [new_id() for _ in range(20)]
    for order_id in orders:
        await shop.reserve((product, 2), order_id=order_id, ttl=1)
    shop.clock.advance(seconds=2)
    commits = [shop.orders("POST", f"/internal/reservations/{id_}/commit") for id_ in orders]
    sweepers = [Sweeper(shop.database, shop.clock).drain() for _ in range(3)]
    *answers, _, _, _ = await asyncio.gather(*commits, *sweepers)
    sold = sum(one.status_code == 200 for one in answers)  # type: ignore[union-attr]
    assert {one.status_code for one in answers} <= {200, 410}  # type: ignore[union-attr]
    stock = await shop.stock(product["id"])
    assert (stock["on_hand"], stock["reserved"]) == (40 - 2 * sold, 0)
    await check_invariants(shop)


async def test_everything_at_once_keeps_the_invariants(shop: Shop) -> None:
    chance = random.Random(7)
    products = [await shop.product(stock=30) for _ in range(3)]
    orders = [new_id() for _ in range(15)]

    async def act(number: int) -> int:
        order_id, pick = chance.choice(orders), chance.random()
        path = f"/internal/reservations/{order_id}"
        if pick < 0.4:
            lines = [(p, orders.index(order_id) % 3 + 1) for p in chance.sample(products, 2)]
            return (await shop.reserve(*lines, order_id=order_id)).status_code
        if pick < 0.6:
            return (await shop.orders("POST", f"{path}/commit")).status_code
        if pick < 0.8:
            return (await shop.orders("POST", f"{path}/release")).status_code
        stock = f"/api/products/{chance.choice(products)['id']}/stock"
        body = {"delta": chance.choice([-3, 5]), "reason": f"r{number}"}
        return (await shop.staff("POST", f"{stock}/adjust", json=body)).status_code

    statuses = Counter(await asyncio.gather(*(act(n) for n in range(150))))
    assert set(statuses) <= {200, 404, 409, 410, 422}, statuses
    await check_invariants(shop)


async def test_e9_stock_is_never_set_below_what_is_reserved(shop: Shop) -> None:
    product = await shop.product(stock=10)
    path = f"/api/products/{product['id']}/stock"
    sets = [shop.staff("PUT", path, json={"on_hand": 5}) for _ in range(10)]
    holds = [shop.reserve((product, 1)) for _ in range(10)]
    answers = await asyncio.gather(*[x for pair in zip(sets, holds, strict=True) for x in pair])
    assert {one.status_code for one in answers} <= {200, 409}
    await check_invariants(shop)


async def test_one_name_many_times_at_once_makes_distinct_slugs(shop: Shop) -> None:
    made = await asyncio.gather(*(shop.product(name="Same name") for _ in range(20)))
    assert len({one["slug"] for one in made}) == 20


async def test_one_sku_many_times_at_once_makes_one_product(shop: Shop) -> None:
    body = {"sku": "one", "name": "x", "price": {"amount": 1, "currency": "USD"}}
    answers = await asyncio.gather(
        *(shop.staff("POST", "/api/products", json=body | {"slug": f"s{n}"}) for n in range(10))
    )
    assert Counter(one.status_code for one in answers) == {201: 1, 409: 9}


async def test_one_key_many_times_at_once_adjusts_once(shop: Shop) -> None:
    product = await shop.product(stock=1)
    path, body = f"/api/products/{product['id']}/stock/adjust", {"delta": 5, "reason": "r"}
    key = {"Idempotency-Key": "once"}
    answers = await asyncio.gather(
        *(shop.staff("POST", path, json=body, headers=key) for _ in range(20))
    )
    assert {one.status_code for one in answers} == {200}
    assert (await shop.stock(product["id"]))["on_hand"] == 6


async def test_categories_never_form_a_cycle(shop: Shop) -> None:
    a, b = await shop.category("A"), await shop.category("B")
    moves = [(a, b), (b, a)] * 5
    answers = await asyncio.gather(
        *(
            shop.staff("PATCH", f"/api/categories/{x['id']}", json={"parent_id": y["id"]})
            for x, y in moves
        )
    )
    assert {one.status_code for one in answers} <= {200, 409}
    tree = (await shop.guest.get("/api/categories")).json()["items"]
    assert len(tree) == 1 and len(tree[0]["children"]) == 1


async def test_products_follow_categories_that_move_meanwhile(shop: Shop) -> None:
    old, new, leaf = [await shop.category(name) for name in ("Old", "New", "Leaf")]
    path = f"/api/categories/{leaf['id']}"
    moves = [
        shop.staff("PATCH", path, json={"parent_id": (old if n % 2 else new)["id"]})
        for n in range(6)
    ]
    adds = [shop.product(category_ids=[leaf["id"]]) for _ in range(6)]
    await asyncio.gather(*moves, *adds)
    parent = (await shop.guest.get(path)).json()["parent_id"]
    assert len(await shop.listed(category=parent)) == 6
    other = ({old["id"], new["id"]} - {parent}).pop()
    assert await shop.listed(category=other) == []


@asynccontextmanager
async def uncommitted(url: str, change: Callable[[Connection], Any]) -> AsyncIterator[None]:
    """Meanwhile a transaction of another process has made `change`, and is not over."""
    engine = postgres_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(change)
            yield
    finally:
        await engine.dispose()


@pytest.mark.skipif("TEST_POSTGRES_URL" not in os.environ, reason="SQLite has one writer")
async def test_a_product_that_is_being_changed_is_sold_all_the_same(
    shop: Shop, database_url: str
) -> None:
    """What refers to a product (a reservation, its stock) needs its key only, which stays."""
    group = await shop.group(varies_by=["size", "colour"])
    options = {"size": "M", "colour": "red"}
    product = await shop.product(stock=5, group_id=group["id"], options=options)
    more: Any = {"if_match": None, "now": shop.clock.now(), "low_stock": 5, "by": SYSTEM}

    def describe(conn: Connection) -> None:
        patch_product(conn, id=product["id"], payload=ProductPatch(description="new"), **more)

    def reorder(conn: Connection) -> None:
        payload = GroupPatch(varies_by=["colour", "size"])
        patch_group(conn, id=group["id"], payload=payload, **more)

    for change in (describe, reorder):
        async with uncommitted(database_url, change):
            assert (await shop.reserve((product, 1))).status_code == 200
    assert (await shop.stock(product["id"]))["reserved"] == 2
    shown = (await shop.guest.get(f"/api/products/{product['id']}")).json()
    assert (shown["description"], shown["group"]["varies_by"]) == ("new", ["colour", "size"])
    await check_invariants(shop)


@pytest.mark.skipif("TEST_POSTGRES_URL" not in os.environ, reason="SQLite has one writer")
async def test_a_return_waits_for_the_release_of_its_order(shop: Shop, database_url: str) -> None:
    """And a release for a return: otherwise both would put the same pieces back."""
    product, orders = await shop.product(stock=9), [new_id(), new_id()]
    for order_id in orders:
        await shop.reserve((product, 2), order_id=order_id)
        await shop.orders("POST", f"/internal/reservations/{order_id}/commit")
    released, returned = orders
    line = {"product_id": product["id"], "quantity": 1}
    payload = ReturnInput.model_validate({"order_id": returned, "lines": [line]})
    now = shop.clock.now()
    meanwhile = [
        (partial(release, order_id=released, now=now), shop.take_back(released, (product, 1))),
        (
            partial(take_back, return_id=new_id(), payload=payload, now=now),
            shop.orders("POST", f"/internal/reservations/{returned}/release"),
        ),
    ]
    statuses = []
    for change, call in meanwhile:
        async with uncommitted(database_url, change):
            waiting = asyncio.create_task(call)
            while not waiting.done() and not await shop.query(WAITING):
                await asyncio.sleep(0.01)
        statuses.append((await waiting).status_code)
    assert statuses == [409, 200]
    assert (await shop.stock(product["id"]))["on_hand"] == 9
    await check_invariants(shop)


@pytest.mark.skipif("TEST_POSTGRES_URL" not in os.environ, reason="SQLite has one writer")
async def test_variants_wait_for_their_group_before_they_are_locked(
    shop: Shop, database_url: str
) -> None:
    """As groups do, which then lock their variants: nobody waits in a circle."""
    group, other = await shop.group(), await shop.group()
    product = await shop.product(group_id=group["id"], options={"size": "M"})
    path = f"/api/products/{product['id']}"
    moves: Any = [(group, {"options": {"size": "L"}}), (other, {"group_id": other["id"]})]
    for busy, move in moves:
        async with uncommitted(database_url, partial(lock_group, id=busy["id"])):
            assert (await shop.staff("PATCH", path, json={"name": "Other"})).status_code == 200
            waiting = asyncio.create_task(shop.staff("PATCH", path, json=move))
            while not await shop.query(WAITING):
                await asyncio.sleep(0.01)
            assert await shop.query(FREE_PRODUCTS), "locked before its group"
        assert (await waiting).status_code == 200
    assert (await waiting).json()["group"]["id"] == other["id"]
