"""The category tree."""

import pytest

from shopkit.ids import new_id

from .conftest import Shop

pytestmark = pytest.mark.anyio


async def test_the_tree(shop: Shop) -> None:
    home = await shop.category("Home & Garden")
    lamps = await shop.category("Lamps", home["id"])
    await shop.category("Chairs", home["id"])
    await shop.staff("PATCH", f"/api/categories/{lamps['id']}", json={"position": 5})
    await shop.category("Art")
    answer = await shop.guest.get("/api/categories")
    tree = answer.json()
    assert tree["next_cursor"] is None
    assert [node["slug"] for node in tree["items"]] == ["art", "home-garden"]
    children = tree["items"][1]["children"]
    assert [node["name"] for node in children] == ["Chairs", "Lamps"]
    assert children[0]["parent_id"] == home["id"] and children[0]["children"] == []


async def test_read_change_and_stale_writes(shop: Shop) -> None:
    made = await shop.category("Lamps")
    path = f"/api/categories/{made['id']}"
    by_slug = await shop.guest.get("/api/categories/lamps")
    assert by_slug.json() == made
    tag = by_slug.headers["ETag"]
    assert (await shop.guest.get(path, headers={"If-None-Match": tag})).status_code == 304
    changed = await shop.staff("PUT", path, json={"name": "Lights"}, headers={"If-Match": tag})
    assert (changed.json()["name"], changed.json()["slug"]) == ("Lights", "lamps")
    for method, kwargs in (("PATCH", {"json": {"name": "X"}}), ("DELETE", {})):
        stale = await shop.staff(method, path, headers={"If-Match": tag}, **kwargs)
        assert stale.status_code == 412
    assert (await shop.guest.get(f"/api/categories/{new_id()}")).status_code == 404


async def test_slugs_are_unique(shop: Shop) -> None:
    await shop.category("Lamps")
    assert (await shop.category("Lamps"))["slug"] == "lamps-2"
    body = {"name": "Other", "slug": "lamps"}
    taken = await shop.staff("POST", "/api/categories", json=body)
    assert (taken.status_code, taken.json()["code"]) == (409, "slug_taken")


async def test_no_cycles_and_no_bottomless_trees(shop: Shop) -> None:
    top = await shop.category("0")
    parent = top
    chain = [top]
    for depth in range(1, 12):
        parent = await shop.category(str(depth), parent["id"])
        chain.append(parent)
    for below in (chain[0], chain[1], chain[11]):
        body = {"parent_id": below["id"]}
        refused = await shop.staff("PATCH", f"/api/categories/{top['id']}", json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "category_cycle")
    body = {"name": "13th", "parent_id": parent["id"]}
    deep = await shop.staff("POST", "/api/categories", json=body)
    assert (deep.status_code, deep.json()["code"]) == (409, "category_too_deep")
    other = await shop.category("Other")
    moved = await shop.staff(
        "PATCH", f"/api/categories/{top['id']}", json={"parent_id": other["id"]}
    )
    assert moved.json()["code"] == "category_too_deep"
    unknown = await shop.staff("POST", "/api/categories", json=body | {"parent_id": new_id()})
    assert unknown.status_code == 422
    assert unknown.json()["errors"][0]["pointer"] == "/parent_id"


async def test_only_empty_categories_are_deleted(shop: Shop) -> None:
    top = await shop.category("Top")
    leaf = await shop.category("Leaf", top["id"])
    product = await shop.product(category_ids=[leaf["id"]], status="draft")
    for one in (top, leaf):
        refused = await shop.staff("DELETE", f"/api/categories/{one['id']}")
        assert (refused.status_code, refused.json()["code"]) == (409, "category_not_empty")
    await shop.staff("PATCH", f"/api/products/{product['id']}", json={"category_ids": []})
    for one in (leaf, top):
        assert (await shop.staff("DELETE", f"/api/categories/{one['id']}")).status_code == 204


async def test_products_move_with_their_category(shop: Shop) -> None:
    old, new = await shop.category("Old"), await shop.category("New")
    leaf = await shop.category("Leaf", old["id"])
    await shop.product(name="both", category_ids=[leaf["id"], new["id"]])
    await shop.product(name="one", category_ids=[leaf["id"]])
    await shop.staff("PATCH", f"/api/categories/{leaf['id']}", json={"parent_id": new["id"]})
    assert await shop.listed(category="old") == []
    assert len(await shop.listed(category="new")) == 2
    await shop.staff("PATCH", f"/api/categories/{leaf['id']}", json={"parent_id": None})
    assert [one["name"] for one in await shop.listed(category="new")] == ["both"]
    assert len(await shop.listed(category="leaf")) == 2


async def test_changed_prices_and_names_are_sorted_anew(shop: Shop) -> None:
    top = await shop.category("Top")
    leaf = await shop.category("Leaf", top["id"])
    made = [await shop.product(name=name, category_ids=[leaf["id"]]) for name in "abc"]
    for product, amount, name in zip(made, (30, 10, 20), ("y", "z", "x"), strict=True):
        body = {"price": {"amount": amount, "currency": "USD"}}
        await shop.staff("PATCH", f"/api/products/{product['id']}", json=body)
        await shop.staff("PATCH", f"/api/products/{product['id']}", json={"name": name})
    for sort, names in (("price", "zxy"), ("-price", "yxz"), ("name", "xyz"), ("-name", "zyx")):
        seen, cursor = "", ""
        while cursor is not None:
            query = f"category=top&sort={sort}&limit=2" + (f"&cursor={cursor}" if cursor else "")
            page = (await shop.guest.get(f"/api/products?{query}")).json()
            seen += "".join(one["name"] for one in page["items"])
            cursor = page["next_cursor"]
        assert seen == names, sort


async def test_products_name_categories_that_exist(shop: Shop) -> None:
    there = await shop.category("There")
    body = {
        "sku": "x",
        "name": "x",
        "price": {"amount": 1, "currency": "USD"},
        "category_ids": [there["id"], new_id()],
    }
    refused = await shop.staff("POST", "/api/products", json=body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/category_ids/1"
    twice = await shop.product(category_ids=[there["id"], there["id"]])
    assert twice["category_ids"] == [there["id"]]


async def test_writes_need_their_scope(shop: Shop) -> None:
    editor = {"Authorization": shop.tokens.user(scopes=["products:write"])}
    refused = await shop.guest.post("/api/categories", json={"name": "x"}, headers=editor)
    assert refused.json()["required_scope"] == "categories:write"
