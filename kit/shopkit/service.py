"""A service: two apps, one database, and what runs beside them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fastapi import FastAPI

from shopkit.db import Database
from shopkit.logs import get_logger
from shopkit.schema_version import check_schema

log = get_logger()
RESTART_SECONDS = 1.0


class Closable(Protocol):
    async def close(self) -> None: ...


@dataclass(frozen=True)
class Service:
    """What `build(settings)` of a service answers. Nothing is open before `running()`."""

    name: str
    migrations: Path
    database: Database
    public: FastAPI
    internal: FastAPI
    background: Sequence[Callable[[], Awaitable[None]]] = ()
    closables: Sequence[Closable] = ()
    checks: Sequence[Callable[[], None]] = ()
    """Whatever raises here is a reason not to start."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Open the database, refuse a wrong schema, run the background; undo it all at the end."""
        for check in self.checks:
            check()
        await self.database.start()
        try:
            await check_schema(self.database, self.migrations, f"shop-{self.name}")
            async with running_beside(self.background):
                yield
        finally:
            for closable in self.closables:
                with suppress(Exception):
                    await closable.close()
            await self.database.stop()


@asynccontextmanager
async def running_beside(
    background: Sequence[Callable[[], Awaitable[None]]],
) -> AsyncIterator[None]:
    """Keep the background running until the end of the block."""
    tasks = [asyncio.create_task(_keep_running(work)) for work in background]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _keep_running(work: Callable[[], Awaitable[None]]) -> None:
    """Background work must not end by an error: it is logged and begun again."""
    while True:
        try:
            await work()
            return
        except Exception:
            log.exception("background_work_failed", work=getattr(work, "__qualname__", str(work)))
            await asyncio.sleep(RESTART_SECONDS)
