"""Importing into the real catalog: once, again, in parallel, with an unreliable network."""

import asyncio
from collections import Counter
from itertools import chain, cycle, repeat

import pytest

from shopcli.catalog_api import CatalogApi
from shopcli.errors import ApiProblem, CannotReach, LoginNeeded
from shopcli.importer import Importer, Outcome, Result
from shopcli.sample_catalog import sample_listings
from shopkit.testing import TokenFactory

from .conftest import ReadFile, Shop

pytestmark = pytest.mark.anyio
HEADER = (
    "Handle,Title,Type,Variant SKU,Variant Price,Variant Inventory Qty,Option1 Name,Option1 Value\n"
)


def counts(outcomes: list[Outcome]) -> dict[Result, int]:
    return dict(Counter(outcome.result for outcome in outcomes))


async def test_a_file_becomes_products_groups_and_categories(shop: Shop, read: ReadFile) -> None:
    assert counts(await shop.load(read("variants.csv"))) == {Result.CREATED: 5}
    products = await shop.products()
    scarf = products["wool-scarf-moss-long"]
    assert (scarf["slug"], scarf["name"]) == ("wool-scarf-moss-long", "Wool Scarf (Moss, Long)")
    assert scarf["price"] == {"amount": 3990, "currency": "USD"}
    assert scarf["compare_at_price"] == {"amount": 4990, "currency": "USD"}
    assert scarf["stock"]["available"] == 4
    assert scarf["group"]["options"] == {"colour": "Moss", "length": "Long"}
    assert scarf["attributes"]["tags"] == ["winter", "wool"]
    assert [image["alt"] for image in scarf["images"]][1:] == [
        "Scarf",
        "Scarf from behind",
        "The label",
    ]
    assert products["plain-mug"]["status"] == "draft"
    assert products["plain-mug"]["group"] is None
    assert [group["slug"] for group in await shop.groups()] == ["wool-scarf"]
    assert await shop.category_paths() == [("Clothing",), ("Clothing", "Scarves"), ("Kitchen",)]


async def test_a_second_import_changes_nothing(shop: Shop, read: ReadFile) -> None:
    await shop.load(read("variants.csv"))
    before = await shop.products()
    shop.gateway.calls.clear()
    assert counts(await shop.load(read("variants.csv"))) == {Result.UNCHANGED: 5}
    assert {call.split()[0] for call in shop.gateway.calls} == {"GET"}
    assert len(shop.gateway.calls) == 2  # the tree and one page, however many products
    assert await shop.products() == before


async def test_what_the_file_changed_is_updated_and_nothing_else(
    shop: Shop, read: ReadFile
) -> None:
    await shop.load(read(HEADER + "a,A,,S-A,10,3,,\nb,B,,S-B,20,3,,\n"))
    changed = read(HEADER + "a,A,,S-A,12.50,9,,\nb,B,,S-B,20,9,,\n")
    assert counts(await shop.load(changed)) == {Result.UPDATED: 1, Result.UNCHANGED: 1}
    products = await shop.products()
    assert products["S-A"]["price"]["amount"] == 1250
    assert [product["stock"]["available"] for product in products.values()] == [3, 3]
    assert counts(await shop.load(changed, set_stock=True)) == {Result.UPDATED: 2}
    assert counts(await shop.load(changed, set_stock=True)) == {Result.UNCHANGED: 2}
    assert {product["stock"]["available"] for product in (await shop.products()).values()} == {9}


async def test_nothing_is_made_twice_however_often_answers_get_lost(
    shop: Shop, read: ReadFile
) -> None:
    shop.gateway.faults = cycle(["pass", "lose", "pass", "late", "busy", "pass", "down"])
    outcomes = await shop.load(read("variants.csv"))
    assert counts(outcomes) == {Result.CREATED: 5}
    shop.gateway.faults = cycle(["pass"])
    assert len(await shop.products()) == 5
    assert len(await shop.groups()) == 1
    assert len(await shop.category_paths()) == 3
    assert counts(await shop.load(read("variants.csv"))) == {Result.UNCHANGED: 5}


async def test_two_imports_at_once_make_everything_once(shop: Shop) -> None:
    listings = sample_listings()
    both = await asyncio.gather(shop.load(listings), shop.load(listings))
    total = sum(len(listing.products) for listing in listings)
    assert [len(outcomes) for outcomes in both] == [total, total]
    assert [outcome for outcomes in both for outcome in outcomes if outcome.reason] == []
    assert len(await shop.products()) == total
    assert len(await shop.groups()) == sum(1 for listing in listings if listing.varies_by)
    paths = await shop.category_paths()
    assert len(paths) == len(set(paths)) == 12


async def test_an_import_that_was_stopped_goes_on(shop: Shop, read: ReadFile) -> None:
    listings = sample_listings()
    shop.gateway.faults = chain(repeat("pass", 50), repeat("crash"))
    with pytest.raises(RuntimeError):
        await shop.load(listings)
    shop.gateway.faults = cycle(["pass"])
    assert 0 < len(await shop.products()) < 62
    outcomes = await shop.load(listings)
    assert Result.FAILED not in counts(outcomes)
    assert len(await shop.products()) == sum(len(listing.products) for listing in listings)
    assert set(counts(await shop.load(listings))) == {Result.UNCHANGED}


async def test_names_of_categories_may_repeat_below_others(shop: Shop, read: ReadFile) -> None:
    rows = "a,A,Men > Shoes,,1,1,,\nb,B,Women > Shoes,,1,1,,\nc,C,women >  shoes,,1,1,,\n"
    await shop.load(read(HEADER + rows))
    assert await shop.category_paths() == [
        ("Men",),
        ("Men", "Shoes"),
        ("Women",),
        ("Women", "Shoes"),
    ]
    products = await shop.products()
    assert products["b"]["category_ids"] == products["c"]["category_ids"]
    assert products["a"]["category_ids"] != products["b"]["category_ids"]


async def test_a_row_that_the_shop_refuses_does_not_stop_the_rest(
    shop: Shop, read: ReadFile
) -> None:
    deep = " > ".join(f"L{depth}" for depth in range(14))
    listings = read(HEADER + f"a,A,{deep},,1,1,,\nb,B,Fine,,1,1,,\n")
    failed, created = sorted(await shop.load(listings), key=lambda outcome: outcome.draft.row)
    assert (failed.result, created.result) == (Result.FAILED, Result.CREATED)
    assert "category" in failed.reason


async def test_a_slug_that_another_product_has_gets_a_suffix(shop: Shop, read: ReadFile) -> None:
    await shop.load(read(HEADER + "mug,Mug,,THEIRS,5,1,,\n"))
    listings = read(HEADER + "mug,Other Mug,,OURS,6,1,,\n")
    assert counts(await shop.load(listings)) == {Result.CREATED: 1}
    products = await shop.products()
    assert products["THEIRS"]["name"] == "Mug"
    assert products["OURS"]["slug"].startswith("mug-")
    assert counts(await shop.load(listings)) == {Result.UNCHANGED: 1}


async def test_skus_that_are_filled_in_later_name_the_same_products(
    shop: Shop, read: ReadFile
) -> None:
    rows = "mug,Mug,,{0},5,1,,\ntee,Tee,,{1},9,1,Size,S\ntee,,,{2},9,1,,M\n"
    await shop.load(read(HEADER + rows.format("", "", "")))
    before = {product["id"] for product in (await shop.products()).values()}
    named = read(HEADER + rows.format("MUG-1", "TEE-S", "TEE-M"))
    assert counts(await shop.load(named)) == {Result.UPDATED: 3}
    products = await shop.products()
    assert set(products) == {"MUG-1", "TEE-S", "TEE-M"}
    assert {product["id"] for product in products.values()} == before


async def test_a_new_variant_joins_the_group_that_is_there(shop: Shop, read: ReadFile) -> None:
    two = HEADER + "tee,Tee,,T-S,9,1,Size,S\ntee,,,T-M,9,1,,M\n"
    await shop.load(read(two))
    outcomes = await shop.load(read(two + "tee,,,T-L,9,1,,L\n"))
    assert counts(outcomes) == {Result.UNCHANGED: 2, Result.CREATED: 1}
    groups = {product["group"]["id"] for product in (await shop.products()).values()}
    assert groups == {group["id"] for group in await shop.groups()}
    assert len(groups) == 1


async def test_a_caller_without_permission_hears_of_it_once(
    shop: Shop, read: ReadFile, tokens: TokenFactory
) -> None:
    shop.staff = tokens.user(scopes=["products:read"]).removeprefix("Bearer ")
    with pytest.raises(ApiProblem) as refused:
        await shop.load(read("variants.csv"))
    assert refused.value.code == "insufficient_scope"
    shop.staff = "not-a-token"
    with pytest.raises(LoginNeeded):
        await shop.load(read("variants.csv"))


async def test_a_shop_that_is_away_ends_it_with_one_error(shop: Shop, read: ReadFile) -> None:
    shop.gateway.faults = cycle(["down"])
    with pytest.raises(CannotReach, match="No shop answers"):
        await shop.load(read("variants.csv"))


async def test_looking_products_up_one_by_one_comes_to_the_same(shop: Shop, read: ReadFile) -> None:
    """A few rows for a big shop: its list is not read to the end."""
    await shop.load(read("variants.csv"))
    outcomes: list[Outcome] = []
    importer = Importer(CatalogApi(shop.client()), outcomes.append)
    await importer.load(read("variants.csv"))  # nothing was read before
    failed = [outcome for outcome in outcomes if outcome.result is Result.FAILED]
    assert failed == []
    assert len(await shop.products()) == 5
