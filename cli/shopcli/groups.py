"""The product group of a listing with variants: found by them, else by its slug, else made."""

from collections.abc import Sequence
from typing import Any

from shopcli.catalog_api import CatalogApi, Item
from shopcli.drafts import Listing
from shopcli.errors import ApiProblem


class Groups:
    def __init__(self, api: CatalogApi) -> None:
        self._api = api

    async def ensure(self, listing: Listing, variants: Sequence[Item | None]) -> str:
        """The id of the group; it varies by what the listing says afterwards."""
        known = next((item["group"] for item in variants if item and item.get("group")), None)
        group = known or await self._api.find_group(listing.slug) or await self._made(listing)
        patch = self._difference(listing, group)
        if patch:
            await self._api.change_group(str(group["id"]), patch)
        return str(group["id"])

    async def _made(self, listing: Listing) -> Item:
        try:
            return await self._api.create_group(listing.title, listing.slug, listing.varies_by)
        except ApiProblem as problem:
            if problem.status != 409:
                raise
            group = await self._api.find_group(listing.slug)
            if group is None:
                raise
            return group

    def _difference(self, listing: Listing, group: Item) -> dict[str, Any]:
        patch: dict[str, Any] = {}
        if list(group.get("varies_by", [])) != list(listing.varies_by):
            patch["varies_by"] = list(listing.varies_by)
        if "name" in group and group["name"] != listing.title:
            patch["name"] = listing.title
        return patch
