"""PostgreSQL through asyncpg: the same functions, retried when the database asks for it."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shopkit.connections import WAIT_SECONDS, Pool, PostgresConnection, Retry
from shopkit.db import Database, P, T, Transaction
from shopkit.errors import StorageFull, Unavailable

RETRIED = {"40001", "40P01", "55P03"}
"""serialization_failure, deadlock_detected, lock_not_available (PostgreSQL, appendix A)."""
ATTEMPTS = 4
SLOW_POOL = 2
"""Connections for what may be slow. More than two would take the processor from what is quick, and
one event loop, whose part of a read takes about as long as PostgreSQL's, can hardly use them."""
_SETTINGS = {
    "statement_timeout": "5000",
    "lock_timeout": "2000",
    "idle_in_transaction_session_timeout": "10000",
    "timezone": "UTC",
    "jit": "off",  # it compiles for longer than any query here takes
    "random_page_cost": "1.1",  # what is read is in memory, or on flash
}


def postgres_engine(
    url: str, pool_size: int = 10, *, autocommit: bool = False, **settings: str
) -> AsyncEngine:
    """With `autocommit`, transactions are written out."""
    mode: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"} if autocommit else {}
    return create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        **mode,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=WAIT_SECONDS,
        hide_parameters=True,  # personal data must not get into logs by way of an exception
        connect_args={"timeout": 5, "server_settings": _SETTINGS | settings},
    )


class PostgresDatabase(Database):
    dialect = "postgresql"

    def __init__(self, url: str, pool_size: int = 10) -> None:
        self._url, self._pool_size = url, pool_size

    async def start(self) -> None:
        self._engine = postgres_engine(self._url, self._pool_size, autocommit=True)
        self._pool = Pool(self._engine, self._pool_size)
        # Planned for its values: what suits most of them may take a second with others. To look
        # into a document for words is dearer than other operators. One core each is enough.
        planned = {
            "plan_cache_mode": "force_custom_plan",
            "cpu_operator_cost": "0.02",
            "max_parallel_workers_per_gather": "0",
            # A page is a few rows by indexes; to think of other ways is a third of the planning.
            "enable_hashjoin": "off",
            "enable_mergejoin": "off",
        }
        slow_engine = postgres_engine(self._url, SLOW_POOL, autocommit=True, **planned)
        self._slow_pool = Pool(slow_engine, SLOW_POOL)

    async def stop(self) -> None:
        await self._slow_pool.close()
        await self._pool.close()

    async def read(self, function: Transaction[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await _ask(self._pool, lambda conn: function(conn, *args, **kwargs))

    async def read_slow(
        self, function: Transaction[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """On connections of its own: nothing else waits for one of them."""
        return await _ask(self._slow_pool, lambda conn: function(conn, *args, **kwargs))

    async def run(self, function: Transaction[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        def work(conn: PostgresConnection) -> T:
            return conn.transact(lambda conn: function(conn, *args, **kwargs))

        for attempt in range(1, ATTEMPTS):
            try:
                return await _ask(self._pool, work)
            except Retry:
                await asyncio.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311
        return await _ask(self._pool, work)


async def _ask(pool: Pool, work: Callable[[PostgresConnection], T]) -> T:
    try:
        return await pool.use(work)
    except (PoolTimeout, OSError, TimeoutError) as exc:
        raise Unavailable("The database does not answer.") from exc
    except DBAPIError as exc:
        # Where it stays as it is, it becomes its own cause: asyncpg's error, whose DETAIL
        # quotes the row, must not be printed with it.
        raise _translated(exc) from exc


def _translated(exc: DBAPIError) -> Exception:
    state: Any = getattr(exc.orig, "sqlstate", None) or ""
    if state in RETRIED:
        return Retry("The database is busy.")
    if state == "53100":
        return StorageFull("The database has no space left; nothing was changed.")
    if exc.connection_invalidated or state[:2] in ("08", "57", "53"):
        return Unavailable("The database does not answer.")
    return exc
