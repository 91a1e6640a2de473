"""The calls of the public API that loading a catalog needs, in the importer's words."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import quote

from shopcli.client import ShopClient

ANY_STATUS = {"status": "any"}
EVERY_VARIANT = {"group": "expand"}

Item = dict[str, Any]


class CatalogApi:
    """Errors are those of ShopClient."""

    def __init__(self, client: ShopClient) -> None:
        self._client = client

    async def products(self) -> AsyncIterator[Item]:
        """All of them, whatever their status."""
        async for product in self._client.items("/api/products", ANY_STATUS | EVERY_VARIANT):
            yield product

    async def find_product(self, sku: str) -> Item | None:
        return await self._first("/api/products", {**ANY_STATUS, "sku": sku})

    async def create_product(self, body: Item) -> Item:
        return _object(await self._client.post("/api/products", body))

    async def change_product(self, product_id: str, patch: Item) -> Item:
        return _object(await self._client.patch(f"/api/products/{quote(product_id)}", patch))

    async def on_hand(self, product_id: str) -> int:
        stock = await self._client.get(f"/api/products/{quote(product_id)}/stock")
        return int(stock["on_hand"])

    async def set_stock(self, product_id: str, on_hand: int) -> None:
        await self._client.put(f"/api/products/{quote(product_id)}/stock", {"on_hand": on_hand})

    async def categories(self) -> list[Item]:
        """Those of the first level; each has its `children`."""
        return list(_object(await self._client.get("/api/categories")).get("items", []))

    async def create_category(self, name: str, slug: str, parent_id: str | None) -> Item:
        body = {"name": name, "slug": slug, "parent_id": parent_id}
        return _object(await self._client.post("/api/categories", body))

    async def attribute_codes(self) -> set[str]:
        items = _object(await self._client.get("/api/attributes")).get("items", [])
        return {str(item["code"]) for item in items}

    async def define_attribute(self, body: Item) -> Item:
        return _object(await self._client.post("/api/attributes", body))

    async def find_group(self, slug: str) -> Item | None:
        return await self._first("/api/product-groups", {"slug": slug})

    async def create_group(self, name: str, slug: str, varies_by: Sequence[str]) -> Item:
        body = {"name": name, "slug": slug, "varies_by": list(varies_by)}
        return _object(await self._client.post("/api/product-groups", body))

    async def change_group(self, group_id: str, patch: Item) -> Item:
        return _object(await self._client.patch(f"/api/product-groups/{quote(group_id)}", patch))

    async def _first(self, path: str, params: dict[str, str | int]) -> Item | None:
        async for item in self._client.items(path, params, limit=1):
            return item
        return None


def _object(answer: Any) -> Item:
    return answer if isinstance(answer, dict) else {}
