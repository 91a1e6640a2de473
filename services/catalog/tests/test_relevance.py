"""What people type into the search of a real shop, and what they then expect on top."""

import json
from pathlib import Path

import pytest

from .conftest import Shop
from .published_catalogs import FOLDER, load

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(FOLDER is None, reason="SHOP_TEST_CATALOGS names no catalogs"),
]
RELEVANCE = json.loads(Path(__file__).with_name("relevance.json").read_text())


async def test_what_people_look_for_is_on_top(shop: Shop) -> None:
    await load(shop.database, shop.clock.now())
    for terms in RELEVANCE["synonyms"]:
        answer = await shop.staff("POST", "/api/search/synonyms", json={"terms": terms})
        assert answer.status_code == 201
    await shop.learn()
    asked, missed = 0, []
    for kind, queries in RELEVANCE["queries"].items():
        for q, top, expected in queries:
            asked += 1
            names = [one["name"] for one in await shop.listed(q=q, limit=top)]
            if lost := [one for one in expected if not _has(names, one)]:
                missed.append(f"{kind}: {q!r} has no {lost} but {names}")
    print(f"\nrelevance: {asked - len(missed)} of {asked}")
    assert asked >= 60
    assert missed == []


def _has(names: list[str], beginning: str) -> bool:
    return any(name.startswith(beginning) for name in names)
