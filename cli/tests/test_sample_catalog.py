"""The built-in sample is a catalog that somebody could believe."""

from shopcli.drafts import ProductDraft
from shopcli.sample_catalog import sample_attributes, sample_listings

LISTINGS = sample_listings()
PRODUCTS: list[ProductDraft] = [draft for listing in LISTINGS for draft in listing.products]


def test_some_sixty_products_in_a_dozen_categories_of_two_levels() -> None:
    paths = {product.category for product in PRODUCTS}
    assert 55 <= len(PRODUCTS) <= 70
    assert {len(path) for path in paths} == {2}
    assert 10 <= len(paths | {path[:1] for path in paths}) <= 16


def test_several_groups_with_variants_told_apart() -> None:
    groups = [listing for listing in LISTINGS if listing.varies_by]
    assert len(groups) >= 6
    for group in groups:
        assert all(tuple(product.options) == group.varies_by for product in group.products)
        combinations = {tuple(product.options.values()) for product in group.products}
        assert len(combinations) == len(group.products) > 1


def test_nothing_stands_twice() -> None:
    for names in (
        [product.sku.casefold() for product in PRODUCTS],
        [product.slug for product in PRODUCTS],
        [product.name for product in PRODUCTS],
        [listing.slug for listing in LISTINGS],
    ):
        assert len(set(names)) == len(names)


def test_every_product_is_worth_looking_at() -> None:
    for product in PRODUCTS:
        assert 100 <= len(product.description) <= 1000
        assert product.price > 0
        assert product.compare_at_price is None or product.compare_at_price > product.price
        assert len(product.attributes) >= 2
        assert product.images == ()


def test_some_is_low_and_some_is_out() -> None:
    stocks = [product.stock for product in PRODUCTS]
    assert sum(1 for stock in stocks if stock == 0) >= 3
    assert sum(1 for stock in stocks if 0 < stock <= 5) >= 5
    assert sum(1 for stock in stocks if stock > 5) >= 30


def test_its_products_have_what_they_can_be_filtered_by() -> None:
    drafts = [draft for listing in LISTINGS for draft in listing.products]
    kinds = {"text": str, "number": int | float, "boolean": bool}
    for attribute in sample_attributes():
        code, kind = attribute["code"], kinds[attribute["type"]]
        values = [draft.attributes[code] for draft in drafts if code in draft.attributes]
        options = [draft.options[code] for draft in drafts if code in draft.options]
        assert len(values) + len(options) > 3, code
        assert all(isinstance(value, kind) for value in values), code
