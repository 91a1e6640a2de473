"""What the outbox delivers to cart: that of a confirmed order becomes converted."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from orders.domain import Order
from orders.parties import Parties

PATIENCE_SECONDS = 0.3


class CartDelivery:
    """Hands `cart.consume` events to cart, and lets a confirmed checkout wait for its own.

    Customers who look at their cart right after the order should find it empty. It is only a
    courtesy: the outbox delivers anyway.
    """

    def __init__(self, it: Parties) -> None:
        self._it = it
        self._awaited: dict[str, asyncio.Event] = {}

    async def deliver(self, payload: Mapping[str, Any]) -> None:
        order_id = payload["order_id"]
        async with self._it.at("consume"):
            await self._it.cart.consume(order_id)
        if delivered := self._awaited.get(order_id):
            delivered.set()

    async def hurry(self, order: Order, wake_relay: Callable[[], None]) -> None:
        delivered = self._awaited[order.id] = asyncio.Event()
        wake_relay()
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(delivered.wait(), PATIENCE_SECONDS)
        finally:
            del self._awaited[order.id]
