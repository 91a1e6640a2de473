"""Product groups and their variants."""

from typing import Any

import pytest

from shopkit.ids import new_id

from .conftest import Shop

pytestmark = pytest.mark.anyio
BODY = {"sku": "v", "name": "Shirt", "price": {"amount": 1, "currency": "USD"}}


async def test_a_group_with_variants(shop: Shop) -> None:
    group = await shop.group(varies_by=["size", "color"])
    options = [{"color": "blue", "size": size} for size in ("S", "M")]
    variants = [await shop.product(group_id=group["id"], options=o) for o in options]
    assert variants[0]["group"].pop("variants")[0]["sku"] == variants[0]["sku"]
    assert variants[0]["group"] == {
        "id": group["id"],
        "varies_by": ["size", "color"],
        "options": {"size": "S", "color": "blue"},
    }
    del variants[1]["group"]["variants"]
    for ref in (group["id"], "shirt"):
        shown = (await shop.guest.get(f"/api/product-groups/{ref}")).json()
        assert shown["variants"] == variants
    found = (await shop.guest.get("/api/product-groups?slug=shirt&count=true")).json()
    assert (found["total"], [one["id"] for one in found["items"]]) == (1, [group["id"]])
    assert (await shop.guest.get("/api/product-groups?slug=none")).json()["items"] == []
    assert [one["sku"] for one in await shop.listed(q="blue m")] == [variants[1]["sku"]]


async def test_options_must_match_and_be_unique(shop: Shop) -> None:
    group = await shop.group(varies_by=["size", "color"])
    await shop.product(group_id=group["id"], options={"size": "M", "color": "red"})
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"size": "M"}, 422, "/options"),
        ({"size": "M", "color": "red", "cut": "slim"}, 422, "/options"),
        ({"size": "m", "color": " RED "}, 409, "variant_taken"),
        ({"size": "L", "color": "red"}, 201, ""),
    ]
    for number, (options, status, code) in enumerate(cases):
        body = BODY | {"group_id": group["id"], "options": options, "sku": f"v{number}"}
        answer = await shop.staff("POST", "/api/products", json=body)
        assert answer.status_code == status, options
        if status == 409:
            assert answer.json()["code"] == code
        elif status == 422:
            assert answer.json()["errors"][0]["pointer"] == code
    lone = await shop.staff("POST", "/api/products", json=BODY | {"options": {"size": "M"}})
    assert lone.status_code == 422
    unknown = BODY | {"group_id": new_id(), "options": {}}
    refused = await shop.staff("POST", "/api/products", json=unknown)
    assert refused.json()["errors"][0]["pointer"] == "/group_id"


async def test_products_join_and_leave(shop: Shop) -> None:
    group = await shop.group()
    product = await shop.product()
    path = f"/api/products/{product['id']}"
    joined = await shop.staff(
        "PATCH", path, json={"group_id": group["id"], "options": {"size": "M"}}
    )
    assert joined.json()["group"]["options"] == {"size": "M"}
    changed = await shop.staff("PATCH", path, json={"options": {"size": "L"}})
    assert changed.json()["group"]["options"] == {"size": "L"}
    left = await shop.staff("PATCH", path, json={"group_id": None})
    assert left.json()["group"] is None
    assert (await shop.staff("GET", "/api/product-groups/shirt")).json()["variants"] == []


async def test_inactive_variants_are_for_staff(shop: Shop) -> None:
    group = await shop.group()
    for size, status in (("M", "draft"), ("L", "active")):
        options = {"group_id": group["id"], "options": {"size": size}}
        await shop.product(**options, status=status)
    path = f"/api/product-groups/{group['id']}"
    assert len((await shop.guest.get(path)).json()["variants"]) == 1
    assert len((await shop.staff("GET", path)).json()["variants"]) == 2


async def test_groups_with_nothing_to_be_seen_are_for_staff(shop: Shop) -> None:
    group = await shop.group(name="Secret", slug="secret")
    await shop.group(name="Empty")
    options = {"group_id": group["id"], "options": {"size": "M"}}
    variant = await shop.product(**options, status="draft")
    public, path = "/api/product-groups?count=true", f"/api/product-groups/{group['id']}"
    page = (await shop.guest.get(public)).json()
    assert (page["items"], page["total"]) == ([], 0)
    assert (await shop.staff("GET", public)).json()["total"] == 2
    for slug in ("secret", "hidden"):
        await shop.staff("PATCH", path, json={"slug": slug})
        for ref in (group["id"], "secret", "hidden", "empty"):
            answer = await shop.guest.get(f"/api/product-groups/{ref}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), ref
        assert (await shop.staff("GET", path)).status_code == 200
    await shop.staff("PATCH", f"/api/products/{variant['id']}", json={"status": "active"})
    assert (await shop.guest.get(path)).status_code == 200
    page = (await shop.guest.get(public)).json()
    assert ([one["name"] for one in page["items"]], page["total"]) == (["Secret"], 1)


async def test_changing_a_group(shop: Shop) -> None:
    group = await shop.group(varies_by=["size", "color"])
    path = f"/api/product-groups/{group['id']}"
    options = {"size": "M", "color": "red"}
    variant = await shop.product(group_id=group["id"], options=options)
    tag = (await shop.guest.get(path)).headers["ETag"]
    body = {"varies_by": ["color", "size"], "name": "Tee"}
    changed = await shop.staff("PATCH", path, json=body, headers={"If-Match": tag})
    assert changed.status_code == 200
    shown = changed.json()["variants"][0]
    assert list(shown["group"]["options"]) == shown["group"]["varies_by"] == ["color", "size"]
    assert shown["version"] == variant["version"] + 1
    stale = await shop.staff("PATCH", path, json=body, headers={"If-Match": tag})
    assert stale.status_code == 412
    refused = await shop.staff("PATCH", path, json={"varies_by": ["size", "cut"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "varies_by_in_use")


async def test_the_etag_follows_the_variants(shop: Shop) -> None:
    group = await shop.group()
    variant = await shop.product(group_id=group["id"], options={"size": "M"}, stock=3)
    path = f"/api/product-groups/{group['id']}"
    tag = {"If-None-Match": (await shop.guest.get(path)).headers["ETag"]}
    assert (await shop.guest.get(path, headers=tag)).status_code == 304
    await shop.reserve((variant, 1))
    assert (await shop.guest.get(path, headers=tag)).status_code == 200


async def test_deleting_a_group_leaves_its_products(shop: Shop) -> None:
    group = await shop.group()
    variant = await shop.product(group_id=group["id"], options={"size": "Medium"}, name="Tee")
    assert (await shop.staff("DELETE", f"/api/product-groups/{group['id']}")).status_code == 204
    assert (await shop.guest.get("/api/product-groups/shirt")).status_code == 404
    shown = (await shop.guest.get(f"/api/products/{variant['id']}")).json()
    assert shown["group"] is None and shown["version"] == variant["version"] + 1
    assert await shop.listed(q="medium") == [] and len(await shop.listed(q="tee")) == 1
    assert (await shop.group())["slug"] == "shirt"


async def test_bad_groups_are_refused(shop: Shop) -> None:
    for body in (
        {"name": "x"},
        {"name": "x", "varies_by": []},
        {"name": "x", "varies_by": ["a", "A"]},
        {"name": "x", "varies_by": ["a"] * 6},
        {"name": "x", "varies_by": ["a"], "id": new_id()},
        {"name": "", "varies_by": ["a"]},
    ):
        assert (await shop.staff("POST", "/api/product-groups", json=body)).status_code == 422


async def test_groups_are_paged(shop: Shop) -> None:
    for number in range(5):
        await shop.group(name=f"G{number}")
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = "?limit=2" + (f"&cursor={cursor}" if cursor else "")
        page = (await shop.staff("GET", f"/api/product-groups{query}")).json()
        seen += [one["name"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert seen == ["G4", "G3", "G2", "G1", "G0"]
