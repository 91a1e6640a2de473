"""Lists filtered by attributes."""

import random
from typing import Any

import pytest

from catalog.worker import Indexer

from .conftest import Shop
from .test_attributes import defined
from .test_cards import every_page, usd

pytestmark = pytest.mark.anyio
COLORS = ["Red", "blue", "dark  green", "black, matt"]


async def with_definitions(shop: Shop) -> None:
    await defined(shop, "color", "text", filterable=True)
    await defined(shop, "weight", "number", filterable=True)
    await defined(shop, "new", "boolean", filterable=True)
    await defined(shop, "secret", "text")


async def test_what_filters_let_through(shop: Shop) -> None:
    await with_definitions(shop)
    for name, attributes in (
        ("a", {"color": "Red", "weight": 1, "new": True}),
        ("b", {"color": ["blue", "RED"], "weight": 1.5, "new": False}),
        ("c", {"color": "dark  green", "weight": -2}),
        ("d", {"color": "black, matt"}),
        ("e", {"secret": "Red"}),
    ):
        await shop.product(name=name, attributes=attributes)
    cases: list[tuple[dict[str, Any], str]] = [
        ({"attr.color": "red"}, "ab"),
        ({"attr.color": "Red,DARK green"}, "abc"),
        ({"attr.color": "black\\, matt"}, "d"),
        ({"attr.color": "black"}, ""),
        ({"attr.weight": "1..2"}, "ab"),
        ({"attr.weight": "..1"}, "ac"),
        ({"attr.weight": "1.5.."}, "b"),
        ({"attr.weight": "1,-2.0"}, "ac"),
        ({"attr.new": "true"}, "a"),
        ({"attr.new": "false"}, "b"),
        ({"attr.new": "true,false"}, "ab"),
        ({"attr.color": "red", "attr.weight": "1.2..2", "attr.new": "false"}, "b"),
        ({"attr.color": "red", "attr.new": "false", "sort": "-name", "q": "b"}, "b"),
        ({"attr.color": "red", "q": "blue"}, "b"),
    ]
    for params, names in cases:
        found = sorted(one["name"] for one in await every_page(shop, 2, **params))
        assert "".join(found) == names, params


async def test_what_is_no_filter_is_refused(shop: Shop) -> None:
    await with_definitions(shop)
    for query, told in (
        ("attr.colour=red", "Filterable are: color, new, weight."),
        ("attr.secret=red", "Filterable are: color, new, weight."),
        ("attr.weight=heavy", "Give numbers, or a range: 1..2, 1.. or ..2."),
        ("attr.weight=..", "Give numbers, or a range: 1..2, 1.. or ..2."),
        ("attr.weight=1..x", "Give numbers, or a range: 1..2, 1.. or ..2."),
        ("attr.weight=1e400", "Give numbers, or a range: 1..2, 1.. or ..2."),
        ("attr.weight=9..1", "A range begins with its lower end: 1..2."),
        ("max_price=10&min_price=500", "It must not be below `min_price`."),
        ("attr.new=yes", "Say true or false."),
        ("attr.color=red&attr.color=blue", "Send this query parameter once."),
        ("attr.color=" + ",".join(map(str, range(51))), "There may be 50 values."),
        ("attr=red", "There is no such query parameter."),
    ):
        answer = await shop.guest.get(f"/api/products?{query}")
        assert answer.status_code == 422, query
        (error,) = answer.json()["errors"]
        assert (error["pointer"], error["detail"]) == (f"?{query.partition('=')[0]}", told)
    for query in ("attr.color=", "attr.=red", "attr.Color=red", "attr.a.b=x",
                  "&".join(f"attr.a{n}=x" for n in range(11))):  # fmt: skip
        assert (await shop.guest.get(f"/api/products?{query}")).status_code == 422, query


async def test_not_before_every_product_is_indexed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.attributes.FILLED_AT_ONCE", 1)
    for _ in range(2):
        await shop.product(attributes={"color": "red"})
    await defined(shop, "color", "text", filterable=True)
    answer = await shop.guest.get("/api/products?attr.color=red")
    assert (answer.status_code, answer.json()["code"]) == (409, "attribute_not_ready")
    assert answer.headers["Retry-After"]
    await Indexer(shop.database).drain()
    assert len(await shop.listed(**{"attr.color": "red"})) == 2


@pytest.mark.parametrize(("ahead", "few"), [(1, 0), (1, 1_000), (1_000, 0)])
@pytest.mark.parametrize("sort", ["newest", "price", "-name"])
async def test_wherever_a_list_begins_it_is_the_same(
    shop: Shop, sort: str, ahead: int, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what filters let through, or along an index: an oracle in Python agrees."""
    monkeypatch.setattr("catalog.listing.AHEAD", ahead)
    monkeypatch.setattr("catalog.listing.FEW", few)
    chance = random.Random(f"{sort}{ahead}{few}")
    await with_definitions(shop)
    home = await shop.category("Home")
    group = await shop.group()
    sizes = iter("ABCDEFGH")
    made = [
        await shop.product(
            name=chance.choice(["Lamp", "Table"]),
            price=usd(chance.choice([1, 2, 3])),
            category_ids=chance.choice([[], [home["id"]]]),
            attributes={"color": chance.choice(COLORS), "weight": chance.choice([1, 2, 3])},
            **({"group_id": group["id"], "options": {"size": next(sizes)}} if number % 4 else {}),
        )
        for number in range(10)
    ]
    keys = {"newest": lambda at: -at, "price": lambda at: (made[at]["price"]["amount"], at)}
    order = sorted(range(10), key=keys.get(sort, lambda at: (made[at]["name"] != "Table", -at)))
    shown: dict[str, str] = {}
    for one in (made[at] for at in order):
        at_home, said = home["id"] in one["category_ids"], one["attributes"]
        if at_home and said["color"] in ("Red", "blue") and said["weight"] >= 2:
            shown.setdefault(one["group"]["id"] if one["group"] else one["id"], one["id"])
    params = {"category": "home", "attr.color": "red,blue", "attr.weight": "2..", "sort": sort}
    for limit in (1, 100):
        found = await every_page(shop, limit, **params)
        assert [one["id"] for one in found] == list(shown.values())
