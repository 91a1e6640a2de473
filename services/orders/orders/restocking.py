"""Returned goods go back into stock, once however often it is told."""

from collections.abc import Mapping
from typing import Any

from orders.discrepancies import Finding, report
from orders.errors import RestockRefused
from orders.parties import Parties


class ReturnDelivery:
    """Hands `catalog.restock` events to catalog; what it refuses goes on the staff's list."""

    def __init__(self, it: Parties) -> None:
        self._it = it

    async def deliver(self, payload: Mapping[str, Any]) -> None:
        quantities = {item["product_id"]: item["quantity"] for item in payload["items"]}
        return_id, order_id = payload["return_id"], payload["order_id"]
        try:
            async with self._it.at("s1"):
                await self._it.catalog.restock(return_id, order_id, quantities)
        except RestockRefused as refused:  # definite: to repeat it would change nothing
            finding = Finding("restock_refused", return_id, refused.detail, order_id)
            await self._it.database.run(report, finding, now=self._it.clock.now())
