"""What is sent for a new product, and what differs in an old one."""

from typing import Any

import pytest

from shopcli.changes import difference, new_product
from shopcli.drafts import Image, ProductDraft

DRAFT = ProductDraft(
    row=2,
    sku="MUG-1",
    slug="mug",
    name="Mug",
    price=950,
    currency="USD",
    description="A mug.",
    stock=5,
    category=("Kitchen",),
    attributes={"vendor": "Wren", "tags": ["clay"]},
    images=(Image("https://img.example/mug.jpg", ""),),
    options={"colour": "Rust"},
)


def as_stored(**changed: Any) -> dict[str, Any]:
    body = new_product(DRAFT, category_id="c1", group_id="g1")
    group = {"id": body.pop("group_id"), "varies_by": ["colour"], "options": body.pop("options")}
    stored = {**body, "id": "p1", "compare_at_price": None, "group": group, "version": 3}
    return {**stored, **changed}


def test_a_new_product_says_everything() -> None:
    body = new_product(DRAFT, category_id="c1", group_id="g1")
    assert body["price"] == {"amount": 950, "currency": "USD"}
    assert (body["stock"], body["category_ids"]) == (5, ["c1"])
    assert (body["group_id"], body["options"]) == ("g1", {"colour": "Rust"})
    assert "compare_at_price" not in body


def test_what_is_as_it_should_be_needs_no_change() -> None:
    assert difference(DRAFT, as_stored(), category_id="c1", group_id="g1") == {}


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "Old mug"},
        {"sku": "mug-1"},
        {"price": {"amount": 950, "currency": "EUR"}},
        {"status": "draft"},
        {"description": ""},
        {"category_ids": ["c2"]},
        {"images": []},
    ],
)
def test_what_differs_is_sent_and_nothing_else(changed: dict[str, Any]) -> None:
    patch = difference(DRAFT, as_stored(**changed), category_id="c1", group_id="g1")
    assert set(patch) == set(changed)


def test_a_former_price_that_the_file_dropped_goes() -> None:
    stored = as_stored(compare_at_price={"amount": 1200, "currency": "USD"})
    patch = difference(DRAFT, stored, category_id="c1", group_id="g1")
    assert patch == {"compare_at_price": None}


def test_stock_and_slug_are_left_to_the_shop() -> None:
    stored = as_stored(slug="rust-mug", stock={"available": 1, "state": "low_stock"})
    assert difference(DRAFT, stored, category_id="c1", group_id="g1") == {}


def test_attributes_that_others_added_stay() -> None:
    stored = as_stored(attributes={"vendor": "Wren", "tags": ["clay"], "glaze": "ash"})
    assert difference(DRAFT, stored, category_id="c1", group_id="g1") == {}
    stored = as_stored(attributes={"vendor": "Wren"})
    assert set(difference(DRAFT, stored, category_id="c1", group_id="g1")) == {"attributes"}


def test_a_product_that_became_a_variant_joins_its_group() -> None:
    patch = difference(DRAFT, as_stored(group=None), category_id="c1", group_id="g1")
    assert patch == {"group_id": "g1", "options": {"colour": "Rust"}}
