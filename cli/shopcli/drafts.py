"""What a file or the sample says should be in the shop, before anything is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Attribute = str | int | bool | list[str]


@dataclass(frozen=True)
class Remark:
    """Something about one row that the owner of the file should know.

    `row` counts like a spreadsheet does: the header is row 1. `skipped`: the row was not taken.
    """

    row: int
    column: str
    reason: str
    skipped: bool


@dataclass(frozen=True)
class Image:
    url: str
    alt: str


@dataclass(frozen=True)
class ProductDraft:
    """One sellable thing. Prices in minor units of `currency`; `stock` is the opening stock.

    Empty fields (None, "", no images, no category) say nothing about an existing product.
    `former_sku`: what the product was called as long as its row had no SKU of its own.
    """

    row: int
    sku: str
    slug: str
    name: str
    price: int
    currency: str
    compare_at_price: int | None = None
    description: str = ""
    status: str = "active"
    stock: int = 0
    category: tuple[str, ...] = ()
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    images: tuple[Image, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    former_sku: str | None = None


@dataclass(frozen=True)
class Listing:
    """One entry of a shop window: a plain product, or the variants of a product group."""

    slug: str
    title: str
    varies_by: tuple[str, ...]
    products: tuple[ProductDraft, ...]
