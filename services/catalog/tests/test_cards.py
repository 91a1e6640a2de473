"""Lists with one card per group, siblings of a variant, and groups made with their variants."""

import random
from typing import Any

import pytest

from catalog.listing import GroupSize
from catalog.worker import Census

from .conftest import Shop

pytestmark = pytest.mark.anyio
SORTS = ["newest", "price", "-price", "name", "-name", "relevance"]
SIZES = ["S", "M", "L", "XL"]


def usd(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "USD"}


def new_group(sizes: str, **fields: Any) -> dict[str, Any]:
    variants = [
        {
            "sku": f"SHIRT-{size}",
            "name": f"Shirt {size}",
            "price": usd(1000 + 100 * number),
            "options": {"size": size},
            "stock": number,
        }
        for number, size in enumerate(sizes.split())
    ]
    return {"name": "Shirt", "varies_by": ["size"], "variants": variants} | fields


async def every_page(shop: Shop, limit: int, **params: Any) -> list[dict[str, Any]]:
    found, cursor = [], None
    while True:
        more = {"cursor": cursor} if cursor else {}
        answer = await shop.guest.get(
            "/api/products", params={"limit": limit, "count": "true", **params, **more}
        )
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["items"]
        cursor = page["next_cursor"]
        if not cursor:
            assert page["total"] == len(found)
            return found


async def test_a_group_is_one_card(shop: Shop) -> None:
    lone = await shop.product(name="Lamp")
    made = await shop.staff("POST", "/api/product-groups", json=new_group("S M L"))
    group = made.json()
    shirt, lamp = await shop.listed()
    assert (shirt["sku"], lamp["id"], lamp["group"]) == ("SHIRT-L", lone["id"], None)
    assert shirt["group"] == {
        "id": group["id"],
        "name": "Shirt",
        "slug": "shirt",
        "varies_by": ["size"],
        "options": {"size": "L"},
        "variant_count": 3,
        "price_range": {"from": usd(1000), "to": usd(1200)},
        "choices": {"size": ["S", "M", "L"]},
        "available": True,
    }
    assert [one["sku"] for one in await shop.listed(sort="price", in_stock="true")] == ["SHIRT-M"]
    assert [one["sku"] for one in await shop.listed(max_price=1000)] == ["SHIRT-S", lone["sku"]]
    every = await shop.listed(group="expand")
    assert [one["sku"] for one in every] == ["SHIRT-L", "SHIRT-M", "SHIRT-S", lone["sku"]]
    assert set(every[0]["group"]) == {"id", "varies_by", "options"}
    assert [one["sku"] for one in await shop.listed(sku="shirt-s")] == ["SHIRT-S"]
    assert len(await shop.listed(group="shirt")) == 3


async def test_a_card_tells_of_variants_on_sale_only(shop: Shop) -> None:
    body = new_group("S M L")
    body["variants"][2] |= {"status": "draft"}
    await shop.staff("POST", "/api/product-groups", json=body)
    (shirt,) = await shop.listed(sort="price")
    assert (shirt["group"]["variant_count"], shirt["group"]["choices"]) == (2, {"size": ["S", "M"]})
    (draft,) = (await shop.staff("GET", "/api/products?status=draft")).json()["items"]
    assert (draft["sku"], draft["group"]["variant_count"]) == ("SHIRT-L", 3)
    left = await shop.staff("GET", "/api/products?status=any&sort=-price")
    assert [one["sku"] for one in left.json()["items"]] == ["SHIRT-L"]


async def stocked(shop: Shop, chance: random.Random) -> list[dict[str, Any]]:
    """Products of some groups and some of none, in no order; newest last."""
    category = await shop.category("Home")
    groups = [await shop.group(name=f"G{number}") for number in range(5)]
    places: list[dict[str, Any]] = [
        {"group_id": group["id"], "options": {"size": size}} for group in groups for size in SIZES
    ] + [{} for _ in range(6)]
    chance.shuffle(places)
    return [
        await shop.product(
            name=chance.choice(["Blue lamp", "Lamp blue", "Lamp", "Table"]),
            description=chance.choice(["", "a blue lamp"]),
            attributes=chance.choice([{}, {"light": "lamp"}]),
            price=usd(chance.choice([1, 2, 3])),
            stock=chance.choice([0, 1]),
            category_ids=chance.choice([[], [category["id"]]]),
            **place,
        )
        for place in places
    ]


FILTERS: list[dict[str, Any]] = [
    {},
    {"in_stock": "true"},
    {"category": "home", "min_price": 2},
    {"q": "blue lamp"},
    {"q": "lamp", "in_stock": "false", "category": "home"},
]


@pytest.mark.parametrize("sort", SORTS)
async def test_a_card_is_the_first_that_matches(shop: Shop, sort: str) -> None:
    """Cards are what is left of a list of every variant when each group is shown once."""
    await stocked(shop, random.Random(sort))
    for params in FILTERS:
        if sort == "relevance" and "q" not in params:
            continue
        every = await every_page(shop, 100, sort=sort, group="expand", **params)
        first: dict[str, str] = {}
        for one in every:
            first.setdefault(one["group"]["id"] if one["group"] else one["id"], one["id"])
        for limit in (1, 4, 100):
            cards = await every_page(shop, limit, sort=sort, **params)
            assert [one["id"] for one in cards] == list(first.values()), (params, limit)


async def test_a_variant_tells_its_siblings(shop: Shop) -> None:
    body = new_group("S M L")
    body["variants"][1] |= {"images": [{"url": "https://example.com/m.jpg", "alt": "M"}]}
    body["variants"][2] |= {"status": "draft"}
    made = (await shop.staff("POST", "/api/product-groups", json=body)).json()
    path = f"/api/products/{made['variants'][0]['id']}"
    answer = await shop.guest.get(path)
    small, medium = answer.json()["group"]["variants"]
    assert (small["id"], small["slug"]) == (made["variants"][0]["id"], "shirt-s")
    assert medium == {
        "id": made["variants"][1]["id"],
        "slug": "shirt-m",
        "sku": "SHIRT-M",
        "name": "Shirt M",
        "status": "active",
        "price": usd(1100),
        "compare_at_price": None,
        "stock": made["variants"][1]["stock"],
        "options": {"size": "M"},
        "image": made["variants"][1]["images"][0],
    }
    assert len((await shop.staff("GET", path)).json()["group"]["variants"]) == 3
    tag = {"If-None-Match": answer.headers["ETag"]}
    assert (await shop.guest.get(path, headers=tag)).status_code == 304
    await shop.reserve((made["variants"][1], 1))
    assert (await shop.guest.get(path, headers=tag)).status_code == 200
    stale_for_nobody = {"If-Match": answer.headers["ETag"]}
    changed = await shop.staff("PATCH", path, json={"name": "S"}, headers=stale_for_nobody)
    assert changed.status_code == 200


async def test_a_group_is_made_with_its_variants_or_not_at_all(shop: Shop) -> None:
    await shop.product(sku="SHIRT-L")
    body, key = new_group("S M"), {"Idempotency-Key": "a-key-of-enough-length"}
    made = await shop.staff("POST", "/api/product-groups", json=body, headers=key)
    assert made.status_code == 201
    assert [one["sku"] for one in made.json()["variants"]] == ["SHIRT-S", "SHIRT-M"]
    again = await shop.staff("POST", "/api/product-groups", json=body, headers=key)
    assert again.headers["Idempotent-Replayed"] == "true" and again.json() == made.json()
    told = (await shop.guest.get(f"/api/product-groups/{made.json()['id']}")).json()
    assert told == made.json() | {"updated_at": told["updated_at"]}
    before = await shop.query("SELECT count(*) FROM products")
    options = new_group("A B")
    options["variants"][1]["options"] = {"cut": "slim"}
    twice = new_group("C D")
    twice["variants"][1]["options"] = {"size": " c "}
    for refused, status, code in (
        (new_group("X L"), 409, "sku_taken"),
        (twice, 409, "variant_taken"),
        (options, 422, "options_mismatch"),
    ):
        answer = await shop.staff("POST", "/api/product-groups", json=refused | {"name": "New"})
        assert answer.status_code == status, answer.text
        (error,) = answer.json()["errors"]
        assert (error["code"], error["pointer"][:11]) == (code, "/variants/1")
    assert await shop.query("SELECT count(*) FROM products") == before
    assert (await shop.guest.get("/api/product-groups/new")).status_code == 404
    many = new_group(" ".join(f"s{number}" for number in range(31)))
    assert (await shop.staff("POST", "/api/product-groups", json=many)).status_code == 422


async def test_the_census_tells_how_large_groups_are(shop: Shop) -> None:
    groups = GroupSize()
    assert groups.is_large  # until it is known
    await shop.staff("POST", "/api/product-groups", json=new_group("S M"))
    await Census(shop.database, groups).count()
    assert (groups.largest, groups.is_large) == (2, False)
    many = new_group(" ".join(f"s{number}" for number in range(30)), name="Many")
    await shop.staff("POST", "/api/product-groups", json=many)
    await Census(shop.database, groups).count()
    assert groups.is_large


async def test_words_with_a_meaning_are_no_slugs(shop: Shop) -> None:
    assert (await shop.group(name="Expand"))["slug"] == "expand-2"
    assert (await shop.product(name="Facets"))["slug"] == "facets-2"
    body = {"name": "x", "varies_by": ["size"], "slug": "expand"}
    refused = await shop.staff("POST", "/api/product-groups", json=body)
    assert refused.json()["errors"][0]["pointer"] == "/slug"
