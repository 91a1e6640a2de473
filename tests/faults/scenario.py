"""One scenario: a shop, a plan, a load with faults; then the verdict, and what is kept of it."""

from typing import Any

from tests.faults.evidence import KEEP, keep_everything, keep_figures
from tests.faults.load import Fault, Load
from tests.faults.memory import Memory
from tests.faults.plan import Plan
from tests.faults.staging import Staging
from tests.faults.verdict import judge
from tests.shop_clients import Staff


async def endure(
    name: str, shop: Staging, plan: Plan, *faults: Fault, disk_fills: bool = False
) -> Load:
    """Run the plan, and hold the shop to its promises."""
    load = Load(shop, plan, await Staff.log_in(shop), Memory(disk_fills=disk_fills))
    try:
        await load.run(*faults)
    except BaseException as broken:
        await keep_everything(name, shop, plan.as_dict(), load.memory, {"broken": [repr(broken)]})
        raise
    await hold(name, shop, plan.as_dict(), load.memory, load.figures())
    return load


async def hold(
    name: str,
    shop: Staging,
    plan: dict[str, Any],
    memory: Memory,
    figures: dict[str, Any] | None = None,
) -> None:
    """Check I1 to I8; keep the figures, and of a failure all there is."""
    verdict, rested = await judge(shop, memory)
    wrong = {check: found for check, found in verdict.items() if found}
    if figures is not None:
        results = {check: len(found) for check, found in verdict.items()}
        more = {"seed": plan["seed"], "seconds_to_rest": rested, "wrong": results}
        keep_figures(name, figures | more)
    if wrong or KEEP:
        folder = await keep_everything(name, shop, plan, memory, verdict)
    if wrong:
        shown = "\n".join(f"{check}: {found[:3]}"[:3000] for check, found in wrong.items())
        raise AssertionError(f"seed {plan['seed']}; everything is in {folder}\n{shown}")
