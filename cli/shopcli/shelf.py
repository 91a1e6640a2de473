"""What the shop already has, by SKU: read in bulk where that costs less than asking one by one."""

import unicodedata
from typing import Any

from shopcli.catalog_api import CatalogApi
from shopcli.client import MAX_PAGE


class Shelf:
    def __init__(self, api: CatalogApi) -> None:
        self._api = api
        self._products: dict[str, dict[str, Any]] = {}
        self._complete = False

    async def fill(self, wanted: int) -> None:
        """Reads the list as long as its pages are few beside `wanted` look-ups."""
        budget = MAX_PAGE * (3 + wanted // 4)
        async for product in self._api.products():
            self.put(product)
            budget -= 1
            if budget <= 0:
                return
        self._complete = True

    async def find(self, sku: str) -> dict[str, Any] | None:
        known = self._products.get(_folded(sku))
        if known is not None or self._complete:
            return known
        return await self.look_up(sku)

    async def look_up(self, sku: str) -> dict[str, Any] | None:
        """Asks the shop itself."""
        product = await self._api.find_product(sku)
        if product is not None:
            self.put(product)
        return product

    def put(self, product: dict[str, Any]) -> None:
        self._products[_folded(str(product["sku"]))] = product


def _folded(sku: str) -> str:
    """The form in which the shop takes SKUs for the same."""
    return unicodedata.normalize("NFC", sku).casefold()
