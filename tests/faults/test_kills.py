"""Services die at random, and messages get lost and come twice, while customers buy."""

import pytest

from shopkit.testing import TestDatabases
from tests.faults.plan import FULL, Plan, kills, seed_of, sized
from tests.faults.scenario import endure
from tests.faults.staging import staging

WEIGHTS = {"orders": 10, "catalog": 4, "cart": 4, "sandbox": 3, "auth": 1}


@pytest.mark.torture
async def test_kills_losses_and_repetitions(databases: TestDatabases) -> None:
    seed, checkouts = seed_of("kills"), sized(2000, 20_000)
    plan = Plan(
        seed=seed,
        clients=64 if FULL else 32,
        checkouts=checkouts,
        kills=kills(seed, sized(40, 500), checkouts, WEIGHTS),
        lost=0.10,
        repeated=0.05,
        delayed=0.02,
        stock=checkouts // 8,
    )
    async with staging(databases) as shop:
        load = await endure("kills", shop, plan)
        assert sum(load.killed.values()) == len(plan.kills)
        assert load.memory.orders
