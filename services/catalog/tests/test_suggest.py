"""Completions of what is being typed."""

from typing import Any

import pytest

from .conftest import Shop

pytestmark = pytest.mark.anyio
PATH = "/api/products/suggest"


async def suggested(shop: Shop, q: str, **params: Any) -> list[tuple[str, str]]:
    answer = await shop.guest.get(PATH, params={"q": q, **params})
    assert answer.status_code == 200, answer.text
    assert answer.json()["next_cursor"] is None
    return [(one["kind"], one["text"]) for one in answer.json()["items"]]


async def test_words_categories_and_products(shop: Shop) -> None:
    home = await shop.category("Home")
    lamps = await shop.category("Lamps", home["id"])
    old = await shop.product(name="Lampshade, oak", category_ids=[lamps["id"]])
    for name in ("Desk lamp", "Lamp"):
        await shop.product(name=name)
    await shop.learn()
    assert await suggested(shop, "la") == [
        ("word", "lamp"),
        ("word", "lampshade"),
        ("category", "Lamps"),
        ("product", "Lamp"),
        ("product", "Lampshade, oak"),
        ("product", "Desk lamp"),
    ]
    items = (await shop.guest.get(PATH, params={"q": "la"})).json()["items"]
    assert items[0] == {"kind": "word", "text": "lamp", "id": None, "slug": None, "path": None}
    assert items[2] == {
        "kind": "category", "text": "Lamps", "id": lamps["id"], "slug": "lamps",
        "path": ["Home", "Lamps"],
    }  # fmt: skip
    assert (items[4]["id"], items[4]["slug"]) == (old["id"], old["slug"])
    assert len(await suggested(shop, "la", limit=4)) == 4


async def test_the_last_of_several_words_is_completed(shop: Shop) -> None:
    for name in ("Red lamp", "Lamp, red, large", "Red chair"):
        await shop.product(name=name)
    await shop.learn()
    assert await suggested(shop, "red la") == [
        ("word", "red lamp"),
        ("word", "red large"),
        ("product", "Red lamp"),
        ("product", "Lamp, red, large"),
    ]
    assert await suggested(shop, "red lamp cha") == []


async def test_it_forgives_as_searches_do(shop: Shop) -> None:
    await shop.category("Chandeliers")
    await shop.product(name="Crystal chandeliers", sku="CHX-77")
    await shop.staff("POST", "/api/search/synonyms", json={"terms": ["chandelier", "lustre"]})
    await shop.learn()
    whole = [
        ("word", "chandeliers"),
        ("category", "Chandeliers"),
        ("product", "Crystal chandeliers"),
    ]
    for q in ("chand", "CHANDELIER", "chandlier", "chanedl", "chandelìers"):
        assert await suggested(shop, q) == whole, q
    assert ("product", "Crystal chandeliers") in await suggested(shop, "lustre")
    assert await suggested(shop, "chx-7") == [("product", "Crystal chandeliers")]


async def test_nothing_is_suggested_that_is_not_to_be_seen(shop: Shop) -> None:
    for status in ("draft", "archived"):
        await shop.product(name="Secretlamp", status=status)
    gone = await shop.product(name="Secretlamp")
    await shop.staff("DELETE", f"/api/products/{gone['id']}")
    await shop.learn()
    assert await suggested(shop, "secret") == [] and await suggested(shop, "secretlamb") == []


async def test_a_correction_shows_no_word_that_only_drafts_have(shop: Shop) -> None:
    await shop.product(name="Zumbaqueste mug")
    await shop.product(name="Zumbaquesta secretlaunch", status="draft")
    await shop.learn()
    found = [("word", "zumbaqueste mug"), ("product", "Zumbaqueste mug")]
    assert await suggested(shop, "zumbaquestx m") == found
    assert await suggested(shop, "zumbaquestx sec") == []


async def test_drafts_that_are_newer_crowd_nothing_out(shop: Shop) -> None:
    await shop.product(name="Crowdlamp")
    price = {"amount": 1000, "currency": "USD"}
    for batch in range(2):
        drafts = [
            {"sku": f"D-{batch}-{n}", "name": "Crowdlamp", "price": price, "status": "draft"}
            for n in range(100)
        ]
        answer = await shop.staff("POST", "/api/products/bulk", json={"items": drafts})
        assert answer.status_code == 200, answer.text
    assert await suggested(shop, "crowd") == [("word", "crowdlamp"), ("product", "Crowdlamp")]


async def test_one_of_each_group_and_name(shop: Shop) -> None:
    group = await shop.group()
    for size in ("S", "M"):
        options = {"group_id": group["id"], "options": {"size": size}}
        await shop.product(name=f"Shirt {size}", **options)
    for _ in range(2):
        await shop.product(name="Shirt of wool")
    texts = [text for kind, text in await suggested(shop, "shir") if kind == "product"]
    assert texts == ["Shirt of wool", "Shirt M"]


async def test_categories_follow_changes(shop: Shop) -> None:
    lamps = await shop.category("Lamps")
    await shop.learn()
    await shop.staff("PATCH", f"/api/categories/{lamps['id']}", json={"name": "Lights"})
    await shop.learn()
    assert await suggested(shop, "lamp") == []
    assert await suggested(shop, "light") == [("category", "Lights")]
    await shop.staff("DELETE", f"/api/categories/{lamps['id']}")
    await shop.learn()
    assert await suggested(shop, "light") == []


async def test_what_is_typed_may_be_anything(shop: Shop) -> None:
    await shop.product(name="Lamp")
    for q in ("", " ", "%", "l", "'", '"*', "l*", "\x00", "a" * 200, "lamp " * 40, "😀"):
        assert (await shop.guest.get(PATH, params={"q": q})).status_code == 200, q
    for params in ({}, {"q": "a" * 201}, {"q": "a", "limit": "21"}, {"q": "a", "x": "1"}):
        assert (await shop.guest.get(PATH, params=params)).status_code == 422, params


async def test_its_address_is_no_slug(shop: Shop) -> None:
    product = await shop.product(name="Suggest")
    assert product["slug"] == "suggest-2"
    body = {"sku": "S", "name": "S", "price": product["price"], "slug": "suggest"}
    assert (await shop.staff("POST", "/api/products", json=body)).status_code == 422
