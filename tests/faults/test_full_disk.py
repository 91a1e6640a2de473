"""F7: the disk of all four services is full, again and again; the provider has its own."""

import asyncio
import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shopkit.testing import TestDatabases
from tests.faults.load import Load
from tests.faults.plan import FULL, Plan, scaled, seed_of
from tests.faults.scenario import endure
from tests.faults.staging import staging

TIMES, BETWEEN, SECONDS = scaled(20), 30, 3.0
SIZE = "128m"
MAY_MOUNT = sys.platform == "linux" and os.geteuid() == 0

pytestmark = [
    pytest.mark.torture,
    pytest.mark.skipif(not FULL, reason="takes long: FULL=1 runs it"),
    pytest.mark.skipif(not MAY_MOUNT, reason="only root on Linux may mount a small disk"),
    pytest.mark.skipif("TEST_POSTGRES_URL" in os.environ, reason="SQLite's files are meant"),
]


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    disk = folder / "disk"
    disk.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(disk)]
    subprocess.run(["mount", *options], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(ballast: Path) -> None:
    """Until not a page is left."""
    with ballast.open("wb", buffering=0) as file:
        for size in (2**20, 4096):
            try:
                while file.write(b"\0" * size) == size:
                    pass
            except OSError as full:
                assert full.errno == errno.ENOSPC


async def fill_disk(load: Load) -> None:
    ballast = Path(load.shop.databases["orders"].removeprefix("sqlite:///")).parent / "ballast"
    for number in range(TIMES):
        await load.progress.reach((number + 1) * BETWEEN)
        for _ in range(6):  # what a checkpoint frees is taken too
            await asyncio.to_thread(fill, ballast)
            await asyncio.sleep(SECONDS / 6)
        answer = await load.shop.client("catalog").get("/api/products")
        assert answer.status_code == 200, "what is there can be read"
        ballast.unlink()
        load.more["disk_full"] = number + 1


async def test_f7_a_full_disk_refuses_and_loses_nothing(tmp_path: Path) -> None:
    plan = Plan(
        seed=seed_of("disk-full"),
        clients=16,
        checkouts=(TIMES + 1) * BETWEEN,
        stock=TIMES * BETWEEN // 4,
    )
    with small_disk(tmp_path) as disk:
        async with staging(TestDatabases(disk, None)) as shop:
            load = await endure("disk-full", shop, plan, fill_disk, disk_fills=True)
        assert load.more["disk_full"] == TIMES
        assert any(entry[5] == 507 for entry in load.memory.entries)
