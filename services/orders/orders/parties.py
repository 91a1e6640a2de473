"""Who takes part in a checkout, and the named places where a test may make it fail."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from orders.clients.cart import Cart
from orders.clients.catalog import Catalog
from orders.clients.provider import Provider
from shopkit.clock import SYSTEM_CLOCK, Clock
from shopkit.db import Database
from shopkit.failpoints import Failpoints

CaptureAt = Literal["order", "shipment"]


@dataclass(frozen=True)
class Parties:
    database: Database
    cart: Cart
    catalog: Catalog
    providers: Mapping[str, Provider] = field(default_factory=dict)
    """By the payment method that customers name."""
    capture_at: CaptureAt = "order"
    clock: Clock = SYSTEM_CLOCK
    lease: timedelta = timedelta(seconds=15)
    failpoints: Failpoints = field(default_factory=Failpoints)

    def lease_end(self) -> datetime:
        return self.clock.now() + self.lease

    def at(self, step: str) -> AbstractAsyncContextManager[None]:
        """`async with it.at("r1")`: failpoints before and after what is inside."""
        return self._failing(step) if self.failpoints else nullcontext()

    @asynccontextmanager
    async def _failing(self, step: str) -> AsyncIterator[None]:
        await self.failpoints.hit(f"before_{step}")
        yield
        await self.failpoints.hit(f"after_{step}")
