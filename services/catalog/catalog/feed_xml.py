"""The XML of the Google Merchant feed (RSS 2.0) and of sitemaps, a piece at a time.

support.google.com/merchants/answer/7052112 and sitemaps.org/protocol.html say what is in them.
"""

import html
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shopkit.money import written

MAX_ADDRESSES = 50_000
"""Of one sitemap."""
_MAX_IMAGES = 10
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
FEED_BEGIN = (
    f'{_DECLARATION}<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">\n<channel>\n'
    "<title>{title}</title>\n<link>{link}</link>\n<description>{title}</description>\n"
)
FEED_END = "</channel>\n</rss>\n"
_SITEMAPS = "http://www.sitemaps.org/schemas/sitemap/0.9"
SITEMAP_BEGIN = f'{_DECLARATION}<urlset xmlns="{_SITEMAPS}">\n'
SITEMAP_END = "</urlset>\n"
INDEX_BEGIN = f'{_DECLARATION}<sitemapindex xmlns="{_SITEMAPS}">\n'
INDEX_END = "</sitemapindex>\n"
# XML 1.0 has no way to write these, escaped or not.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAMED = {"brand": 70, "gtin": 50, "mpn": 70, "color": 100, "size": 100, "material": 200}
"""Attributes and options that Google knows by the same name, and how long they may be."""


class Links:
    """Where products and categories are in the storefront, and files behind the gateway."""

    def __init__(self, storefront_url: str, public_url: str) -> None:
        self._storefront, self._public = storefront_url.rstrip("/"), public_url.rstrip("/")

    @property
    def home(self) -> str:
        return f"{self._storefront}/"

    def product(self, slug: str) -> str:
        return f"{self._storefront}/products/{slug}"

    def category(self, slug: str) -> str:
        return f"{self._storefront}/categories/{slug}"

    def file(self, url: str) -> str:
        """Of an image: as it is, or under our own address."""
        return f"{self._public}{url}" if url.startswith("/") else url


def text(value: str, longest: int | None = None) -> str:
    """Ready to stand between tags."""
    return html.escape(_FORBIDDEN.sub("", value)[:longest].strip(), quote=False)


def offer(product: Mapping[str, Any], links: Links, paths: Mapping[str, str]) -> str | None:
    """An item of the feed; None for a product without an image, which Google does not take.

    `product` has the columns that `repository.feeds` reads; `paths` are names of categories from
    the root, by id.
    """
    details, currency = product["details"], product["price_currency"]
    images = [text(links.file(image["url"])) for image in details["images"]]
    if not images:
        return None
    members = [
        ("id", product["id"]),
        ("title", text(product["name"], 150)),
        ("description", text(product["description"], 5000) or text(product["name"], 5000)),
        ("link", text(links.product(product["slug"]))),
        ("image_link", images[0]),
        *(("additional_image_link", image) for image in images[1 : _MAX_IMAGES + 1]),
        *_prices(product["price_amount"], product["compare_at_amount"], currency),
        ("availability", "in_stock" if product["available"] > 0 else "out_of_stock"),
        ("condition", "new"),
    ]
    group = details["group"]
    if group:
        members.append(("item_group_id", group["id"]))
    places = (paths[id_] for id_ in details["category_ids"] if id_ in paths)
    members += [("product_type", text(path, 750)) for path in places][:1]
    members += _named({**details["attributes"], **(group["options"] if group else {})})
    return f"<item>{''.join(f'<g:{name}>{value}</g:{name}>' for name, value in members)}</item>\n"


def _prices(amount: int, compare_at: int | None, currency: str) -> list[tuple[str, str]]:
    """What is crossed out is Google's price, and what is paid the sale's."""
    if compare_at is None or compare_at <= amount:
        return [("price", written(amount, currency))]
    return [("price", written(compare_at, currency)), ("sale_price", written(amount, currency))]


def _named(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    known = {
        name.casefold(): text(str(value), _NAMED[name.casefold()])
        for name, value in values.items()
        if name.casefold() in _NAMED
        and isinstance(value, str | int | float)
        and not isinstance(value, bool)
    }
    found = [(name, value) for name, value in known.items() if value]
    names = {name for name, _ in found}
    if "gtin" not in names and not {"brand", "mpn"} <= names:
        found.append(("identifier_exists", "no"))
    return found


def address(url: str, changed_at: datetime | None = None) -> str:
    """An entry of a sitemap."""
    changed = f"<lastmod>{_moment(changed_at)}</lastmod>" if changed_at else ""
    return f"<url><loc>{text(url)}</loc>{changed}</url>\n"


def sitemap(url: str, changed_at: datetime) -> str:
    """An entry of the index of sitemaps."""
    return f"<sitemap><loc>{text(url)}</loc><lastmod>{_moment(changed_at)}</lastmod></sitemap>\n"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
