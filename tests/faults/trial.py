"""One trial: orders with one fault in it, one journey past it, and the promises afterwards."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.faults.evidence import keep_figures
from tests.faults.journeys import STOCK, Journey, Traveller
from tests.faults.scenario import hold, kept
from tests.faults.staging import Staging
from tests.shop_clients import Staff

LEASE_SECONDS = "1"
"""Less than a failpoint delays: somebody else takes over meanwhile."""


PASSED: Counter[str] = Counter()
"""Trials of this process, by kind."""


async def restart(shop: Staging, journey: Journey, failpoint: str = "") -> None:
    """Orders anew, as the journey wants it; what ran before is at rest."""
    if "orders" in shop.processes:
        await shop.kill("orders")
    settings = {"lease_seconds": LEASE_SECONDS, "capture_at": journey.capture_at}
    await shop.start("orders", **settings, failpoints=failpoint)


async def travel(name: str, shop: Staging, staff: Staff, journey: Journey) -> None:
    one = Traveller(shop, staff, await staff.product(stock=STOCK))
    async with kept(name, shop, {"seed": name}, one.memory):
        await journey.go(one)
        await hold(name, shop, name, one.memory)
        await one.on_hand(journey.left)
    _count(name.partition("-")[0])


def _count(kind: str) -> None:
    PASSED[kind] += 1
    kills = {"orders": PASSED[kind]} if kind == "kill" else {}
    figures = {"trials": PASSED[kind], "orders": PASSED[kind], "kills": kills}
    keep_figures(f"steps-{kind}", {**figures, "seed": "", "wrong": {}})


@asynccontextmanager
async def healing(shop: Staging, journey: Journey) -> AsyncIterator[None]:
    """Orders dies in this block, and is started again."""

    async def heal() -> None:
        await shop.dies("orders")
        await restart(shop, journey)

    task = asyncio.create_task(heal())
    try:
        yield
        await task
    finally:
        task.cancel()


def acted(shop: Staging, failpoint: str, action: str) -> bool:
    return f'"name":"{failpoint}","action":"{action}"' in shop.log("orders")
