"""Browse at a fixed rate: requests are due whether or not earlier ones have been answered.

A closed loop asks less while answers are slow, and so hides how long people wait.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import aiohttp


def browse(url: str, paths: Sequence[str], *, per_second: int, seconds: int) -> dict[str, Any]:
    """Latencies from the moment at which each request was due, and how many were refused."""
    return asyncio.run(_browse(url, paths, per_second, per_second * seconds))


async def _browse(url: str, paths: Sequence[str], per_second: int, count: int) -> dict[str, Any]:
    latencies: list[float] = []
    refused = 0

    async def ask(session: aiohttp.ClientSession, path: str, due: float) -> None:
        nonlocal refused
        async with session.get(path) as answer:
            await answer.read()
        latencies.append((time.perf_counter() - due) * 1000)
        refused += answer.status != 200

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(url, connector=connector) as session:
        begun = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                due = begun + number / per_second
                await asyncio.sleep(due - time.perf_counter())
                group.create_task(ask(session, paths[number % len(paths)], due))
    latencies.sort()
    return {
        "requests": count,
        "refused": refused,
        "p50_ms": round(latencies[count // 2], 2),
        "p99_ms": round(latencies[count * 99 // 100], 2),
    }
