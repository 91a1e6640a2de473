"""Returned goods go back into stock, once however often it is told."""

from collections.abc import Mapping
from typing import Any

from orders.parties import Parties


class ReturnDelivery:
    """Hands `catalog.restock` events to catalog."""

    def __init__(self, it: Parties) -> None:
        self._it = it

    async def deliver(self, payload: Mapping[str, Any]) -> None:
        quantities = {item["product_id"]: item["quantity"] for item in payload["items"]}
        async with self._it.at("s1"):
            await self._it.catalog.restock(payload["return_id"], payload["order_id"], quantities)
