"""F3: the whole shop dies at once, in the middle of everything, and comes back in any order."""

import asyncio
import time

import pytest

from shopkit.testing import TestDatabases
from tests.faults.load import Load
from tests.faults.plan import FULL, Plan, scaled, seed_of
from tests.faults.scenario import endure
from tests.faults.staging import staging
from tests.shop_processes import MIGRATIONS

TIMES, BETWEEN = scaled(50), 40

pytestmark = [
    pytest.mark.torture,
    pytest.mark.skipif(not FULL, reason="takes long: FULL=1 runs it"),
]


async def kill_all(load: Load) -> None:
    """The provider is another company's, and lives on."""
    random, starts = load.plan.random("order"), []
    for number in range(TIMES):
        await load.progress.reach((number + 1) * BETWEEN)
        await asyncio.gather(*(load.shop.kill(name) for name in MIGRATIONS))
        load.killed["all at once"] += 1
        began = time.monotonic()
        await load.shop.start(*random.sample(list(MIGRATIONS), len(MIGRATIONS)))
        starts.append(round(time.monotonic() - began, 2))
    load.more["longest_start_seconds"] = max(starts)


async def test_f3_all_services_die_at_once(databases: TestDatabases) -> None:
    plan = Plan(
        seed=seed_of("all-killed"),
        clients=32,
        checkouts=(TIMES + 1) * BETWEEN,
        lost=0.02,
        repeated=0.02,
        stock=TIMES * BETWEEN // 4,
    )
    async with staging(databases) as shop:
        load = await endure("all-killed", shop, plan, kill_all)
        assert load.killed["all at once"] == TIMES
