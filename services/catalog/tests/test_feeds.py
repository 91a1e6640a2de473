"""The Google Merchant feed and the sitemap: of all that is public, and as their schemas say."""

from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from catalog import feeds
from catalog.feed_xml import Links, text
from catalog.feeds import FEED, INDEX, FeedMaker
from catalog.repository.feeds import find_feeds, write_offers
from catalog.storage import LocalStorage
from shopkit.errors import Unavailable

from .conftest import Shop
from .test_media import uploaded

pytestmark = pytest.mark.anyio
SCHEMAS = Path(__file__).with_name("schemas")
G = "{http://base.google.com/ns/1.0}"
S = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
LINKS = Links("https://shop.example/en/", "https://api.shop.example")
IMAGE = [{"url": "https://images.example.com/a.jpg?x=1&y=2", "alt": ""}]


def maker(shop: Shop) -> FeedMaker:
    storage = LocalStorage(shop.media_dir)
    return FeedMaker(shop.database, storage, shop.clock, LINKS, "Tea & Co")


def valid(path: Path, schema: str) -> Any:
    tree = etree.parse(path)
    etree.XMLSchema(etree.parse(SCHEMAS / schema)).assertValid(tree)
    return tree.getroot()


async def offers(shop: Shop) -> dict[str, dict[str, list[str]]]:
    """What stands in the items of a new feed, by title."""
    shop.clock.advance(hours=2)
    assert await maker(shop).make_due()
    found: dict[str, dict[str, list[str]]] = {}
    for item in valid(shop.media_dir / FEED, "feed.xsd").iter("item"):
        members: dict[str, list[str]] = {}
        for member in item:
            members.setdefault(member.tag.removeprefix(G), []).append(member.text)
        found[members["title"][0]] = members
    return found


def addresses(shop: Shop) -> list[list[str]]:
    """Of each sitemap that the index names."""
    index = valid(shop.media_dir / INDEX, "siteindex.xsd")
    found = []
    for loc in index.iter(f"{S}loc"):
        assert loc.text.startswith("https://api.shop.example/sitemaps/")
        part = valid(shop.media_dir / "sitemaps" / loc.text.rpartition("/")[2], "sitemap.xsd")
        found.append([one.text for one in part.iter(f"{S}loc")])
    return found


async def test_an_offer_says_what_google_asks_for(shop: Shop) -> None:
    clothes = await shop.category("Clothes & More")
    shirts = await shop.category("Shirts", parent=clothes["id"])
    product = await shop.product(
        name="Blue <Shirt>",
        description="Soft & warm",
        price={"amount": 1999, "currency": "USD"},
        compare_at_price={"amount": 2500, "currency": "USD"},
        category_ids=[shirts["id"]],
        images=[*IMAGE, {"url": "https://images.example.com/b.jpg"}],
        attributes={"Brand": "Ours", "gtin": "4006381333931", "color": "blue"},
        stock=3,
    )
    assert await offers(shop) == {
        "Blue <Shirt>": {
            "id": [product["id"]],
            "title": ["Blue <Shirt>"],
            "description": ["Soft & warm"],
            "link": [f"https://shop.example/en/products/{product['slug']}"],
            "image_link": [IMAGE[0]["url"]],
            "additional_image_link": ["https://images.example.com/b.jpg"],
            "price": ["25.00 USD"],
            "sale_price": ["19.99 USD"],
            "availability": ["in_stock"],
            "condition": ["new"],
            "product_type": ["Clothes & More > Shirts"],
            "brand": ["Ours"],
            "gtin": ["4006381333931"],
            "color": ["blue"],
        }
    }


async def test_only_what_is_public_is_in_them(shop: Shop) -> None:
    await shop.product(name="Seen", images=IMAGE)
    gone = await shop.product(name="Gone", images=IMAGE)
    await shop.staff("DELETE", f"/api/products/{gone['id']}")
    for status in ("draft", "archived"):
        await shop.product(name=status, images=IMAGE, status=status)
    await shop.product(name="Without image")
    await shop.category("Tea")
    assert list(await offers(shop)) == ["Seen"]
    assert addresses(shop) == [
        [
            "https://shop.example/en/",
            "https://shop.example/en/categories/tea",
            "https://shop.example/en/products/seen",
            "https://shop.example/en/products/without-image",
        ]
    ]
    row = await shop.database.read(find_feeds)
    assert (row["offers"], row["left_out"], row["addresses"]) == (1, 1, 4)


@pytest.mark.parametrize(
    ("amount", "currency", "price"),
    [(1234, "JPY", "1234 JPY"), (1234, "KWD", "1.234 KWD"), (5, "EUR", "0.05 EUR")],
)
async def test_prices_are_in_major_units(
    shop: Shop, amount: int, currency: str, price: str
) -> None:
    await shop.product(name="A", price={"amount": amount, "currency": currency}, images=IMAGE)
    assert (await offers(shop))["A"]["price"] == [price]


async def test_variants_belong_together(shop: Shop) -> None:
    group = await shop.group(varies_by=["Size"])
    for size in ("M", "L"):
        options = {"group_id": group["id"], "options": {"Size": size}}
        await shop.product(name=f"Shirt {size}", images=IMAGE, **options)
    found = await offers(shop)
    assert {tuple(one["item_group_id"]) for one in found.values()} == {(group["id"],)}
    assert [one["size"] for one in found.values()] == [["M"], ["L"]]
    assert found["Shirt M"]["availability"] == ["out_of_stock"]
    assert found["Shirt M"]["identifier_exists"] == ["no"]


async def test_long_texts_are_cut_and_no_text_breaks_the_xml(shop: Shop) -> None:
    name, about = "]]>&amp;<b>" + "ä" * 180, "<script>" + "&" * 9000
    await shop.product(name=name, description=about, images=IMAGE)
    await shop.product(name="No words", images=IMAGE)
    found = await offers(shop)
    assert found[name[:150]]["description"] == [about[:5000]]
    assert found["No words"]["description"] == ["No words"]
    assert text("a\x00\x0b\x1f\ud800\ufffe\uffffb\t\n") == "ab"


async def test_our_own_images_have_the_gateways_address(shop: Shop) -> None:
    url = (await uploaded(shop))["url"]
    await shop.product(name="A", images=[{"url": url}])
    assert (await offers(shop))["A"]["image_link"] == [f"https://api.shop.example{url}"]


async def test_sitemaps_are_split_and_those_that_are_too_many_go(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "ADDRESSES", 2)
    monkeypatch.setattr(feeds, "OFFERS", 2)
    monkeypatch.setattr(feeds, "BATCHES", 2)
    made = [await shop.product(name=f"P{number}", images=IMAGE) for number in range(8)]
    assert len(await offers(shop)) == 8
    parts = addresses(shop)
    assert [len(part) for part in parts] == [3, 4, 2]
    assert [url for part in parts for url in part][1:] == [
        f"https://shop.example/en/products/p{n}" for n in range(8)
    ]
    for product in made[2:]:
        await shop.staff("DELETE", f"/api/products/{product['id']}")
    assert len(await offers(shop)) == 2
    assert [len(part) for part in addresses(shop)] == [3]
    names = sorted(path.name for path in (shop.media_dir / "sitemaps").iterdir())
    assert names == ["1.xml", "index.xml"]


async def test_an_empty_shop_has_valid_ones(shop: Shop) -> None:
    assert await offers(shop) == {} and addresses(shop) == [["https://shop.example/en/"]]


async def test_one_maker_at_a_time_every_hour_and_again_when_it_died(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await maker(shop).make_due()
    assert not await maker(shop).make_due()
    shop.clock.advance(minutes=59)
    assert not await maker(shop).make_due()
    shop.clock.advance(minutes=1)

    async def die(*_: object) -> None:
        assert not await maker(shop).make_due(), "somebody else is at it"
        raise Unavailable("killed")

    before = (shop.media_dir / FEED).read_bytes()
    with monkeypatch.context() as patched, pytest.raises(Unavailable):
        patched.setattr(LocalStorage, "put", die)
        await maker(shop).make_due()
    assert (shop.media_dir / FEED).read_bytes() == before
    assert not await maker(shop).make_due()
    shop.clock.advance(minutes=3)
    assert await maker(shop).make_due(), "another takes its place"
    assert not await maker(shop).make_due()


async def test_who_is_maker_no_more_stops(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was so slow that another has begun."""
    one, others = maker(shop), [maker(shop)]
    reading = shop.database.read_slow

    async def slow(*args: Any, **more: Any) -> Any:
        if args[0] is write_offers and others:
            other = others.pop()
            shop.clock.advance(minutes=5)
            assert await other.make_due()
        return await reading(*args, **more)

    monkeypatch.setattr(shop.database, "read_slow", slow)
    with pytest.raises(Unavailable, match="Another copy"):
        await one.make_due()
    row = await shop.database.read(find_feeds)
    assert row["maker"] is None and row["made_at"] == shop.clock.now()
