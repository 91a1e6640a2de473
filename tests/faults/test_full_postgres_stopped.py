"""F10: PostgreSQL is stopped as by `pg_ctl stop -m immediate` in mid-load, and recovers."""

import asyncio
import os
from pathlib import Path

import asyncpg
import pytest

from shopkit.testing import TestDatabases
from tests.faults.load import Load
from tests.faults.plan import FULL, Plan, scaled, seed_of
from tests.faults.scenario import endure
from tests.faults.staging import staging
from tools.postgres import running_cluster

TIMES, BETWEEN, SECONDS = scaled(10), 100, 1.0

pytestmark = [
    pytest.mark.torture,
    pytest.mark.skipif(not FULL, reason="takes long: FULL=1 runs it"),
    pytest.mark.skipif("TEST_POSTGRES_URL" not in os.environ, reason="PostgreSQL is meant"),
]


async def keep_what_is_committed(url: str) -> None:
    """The throw-away cluster is told to be fast; here a commit has to outlive the server. The
    machine stays on, so that the operating system keeps what was written without fsync."""
    connection = await asyncpg.connect(url)
    await connection.execute("ALTER ROLE postgres SET synchronous_commit = on")
    await connection.close()


async def test_f10_postgresql_is_stopped_at_once(tmp_path: Path) -> None:
    plan = Plan(
        seed=seed_of("postgres-stopped"),
        clients=32,
        checkouts=(TIMES + 1) * BETWEEN,
        lost=0.02,
        repeated=0.02,
        stock=TIMES * BETWEEN // 4,
    )
    with running_cluster() as cluster:

        async def stop_and_start(load: Load) -> None:
            for number in range(TIMES):
                await load.progress.reach((number + 1) * BETWEEN)
                await asyncio.to_thread(cluster.stop)
                await asyncio.sleep(SECONDS)
                await asyncio.to_thread(cluster.start, cluster.port)
                load.more["postgres_stopped"] = number + 1

        await keep_what_is_committed(cluster.url)
        async with staging(TestDatabases(tmp_path, cluster.url)) as shop:
            load = await endure("postgres-stopped", shop, plan, stop_and_start)
            assert load.more["postgres_stopped"] == TIMES
