"""Slugs keep working after a rename, and products follow a category that moves."""

from typing import Any

import pytest
from sqlalchemy import Connection

from catalog import categories
from catalog.repository.refiling import refile_next
from catalog.worker import Filer

from .conftest import Shop

pytestmark = pytest.mark.anyio


async def made(shop: Shop, kind: str, name: str) -> dict[str, Any]:
    if kind == "products":
        return await shop.product(name=name)
    if kind == "categories":
        return await shop.category(name)
    group = await shop.group(name=name)
    await shop.product(group_id=group["id"], options={"size": "M"})  # else it is for staff only
    return group


async def rename(shop: Shop, kind: str, one: dict[str, Any], slug: str) -> None:
    answer = await shop.staff("PATCH", f"/api/{kind}/{one['id']}", json={"slug": slug})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("kind", ["products", "categories", "product-groups"])
class TestSlugsOfBefore:
    async def test_lead_to_the_one_of_today(self, shop: Shop, kind: str) -> None:
        one = await made(shop, kind, "Lamp")
        for slug in ("light", "lantern"):
            await rename(shop, kind, one, slug)
        for old in ("lamp", "light"):
            answer = await shop.guest.get(f"/api/{kind}/{old}")
            assert answer.status_code == 301
            assert answer.headers["Location"] == f"/api/{kind}/lantern"
            assert "s-maxage=1" in answer.headers["Cache-Control"]
        assert (await shop.guest.get(f"/api/{kind}/lantern")).json()["id"] == one["id"]
        assert (await shop.guest.get(f"/api/{kind}/never")).status_code == 404

    async def test_the_way_back(self, shop: Shop, kind: str) -> None:
        one = await made(shop, kind, "Lamp")
        await rename(shop, kind, one, "light")
        await rename(shop, kind, one, "lamp")
        assert (await shop.guest.get(f"/api/{kind}/lamp")).status_code == 200
        assert (await shop.guest.get(f"/api/{kind}/light")).status_code == 301

    async def test_are_lost_to_who_asks_for_them_by_name(self, shop: Shop, kind: str) -> None:
        one = await made(shop, kind, "Lamp")
        await rename(shop, kind, one, "light")
        unasked = await made(shop, kind, "Lamp")
        assert unasked["slug"] == "lamp-2"  # nobody's link is taken without need
        await rename(shop, kind, unasked, "lamp")
        assert (await shop.guest.get(f"/api/{kind}/lamp")).json()["id"] == unasked["id"]
        await rename(shop, kind, unasked, "new")
        answer = await shop.guest.get(f"/api/{kind}/lamp")
        assert answer.headers["Location"] == f"/api/{kind}/new"

    async def test_end_with_what_they_led_to(self, shop: Shop, kind: str) -> None:
        one = await made(shop, kind, "Lamp")
        await rename(shop, kind, one, "light")
        await shop.staff("DELETE", f"/api/{kind}/{one['id']}")
        assert (await shop.guest.get(f"/api/{kind}/lamp")).status_code == 404
        assert await shop.query("SELECT slug FROM old_slugs") == []
        assert (await made(shop, kind, "Lamp"))["slug"] == "lamp"


async def test_drafts_are_not_told_of_by_their_old_slugs(shop: Shop) -> None:
    draft = await shop.product(name="Secret", status="draft")
    await rename(shop, "products", draft, "more-secret")
    assert (await shop.guest.get("/api/products/secret")).status_code == 404
    answer = await shop.staff("GET", "/api/products/secret")
    assert (answer.status_code, answer.headers["Location"]) == (301, "/api/products/more-secret")


async def test_lists_take_slugs_of_before(shop: Shop) -> None:
    lamps, group = await shop.category("Lamps"), await shop.group(name="Lamp")
    one = await shop.product(
        category_ids=[lamps["id"]], group_id=group["id"], options={"size": "M"}
    )
    await rename(shop, "categories", lamps, "lights")
    await rename(shop, "product-groups", group, "light")
    for filters in ({"category": "lamps"}, {"category": "lights"}, {"group": "lamp"}):
        assert [found["id"] for found in await shop.listed(**filters)] == [one["id"]]


async def ids(shop: Shop, category: str) -> set[str]:
    return {one["id"] for one in await shop.listed(category=category)}


async def test_a_large_subtree_moves_in_batches(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(categories, "MOVED_AT_ONCE", 2)
    old, new = await shop.category("Old"), await shop.category("New")
    leaf = await shop.category("Leaf", old["id"])
    products = [await shop.product(category_ids=[leaf["id"]]) for _ in range(5)]
    everything = {one["id"] for one in products}
    await shop.staff("PATCH", f"/api/categories/{leaf['id']}", json={"parent_id": new["id"]})
    assert await ids(shop, "new") == {one["id"] for one in products[:2]}
    assert await ids(shop, "old") == {one["id"] for one in products[2:]}
    assert await ids(shop, "leaf") == everything
    await shop.database.run(refile_next, limit=2)
    assert len(await ids(shop, "new")) == 4
    await Filer(shop.database).drain()
    assert await ids(shop, "new") == everything and await ids(shop, "old") == set()
    assert await shop.query("SELECT category_id FROM refilings") == []


async def test_a_second_move_and_changes_meanwhile_are_not_undone(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(categories, "MOVED_AT_ONCE", 1)
    tops = [await shop.category(name) for name in ("One", "Two", "Three")]
    leaf = await shop.category("Leaf", tops[0]["id"])
    products = [await shop.product(category_ids=[leaf["id"]]) for _ in range(3)]
    for top in tops[1:]:
        await shop.staff("PATCH", f"/api/categories/{leaf['id']}", json={"parent_id": top["id"]})
    path = f"/api/products/{products[2]['id']}"
    await shop.staff("PATCH", path, json={"category_ids": []})
    await shop.staff("PATCH", f"/api/products/{products[1]['id']}", json={"name": "Other"})
    await Filer(shop.database).drain()
    moved = {one["id"] for one in products[:2]}
    assert [await ids(shop, top["slug"]) for top in tops] == [set(), set(), moved]


async def test_a_slug_is_looked_up_by_an_index(shop: Shop) -> None:
    """The filter by a slug, of today or before, is a range of an index all the same."""

    def plan(conn: Connection) -> str:
        sql = (
            "EXPLAIN QUERY PLAN SELECT product_seq FROM product_categories WHERE category_id = "
            "coalesce((SELECT id FROM categories WHERE slug = 'x'), (SELECT target_id FROM "
            "old_slugs WHERE kind = 'category' AND slug = 'x')) ORDER BY product_seq DESC"
        )
        return " ".join(str(row[3]) for row in conn.exec_driver_sql(sql))

    if shop.database.dialect == "postgresql":
        pytest.skip("PostgreSQL plans by how many rows there are")
    found = await shop.database.read(plan)
    assert "SEARCH product_categories USING PRIMARY KEY (category_id=?)" in found
    assert "TEMP B-TREE" not in found
