"""Facets: how many of a list have what."""

from typing import Any

import pytest

from .conftest import Shop
from .test_attributes import defined
from .test_cards import new_group, usd

pytestmark = pytest.mark.anyio


async def facets(shop: Shop, **params: Any) -> dict[str, Any]:
    answer = await shop.guest.get("/api/products/facets", params=params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def counts(found: dict[str, Any], code: str) -> dict[str, int]:
    (one,) = [one for one in found["attributes"] if one["code"] == code]
    return {value["value"]: value["count"] for value in one["values"]}


async def stocked(shop: Shop) -> None:
    """Lamps and a table at home, a toy elsewhere, and a group of shirts."""
    await defined(shop, "color", "text", filterable=True)
    await defined(shop, "size", "text", filterable=True)
    await defined(shop, "weight", "number", unit="kg", filterable=True)
    await defined(shop, "unused", "text", filterable=True)
    home = await shop.category("Home")
    lamps = await shop.category("Lamps", home["id"])
    await shop.category("Empty", home["id"])
    toys = await shop.category("Toys")
    for name, place, color, weight, price, stock in (
        ("Lamp one", lamps, "red", 1, 100, 1),
        ("Lamp two", lamps, "blue", 2, 200, 0),
        ("Table", home, "Red", 3, 900, 1),
        ("Toy", toys, "green", 1, 100, 1),
    ):
        said = {"color": color, "weight": weight}
        await shop.product(name=name, category_ids=[place["id"]], attributes=said,
                           price=usd(price), stock=stock)  # fmt: skip
    shirts = new_group("S M")
    shirts["variants"][0]["attributes"] = {"color": "red"}
    shirts["variants"][1]["attributes"] = {"color": "red"}
    await shop.staff("POST", "/api/product-groups", json=shirts)


async def test_all_that_a_list_has(shop: Shop) -> None:
    await stocked(shop)
    found = await facets(shop)
    assert (found["total"], found["exact"]) == (5, True)
    assert [(one["slug"], one["count"]) for one in found["categories"]] == [
        ("home", 3),
        ("toys", 1),
    ]
    assert counts(found, "color") == {"red": 3, "blue": 1, "green": 1}
    assert counts(found, "size") == {"S": 1, "M": 1}
    (weight,) = [one for one in found["attributes"] if one["code"] == "weight"]
    assert (weight["unit"], weight["range"]) == ("kg", {"min": 1.0, "max": 3.0})
    assert found["availability"] == {"in_stock": 4, "out_of_stock": 2}  # a shirt of each
    assert [one["code"] for one in found["attributes"]] == ["color", "size", "weight"]
    every = await facets(shop, group="expand")
    assert every["total"] == 6 and counts(every, "color")["red"] == 4


async def test_a_range_has_every_digit(shop: Shop) -> None:
    await defined(shop, "weight", "number", unit="kg", filterable=True)
    for weight in (0.1 + 0.2, 2 / 3):
        await shop.product(attributes={"weight": weight})
    (found,) = (await facets(shop))["attributes"]
    assert found["range"] == {"min": 0.1 + 0.2, "max": 2 / 3}


async def test_each_facet_is_counted_without_its_own_filter(shop: Shop) -> None:
    await stocked(shop)
    found = await facets(shop, category="home", **{"attr.color": "red", "in_stock": "true"})
    assert found["total"] == 2
    assert [(one["slug"], one["count"]) for one in found["categories"]] == [("lamps", 1)]
    assert counts(found, "color") == {"red": 2}  # the blue lamp is not there
    assert counts(found, "weight") == {"1": 1, "3": 1}
    assert found["availability"] == {"in_stock": 2, "out_of_stock": 0}
    found = await facets(shop, category="home", **{"attr.color": "red", "attr.weight": "2.."})
    assert counts(found, "color") == {"red": 1, "blue": 1}
    assert counts(found, "weight") == {"1": 1, "3": 1}
    found = await facets(shop, max_price=150, **{"attr.color": "red"})
    assert counts(found, "color") == {"red": 1, "green": 1}
    assert sum(band["count"] for band in found["prices"]) == 3  # lamp, table, shirts


async def test_what_a_facet_tells_is_what_its_filter_lists(shop: Shop) -> None:
    await stocked(shop)
    base = {"q": "lamp table shirt"[:4]}
    for params in ({}, base, {"category": "home"}, {"attr.color": "red,blue"}):
        found = await facets(shop, **params)
        assert found["total"] == len(await shop.listed(**params))
        for one in found["attributes"]:
            for value, count in counts(found, one["code"]).items():
                listed = await shop.listed(**{**params, f"attr.{one['code']}": value})
                assert len(listed) == count, (params, one["code"], value)
        for band in found["prices"]:
            ends = {name: band[name] for name in ("min_price", "max_price") if band[name]}
            assert len(await shop.listed(**{**params, **ends})) == band["count"], band
        for state, truth in (("in_stock", "true"), ("out_of_stock", "false")):
            listed = await shop.listed(**{**params, "in_stock": truth})
            assert len(listed) == found["availability"][state]


async def test_the_newest_are_counted_where_there_are_many(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stocked(shop)
    monkeypatch.setattr("catalog.facets.MOST", 2)
    found = await facets(shop)
    assert (found["total"], found["exact"]) == (1, False)  # both variants of the group
    assert (await facets(shop, category="toys"))["exact"]


async def test_facets_are_as_strict_as_lists(shop: Shop) -> None:
    assert (await facets(shop))["prices"] == []
    assert (await facets(shop, q="%"))["total"] == 0
    for query in ("sort=price", "limit=5", "attr.colour=red", "min_price=x", "cursor=a"):
        assert (await shop.guest.get(f"/api/products/facets?{query}")).status_code == 422, query
    assert (await shop.guest.get("/api/products/facets?status=draft")).status_code == 401
    assert (await shop.staff("GET", "/api/products/facets?status=any")).status_code == 200
