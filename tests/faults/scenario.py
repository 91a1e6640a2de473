"""One scenario: a shop, a plan, a load with faults; then the verdict, and what is kept of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.faults.evidence import KEEP, keep_everything, keep_figures
from tests.faults.load import Fault, Load
from tests.faults.memory import Memory
from tests.faults.plan import Plan
from tests.faults.staging import Staging
from tests.faults.verdict import Verdict, judge
from tests.shop_clients import Staff


class Broken(AssertionError):
    """Promises that were not kept."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = {check: found for check, found in verdict.items() if found}
        shown = (f"{check}: {found[:3]}"[:3000] for check, found in self.verdict.items())
        super().__init__("\n".join(shown))


@asynccontextmanager
async def kept(
    name: str, shop: Staging, plan: dict[str, Any], memory: Memory
) -> AsyncIterator[None]:
    """Whatever goes wrong in this block, a broken promise or the block itself, everything that is
    needed to see why is kept; with KEEP=1 when nothing does, too."""
    try:
        yield
    except BaseException as failed:
        verdict = failed.verdict if isinstance(failed, Broken) else {"no verdict": [repr(failed)]}
        folder = await keep_everything(name, shop, plan, memory, verdict)
        failed.add_note(f"seed {plan['seed']}; everything is in {folder}")
        raise
    if KEEP:
        await keep_everything(name, shop, plan, memory, {})


async def endure(
    name: str, shop: Staging, plan: Plan, *faults: Fault, disk_fills: bool = False
) -> Load:
    """Run the plan, and hold the shop to its promises."""
    load = Load(shop, plan, await Staff.log_in(shop), Memory(disk_fills=disk_fills))
    async with kept(name, shop, plan.as_dict(), load.memory):
        await load.run(*faults)
        await hold(name, shop, plan.seed, load.memory, load.figures())
    return load


async def hold(
    name: str, shop: Staging, seed: str, memory: Memory, figures: dict[str, Any] | None = None
) -> None:
    """Check I1 to I8, and keep the figures. Raises Broken."""
    verdict, rested = await judge(shop, memory)
    if figures is not None:
        results = {check: len(found) for check, found in verdict.items()}
        keep_figures(name, figures | {"seed": seed, "seconds_to_rest": rested, "wrong": results})
    if any(verdict.values()):
        raise Broken(verdict)
