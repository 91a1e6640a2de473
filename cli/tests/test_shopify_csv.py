"""Rows as listings and remarks."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopcli.csv_file import Row, Sheet, read_sheet
from shopcli.drafts import Image, Listing, Remark
from shopcli.shopify_csv import listings_of
from shopcli.shopify_variants import Reading
from shopcli.slugs import MAX_SKU

FILES = Path(__file__).parent / "files"


def read(name: str, reading: Reading | None = None) -> tuple[list[Listing], list[Remark]]:
    return listings_of(read_sheet((FILES / name).read_bytes()), reading or Reading())


def one(text: str) -> tuple[list[Listing], list[Remark]]:
    return listings_of(read_sheet(text.encode()), Reading())


def test_a_handle_with_several_variants_is_one_group() -> None:
    scarf = read("variants.csv")[0][0]
    assert (scarf.slug, scarf.title, scarf.varies_by) == (
        "wool-scarf",
        "Wool Scarf",
        ("colour", "length"),
    )
    assert [dict(product.options) for product in scarf.products] == [
        {"colour": "Moss", "length": "Long"},
        {"colour": "Moss", "length": "Short"},
        {"colour": "Rust", "length": "Long"},
    ]
    assert [product.name for product in scarf.products] == [
        "Wool Scarf (Moss, Long)",
        "Wool Scarf (Moss, Short)",
        "Wool Scarf (Rust, Long)",
    ]
    assert [product.sku for product in scarf.products] == [
        "wool-scarf-moss-long",
        "wool-scarf-moss-short",
        "NL-RUST-L",
    ]
    assert [product.price for product in scarf.products] == [3990, 2990, 3990]
    assert [product.compare_at_price for product in scarf.products] == [4990, None, None]
    assert [product.stock for product in scarf.products] == [4, 0, 0]


def test_what_the_first_row_says_holds_for_every_variant() -> None:
    long, short, _ = read("variants.csv")[0][0].products
    assert short.description == "Soft & warm.\n\n- Merino\n- Two lengths"
    assert short.category == ("Clothing", "Scarves")
    assert short.attributes == {
        "vendor": "Northloom",
        "tags": ["winter", "wool"],
        "weight_grams": 140,
    }
    assert long.attributes["weight_grams"] == 180


def test_images_stand_in_their_order_with_the_variants_own_first() -> None:
    long, short, _ = read("variants.csv")[0][0].products
    shared = (
        Image("https://img.example/scarf.jpg", "Scarf"),
        Image("https://img.example/scarf-back.jpg", "Scarf from behind"),
        Image("https://img.example/label.jpg", "The label"),
    )
    assert short.images == shared
    assert long.images == (Image("https://img.example/moss.jpg", "Wool Scarf"), *shared)


def test_a_handle_with_one_variant_is_a_plain_product() -> None:
    _, mug, lone = read("variants.csv")[0]
    assert (mug.varies_by, mug.products[0].options, mug.products[0].name) == ((), {}, "Plain Mug")
    assert (mug.products[0].sku, mug.products[0].status) == ("plain-mug", "draft")
    assert lone.varies_by == ()
    assert lone.products[0].attributes == {"size": "One size"}


def test_a_missing_quantity_is_told_and_can_be_chosen() -> None:
    _, remarks = read("variants.csv")
    assert [(remark.row, remark.column, remark.skipped) for remark in remarks] == [
        (4, "Variant Inventory Qty", False)
    ]
    listings, _ = read("variants.csv", Reading(untracked_stock=25))
    assert listings[0].products[2].stock == 25


def test_bad_rows_are_named_and_the_others_are_taken() -> None:
    listings, remarks = read("troubles.csv")
    assert [(remark.row, remark.column) for remark in remarks if remark.skipped] == [
        (3, "Variant Price"),
        (4, "Variant Price"),
        (5, "Variant Price"),
        (6, "Handle"),
        (7, "Title"),
        (8, "Variant SKU"),
        (9, "Variant Inventory Qty"),
        (14, "Option1 Value"),
        (15, "Option1 Value"),
        (17, "(row)"),
    ]
    assert [(remark.row, remark.column) for remark in remarks if not remark.skipped] == [
        (10, "Variant Inventory Qty"),
        (11, "Variant Compare At Price"),
        (12, "Status"),
        (16, "Image Src"),
    ]
    taken = [product.sku for listing in listings for product in listing.products]
    assert taken == ["A-1", "A-8", "A-9", "A-10", "A-11", "A-14", "A-16"]
    assert [listing.products[0].status for listing in listings[-1:]] == ["archived"]


def test_a_group_stays_a_group_when_one_of_its_two_rows_is_bad() -> None:
    header = "Handle,Title,Variant Price,Option1 Name,Option1 Value,Variant Inventory Qty\n"
    listings, _ = one(header + "a,A,1,Size,S,1\na,,oops,,M,1\n")
    assert listings[0].varies_by == ("size",)
    assert len(listings[0].products) == 1


def test_derived_skus_tell_every_variant_apart_and_stay_the_same() -> None:
    header = "Handle,Title,Variant Price,Option1 Name,Option1 Value,Variant Inventory Qty\n"
    rows = "a,A,1,Size,S/M,1\na,,1,,S M,1\na,,1,,红,1\na,,1,,蓝,1\n" + f"{'h' * 90},B,1,,,1\n"
    first, remarks = one(header + rows)
    again, _ = one(header + rows)
    skus = [product.sku for listing in first for product in listing.products]
    assert remarks == []
    assert len(set(skus)) == len(skus) == 5
    assert all(len(sku) <= MAX_SKU for sku in skus)
    assert first == again


def test_rows_of_a_handle_may_stand_apart() -> None:
    header = "Handle,Title,Variant Price,Option1 Name,Option1 Value,Variant Inventory Qty\n"
    listings, _ = one(header + "a,A,1,Size,S,1\nb,B,1,,,1\nA,,1,,M,1\n")
    assert [(listing.slug, len(listing.products)) for listing in listings] == [("a", 2), ("b", 1)]


cells = st.text(max_size=20)
columns = [
    "handle title body type tags price sku quantity compare_at status published grams image",
    "image_position image_alt variant_image option1_name option1_value option2_name option2_value",
]


@given(
    st.lists(
        st.dictionaries(st.sampled_from(" ".join(columns).split()), cells, max_size=8), max_size=6
    )
)
def test_any_cells_are_taken_or_remarked(rows: list[dict[str, str]]) -> None:
    numbered = [Row(number, row) for number, row in enumerate(rows, start=2)]
    listings, remarks = listings_of(Sheet(numbered, {}, [], "UTF-8"), Reading())
    taken = [product.row for listing in listings for product in listing.products]
    told = {remark.row for remark in remarks}
    images_only = {row.number for row in numbered if row["image"]}
    assert set(taken) | told | images_only == {row.number for row in numbered}
    assert len(set(taken)) == len(taken)


@pytest.mark.skipif("SHOP_TEST_CATALOGS" not in os.environ, reason="no catalogs to read")
@pytest.mark.parametrize(
    ("name", "groups", "products"),
    [
        ("shopify-apparel.csv", 1, 22),
        ("shopify-home-and-garden.csv", 1, 21),
        ("shopify-jewelery.csv", 3, 23),
        ("shopify-marketplace-1000.csv", 0, 996),
    ],
)
def test_published_catalogs_are_taken_whole(name: str, groups: int, products: int) -> None:
    data = (Path(os.environ["SHOP_TEST_CATALOGS"]) / name).read_bytes()
    listings, remarks = listings_of(read_sheet(data), Reading())
    assert remarks == []
    assert sum(1 for listing in listings if listing.varies_by) == groups
    assert sum(len(listing.products) for listing in listings) == products
