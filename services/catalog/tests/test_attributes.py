"""Attributes that are defined: what products may say, and the index of their values."""

from typing import Any

import pytest

from catalog.worker import Indexer
from shopkit.ids import new_id

from .conftest import Shop

pytestmark = pytest.mark.anyio


async def defined(shop: Shop, code: str, type_: str, **more: Any) -> dict[str, Any]:
    body = {"code": code, "name": code.title(), "type": type_} | more
    answer = await shop.staff("POST", "/api/attributes", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def values(shop: Shop) -> list[tuple[Any, ...]]:
    return await shop.query(
        "SELECT a.code, v.label, count(*) FROM product_values pv "
        "JOIN attribute_values v ON v.seq = pv.value_seq "
        "JOIN attributes a ON a.seq = pv.attribute_seq AND a.seq = v.attribute_seq "
        "GROUP BY a.code, v.label ORDER BY a.code, v.label"
    )


async def test_definitions(shop: Shop) -> None:
    home = await shop.category("Home")
    lamps = await shop.category("Lamps", home["id"])
    await shop.category("Toys")
    weight = await defined(shop, "weight", "number", unit="kg")
    watt = await defined(shop, "watt", "number", unit="W", category_ids=[home["id"]])
    assert watt["category_ids"] == [home["id"]] and not watt["indexed"]
    listed = (await shop.guest.get("/api/attributes")).json()
    assert [one["code"] for one in listed["items"]] == ["watt", "weight"]
    for ref, codes in ((lamps["id"], ["watt", "weight"]), ("home", ["watt", "weight"]),
                       ("toys", ["weight"])):  # fmt: skip
        found = (await shop.guest.get(f"/api/categories/{ref}/attributes")).json()["items"]
        assert [one["code"] for one in found] == codes
    path = f"/api/attributes/{weight['id']}"
    answer = await shop.guest.get(path)
    assert answer.json() == weight
    tag = {"If-Match": answer.headers["ETag"]}
    changed = await shop.staff("PATCH", path, json={"name": "Heavy", "unit": "g"}, headers=tag)
    assert (changed.json()["name"], changed.json()["unit"]) == ("Heavy", "g")
    assert (await shop.staff("PATCH", path, json={}, headers=tag)).status_code == 412
    assert (await shop.staff("DELETE", f"/api/categories/{home['id']}")).status_code == 409
    assert (await shop.staff("DELETE", path)).status_code == 204
    assert (await shop.guest.get(path)).status_code == 404
    await defined(shop, "weight", "text")  # the code is free again


async def test_bad_definitions_are_refused(shop: Shop) -> None:
    await defined(shop, "color", "choice", choices=["red", "blue"])
    body = {"code": "x", "name": "X", "type": "text"}
    for wrong, status in (
        ({"code": "color"}, 409),
        ({"code": "Color"}, 422),
        ({"code": "a.b"}, 422),
        ({"type": "choice"}, 422),
        ({"type": "choice", "choices": ["a", "A"]}, 422),
        ({"choices": ["a"]}, 422),
        ({"unit": "kg"}, 422),
        ({"type": "date"}, 422),
        ({"category_ids": [new_id()]}, 422),
    ):
        answer = await shop.staff("POST", "/api/attributes", json=body | wrong)
        assert answer.status_code == status, wrong
    color = (await shop.guest.get("/api/attributes")).json()["items"][0]
    for patch in ({"choices": []}, {"unit": "kg"}, {"type": "text"}, {"code": "x"}):
        answer = await shop.staff("PATCH", f"/api/attributes/{color['id']}", json=patch)
        assert answer.status_code == 422, patch


async def test_products_say_what_is_defined_for_their_categories(shop: Shop) -> None:
    home = await shop.category("Home")
    lamps = await shop.category("Lamps", home["id"])
    await defined(shop, "watt", "number", unit="W", category_ids=[home["id"]])
    await defined(shop, "color", "choice", choices=["red", "blue"])
    await defined(shop, "new", "boolean")
    await defined(shop, "made_of", "text")
    fine = {"watt": 5.5, "color": ["red", "blue"], "new": True, "made_of": "tin", "free": 1}
    lamp = await shop.product(category_ids=[lamps["id"]], attributes=fine)
    for code, wrong, told in (
        ("watt", "5", "Give a number (in W)."),
        ("watt", True, "Give a number (in W)."),
        ("color", "green", "Choose from: red, blue."),
        ("new", "yes", "Say true or false."),
        ("made_of", 1, "Give a text, or a list of texts."),
    ):
        answer = await shop.staff(
            "PATCH", f"/api/products/{lamp['id']}", json={"attributes": {code: wrong}}
        )
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["pointer"]) == (422, f"/attributes/{code}")
        assert (error["code"], error["detail"]) == ("attribute_mismatch", told)
    stray = await shop.product(attributes={"watt": "many"})
    moved = await shop.staff(
        "PATCH", f"/api/products/{stray['id']}", json={"category_ids": [home["id"]]}
    )
    assert moved.status_code == 422
    renamed = await shop.staff("PATCH", f"/api/products/{stray['id']}", json={"name": "New"})
    assert renamed.status_code == 200


async def test_the_index_follows_the_products(shop: Shop) -> None:
    await defined(shop, "color", "text", filterable=True)
    await defined(shop, "size", "text", filterable=True)
    await defined(shop, "weight", "number", filterable=True)
    await defined(shop, "handmade", "boolean", filterable=True)
    given = {"color": ["Red", " RED ", "blue"], "weight": 2, "handmade": False, "other": "x"}
    lamp = await shop.product(attributes=given)
    await shop.product(attributes={"color": "red", "weight": 2.0})
    group = await shop.group()
    await shop.product(group_id=group["id"], options={"size": "M"})
    expected = [("color", "Red", 2), ("color", "blue", 1), ("handmade", "false", 1)]
    assert await values(shop) == [*expected, ("size", "M", 1), ("weight", "2", 2)]
    path = f"/api/products/{lamp['id']}"
    await shop.staff("PATCH", path, json={"attributes": {"color": "blue", "weight": None}})
    await shop.staff("DELETE", f"/api/product-groups/{group['id']}")
    expected = [("color", "Red", 1), ("color", "blue", 1), ("handmade", "false", 1)]
    assert await values(shop) == [*expected, ("weight", "2", 1)]
    await shop.staff("DELETE", path)
    assert await values(shop) == [("color", "Red", 1), ("weight", "2", 1)]


async def test_products_that_are_there_are_indexed_in_batches(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.attributes.FILLED_AT_ONCE", 2)
    monkeypatch.setattr("catalog.worker.BATCH", 2)
    gone = await shop.product(attributes={"color": "red"})
    for color in ("red", "blue", "red", "red", 7):
        await shop.product(attributes={"color": color})
    await shop.staff("DELETE", f"/api/products/{gone['id']}")
    color = await defined(shop, "color", "text", filterable=True)
    path = f"/api/attributes/{color['id']}"
    assert not color["indexed"] and await values(shop) == [
        ("color", "blue", 1),
        ("color", "red", 1),
    ]
    late = await shop.product(attributes={"color": "red"})
    await Indexer(shop.database).drain()
    assert (await shop.guest.get(path)).json()["indexed"]
    assert await values(shop) == [("color", "blue", 1), ("color", "red", 4)]
    off = await shop.staff("PATCH", path, json={"filterable": False})
    assert not off.json()["indexed"]
    await shop.staff("DELETE", f"/api/products/{late['id']}")
    on = await shop.staff("PATCH", path, json={"filterable": True})
    assert not on.json()["indexed"]
    await Indexer(shop.database).drain()
    assert await values(shop) == [("color", "blue", 1), ("color", "red", 3)]
    await shop.staff("DELETE", path)
    await Indexer(shop.database).drain()
    for table in ("attributes", "attribute_values", "product_values"):
        assert await shop.query(f"SELECT count(*) FROM {table}") == [(0,)]
