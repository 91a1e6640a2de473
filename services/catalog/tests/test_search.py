"""Search finds the same on both databases; the expectations are the same table for both."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.context import new_context
from catalog.listing import wanted_of
from catalog.schemas.product_query import ProductQuery
from catalog.search_text import document, fold, query_words, words
from catalog.settings import CatalogSettings
from catalog.worker import Librarian
from shopkit.clock import FrozenClock

from .conftest import Shop

pytestmark = pytest.mark.anyio

PRODUCTS = [
    # name, SKU, attributes, description
    ("Crème Brûlée Torch", "CBT-100", {"color": "red"}, "Burns sugar."),
    ("Blue Cotton Shirt", "SHIRT-B", {"material": "cotton", "fits": ["slim", "regular"]}, "Soft."),
    ("Shirt, Blue", "S2", {}, "Of wool."),
    ("Wool Socks", "SOCK-9", {"color": "blue"}, "A shirt for your feet."),
    ("Straße Poster", "P-1", {"vegan": True, "framed": False}, "<b>Größe</b> 50x70 cm"),
    ("Lamp", "LAMP-BLUE", {"watts": 60, "volts": 1.5}, "Smørrebrød light"),
    ("Tea ﬁne №5", "TEA", {}, "日本 緑茶, 100% organic"),
]
QUERIES = {
    "creme brulee": ["CBT-100"],
    "CRÈME": ["CBT-100"],
    "brul": ["CBT-100"],
    "rul": [],
    "cre brulee": [],
    "brulee cre": ["CBT-100"],
    "cbt-100": ["CBT-100"],
    "cbt100": ["CBT-100"],
    "blue shirt": ["S2", "SHIRT-B", "SOCK-9"],
    "blue cotton": ["SHIRT-B"],
    "blue": ["S2", "SHIRT-B", "LAMP-BLUE", "SOCK-9"],
    "shirt": ["S2", "SHIRT-B", "SOCK-9"],
    "wool": ["SOCK-9", "S2"],
    "slim": ["SHIRT-B"],
    "slim missing": [],
    "strasse": ["P-1"],
    "STRASSE": ["P-1"],
    "groesse": [],
    "große": ["P-1"],
    "b": ["S2", "SHIRT-B", "CBT-100", "LAMP-BLUE", "SOCK-9"],
    "vegan": ["P-1"],
    "framed": [],
    "60": ["LAMP-BLUE"],
    "1.5": ["LAMP-BLUE", "P-1"],  # words are 1 and 5…: P-1 is 50x70
    "smorrebrod": ["LAMP-BLUE"],
    "fine no5": ["TEA"],
    "日本": ["TEA"],
    "100%": ["CBT-100", "TEA"],
    "50x70": ["P-1"],
    "lamp shirt": [],
}


async def fill(shop: Shop) -> None:
    for name, sku, attributes, description in PRODUCTS:
        await shop.product(name=name, sku=sku, attributes=attributes, description=description)


async def test_the_table_of_queries(shop: Shop) -> None:
    await fill(shop)
    found = {q: [one["sku"] for one in await shop.listed(q=q)] for q in QUERIES}
    assert found == QUERIES


async def test_names_rank_over_skus_over_attributes_over_descriptions(shop: Shop) -> None:
    for name, sku, attributes, description in (
        ("e", "e", {}, "red lamp in words"),
        ("d", "d", {"kind": "red lamp"}, ""),
        ("red", "lamp-9", {}, ""),
        ("lamp that is red", "c", {}, ""),
        ("my red lamp", "a", {}, ""),
    ):
        await shop.product(name=name, sku=sku, attributes=attributes, description=description)
    skus = [one["sku"] for one in await shop.listed(q="red lamp")]
    assert skus == ["a", "c", "lamp-9", "d", "e"]
    first = (await shop.guest.get("/api/products?q=red+lamp&limit=2")).json()
    rest = await shop.listed(q="red lamp", limit=3, cursor=first["next_cursor"])
    assert [one["sku"] for one in first["items"] + rest] == skus


async def test_the_order_is_the_same_however_long_the_pages_are(shop: Shop) -> None:
    """Short answers are put in order by us, longer ones by the database."""
    chance, vocabulary = random.Random(1), ["red", "lamp", "redder", "oak", "la", "x1"]

    def some(count: int) -> str:
        return " ".join(chance.choices(vocabulary, k=chance.randint(1, count)))

    for number in range(30):
        await shop.product(
            name=some(3),
            sku=f"{chance.choice(vocabulary)}-{chance.choice(vocabulary)}-{number}",
            attributes={"kind": some(2), "red": chance.random() < 0.2},
            description=some(4),
        )
    for q in [*vocabulary, *(f"{a} {b}" for a in vocabulary for b in vocabulary), "red oak la"]:
        whole = [one["sku"] for one in await shop.listed(q=q, limit=100)]
        for limit in (1, 7):
            assert await _paged(shop, q, limit) == whole, q


@pytest.mark.parametrize("endings", [3, 30])
async def test_a_word_is_found_by_its_beginning_however_many_begin_so(
    shop: Shop, endings: int
) -> None:
    for number in range(endings):
        await shop.product(name=f"Lantern{number:02} oak", sku=f"L{number}")
    assert len(await shop.listed(q="oak lante", limit=100)) == endings
    assert [one["sku"] for one in await shop.listed(q="lantern02")] == ["L2"]
    assert await shop.listed(q="lanterns") == []


async def test_a_beginning_finds_words_with_and_without_digits(shop: Shop) -> None:
    for sku, name in (("A", "Oak lantern"), ("B", "Oak lanterns"), ("LANTERN-7", "Oak thing")):
        await shop.product(name=name, sku=sku)
    assert {one["sku"] for one in await shop.listed(q="oak lante")} == {"A", "B", "LANTERN-7"}
    assert [one["sku"] for one in await shop.listed(q="oak lantern7")] == ["LANTERN-7"]
    await shop.product(name="Oak lanternfish", sku="C")
    assert len(await shop.listed(q="oak lantern")) == 4


async def test_the_index_is_kept_in_few_pieces(shop: Shop) -> None:
    if shop.database.dialect != "sqlite":
        pytest.skip("GIN keeps itself")
    for number in range(12):
        await shop.product(name=f"Lamp {number}", sku=f"L{number}")
    pieces = "SELECT count(DISTINCT segid) FROM product_fts_idx"
    assert (await shop.query(pieces))[0][0] > 2
    await Librarian(shop.database).tidy()
    assert (await shop.query(pieces))[0][0] <= 2
    assert len(await shop.listed(q="lamp")) == 12


async def test_a_product_without_a_single_word_can_be_made_and_changed(shop: Shop) -> None:
    product = await shop.product(name="★★★", sku="★", description="—")
    path = f"/api/products/{product['id']}"
    for name in ("Star", "—"):
        answer = await shop.staff("PATCH", path, json={"name": name})
        assert answer.status_code == 200
        assert len(await shop.listed(q="star")) == (name == "Star")


async def test_c11_a_word_counts_once_however_often_it_is_said(shop: Shop) -> None:
    assert query_words("Shirt shirt SHIRT cotton shirt") == ["shirt", "cotton"]
    await shop.product(name="Cotton shirt", sku="C")
    assert len(await shop.listed(q="cotton " * 15 + "shirt")) == 1


@pytest.mark.parametrize(
    ("query", "slow"),
    [
        ({}, False),
        ({"q": "a b"}, True),
        ({"in_stock": "false"}, True),
        ({"count": "true"}, True),
        ({"category": "a"}, False),
    ],
)
async def test_c11_what_may_look_at_every_product_holds_up_nobody(
    query: dict[str, str], slow: bool
) -> None:
    context = new_context(CatalogSettings(database_url="sqlite:////nowhere"), FrozenClock())
    context.groups.largest = 0
    wanted = wanted_of(ProductQuery.model_validate(query), "sqlite")
    assert context.may_be_slow(wanted) is slow


async def _paged(shop: Shop, q: str, limit: int) -> list[str]:
    skus: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        params = {"q": q, "limit": str(limit), **cursor}
        page = (await shop.guest.get("/api/products", params=params)).json()
        skus += [one["sku"] for one in page["items"]]
        if page["next_cursor"] is None:
            return skus
        cursor = {"cursor": page["next_cursor"]}


async def test_search_follows_changes(shop: Shop) -> None:
    product = await shop.product(name="Old name", attributes={"color": "green"})
    path = f"/api/products/{product['id']}"
    await shop.staff("PATCH", path, json={"name": "New title", "attributes": {"color": None}})
    assert await shop.listed(q="old") == [] and await shop.listed(q="green") == []
    assert len(await shop.listed(q="new tit")) == 1
    await shop.staff("PATCH", path, json={"status": "archived"})
    assert await shop.listed(q="title") == []
    assert await shop.query("SELECT count(*) FROM product_search") == [(1,)]
    await shop.staff("DELETE", path)
    assert (await shop.staff("GET", "/api/products?q=title&status=any")).json()["items"] == []
    assert await shop.query("SELECT count(*) FROM product_search") == [(0,)]


async def test_search_with_filters_and_other_sorts(shop: Shop) -> None:
    await fill(shop)
    category = await shop.category("Blue things")
    wanted = await shop.product(name="Blue mug", category_ids=[category["id"]], stock=1)
    for params in ({"category": "blue-things"}, {"in_stock": "true"}, {"sort": "name", "limit": 1}):
        found = await shop.listed(q="blue", **params)
        expected = "LAMP" if "sort" not in params else "Blue Cotton Shirt"
        assert [one["name"] for one in found] == [
            wanted["name"] if expected == "LAMP" else expected
        ]


@pytest.mark.parametrize("params", [{"sort": "price"}, {"max_price": 10_000}, {"in_stock": "true"}])
async def test_c11_of_many_matches_the_newest_are_looked_at(
    shop: Shop, params: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [await shop.product(name=f"Blue {number}", stock=1) for number in range(4)]
    newest = {one["id"] for one in made[2:]}
    assert len(await shop.listed(q="blue", **params)) == 4
    monkeypatch.setattr("catalog.repository.search.MATCHES", 2)
    assert {one["id"] for one in await shop.listed(q="blue", **params)} == newest
    assert len(await shop.listed(q="blue")) == 4


async def test_many_newer_matches_that_are_not_shown_end_no_page(shop: Shop) -> None:
    for number in range(3):
        await shop.product(sku=f"A{number}", name="Blue mug", description="Not red")
    for _ in range(15):
        await shop.product(name="Blue mug", description="Not red", status="draft")
    for q in ("blue", "blue mug", "red"):
        assert await _paged(shop, q, 1) == ["A2", "A1", "A0"]


NASTY = [
    "%%%%%%%%", "_", "*", '"', "'", "''", '"*^:', "a* OR b*", "NEAR(a b)", "name:x", "{name} : a",
    "a AND", "NOT", "AND OR NOT", "(((", "a:*", "a & b", "a | b", "!a", "a <-> b", "\\", "\\'",
    "' OR 1=1 --", "'; DROP TABLE products; --", "1) UNION SELECT 1", "\x00", "\ud7ff", "\u202e",
    "e\u0301" * 60, "a" * 200, "(a+)+$", "😀", "\u0651" * 150, "- -", "\t\n", "ﷺ" * 30, "½ ²",
]  # fmt: skip


async def test_c10_c11_any_query_is_safe(shop: Shop) -> None:
    await fill(shop)
    for q in NASTY:
        for more in ({}, {"sort": "price"}, {"count": "true"}):
            answer = await shop.guest.get("/api/products", params={"q": q, **more})
            assert answer.status_code == 200, q
        for name in ("sku", "category", "group", "sort", "status", "cursor"):
            answer = await shop.guest.get("/api/products", params={name: q})
            assert answer.status_code in (200, 400, 401, 422), (name, q)
    assert len(await shop.listed()) == len(PRODUCTS)


async def test_c11_punctuation_finds_nothing_and_blank_is_no_search(shop: Shop) -> None:
    await fill(shop)
    assert await shop.listed(q="%%%") == []
    assert len(await shop.listed(q="  ")) == len(PRODUCTS)
    assert (await shop.guest.get("/api/products", params={"q": "a" * 201})).status_code == 422


def test_folding() -> None:
    assert words("Crème-Brûlée ﬁne İstanbul ŁÓDŹ") == [
        "creme",
        "brulee",
        "fine",
        "istanbul",
        "lodz",
    ]
    assert fold("ὈΔΥΣΣΕΎΣ") == fold("οδυσσευσ")


@given(st.text(max_size=300))
def test_words_are_letters_and_digits_only(text: str) -> None:
    for word in words(text):
        assert word.isalnum() and "'" not in word and 0 < len(word) <= 40
    assert words(" ".join(words(text))) == words(text)


@given(st.text(max_size=50))
def test_every_word_of_a_name_is_in_its_document(text: str) -> None:
    fields = document(name=text, sku="s", attributes={}, description="")
    assert fields[0].split() == words(text)
