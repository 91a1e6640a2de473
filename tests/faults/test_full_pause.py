"""F13: orders sleeps for longer than its leases; with PostgreSQL a second copy takes over, and the
first wakes up in the middle of what is no longer its own."""

import asyncio
import os
import signal

import pytest

from shopkit.testing import TestDatabases
from tests.faults.load import Load
from tests.faults.plan import FULL, Plan, scaled, seed_of
from tests.faults.scenario import endure
from tests.faults.staging import COPY, staging

SECONDS, TIMES, BETWEEN = 20.0, scaled(3), 300
TWO_COPIES = "TEST_POSTGRES_URL" in os.environ

pytestmark = [
    pytest.mark.torture,
    pytest.mark.skipif(not FULL, reason="takes long: FULL=1 runs it"),
]


async def pause(load: Load) -> None:
    for number in range(TIMES):
        await load.progress.reach((number + 1) * BETWEEN)
        pid = load.shop.processes["orders"].pid
        assert pid
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(SECONDS)
        finally:
            os.kill(pid, signal.SIGCONT)
        load.more["pauses"] = number + 1


async def test_f13_a_sleeper_wakes_up_and_does_no_harm(databases: TestDatabases) -> None:
    plan = Plan(
        seed=seed_of("pause"),
        clients=32,
        checkouts=(TIMES + 1) * BETWEEN,
        lost=0.02,
        repeated=0.02,
        stock=TIMES * BETWEEN // 4,
    )
    async with staging(databases) as shop:
        if TWO_COPIES:
            await shop.start(COPY)
            shop.copies = ["orders", COPY]
        load = await endure("pause", shop, plan, pause)
        assert load.more["pauses"] == TIMES
