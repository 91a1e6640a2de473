"""A catalog in memory, with the same interface and manners as `HttpCatalog`."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from cart.domain import Offer, Offers
from shopkit.errors import Unavailable
from shopkit.ids import new_id


class FakeCatalog:
    """`down` makes it unreachable; `calls` lists what was asked."""

    def __init__(self) -> None:
        self.offers: dict[str, Offer] = {}
        self.calls: list[list[str]] = []
        self.down = False

    def add(self, **values: Any) -> str:
        """A product; answers its id. 19.99 USD and 10 in stock unless told otherwise."""
        number = len(self.offers) + 1
        defaults: dict[str, Any] = {
            "sku": f"SKU-{number}",
            "name": f"Product {number}",
            "amount": 1999,
            "currency": "USD",
            "available": 10,
            "backorder": False,
            "active": True,
        }
        offer = Offer(product_id=new_id(), **{**defaults, **values})
        self.offers[offer.product_id] = offer
        return offer.product_id

    def change(self, product_id: str, **values: Any) -> None:
        self.offers[product_id] = replace(self.offers[product_id], **values)

    def remove(self, product_id: str) -> None:
        del self.offers[product_id]

    async def find_offers(self, product_ids: Iterable[str]) -> Offers:
        ids = sorted(product_ids)
        if not ids:
            return {}
        self.calls.append(ids)
        await asyncio.sleep(0)  # other requests get their turn, as they do while we wait
        if self.down:
            raise Unavailable("The catalog is down.")
        return {found: self.offers[found] for found in ids if found in self.offers}
