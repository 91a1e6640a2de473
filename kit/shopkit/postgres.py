"""PostgreSQL through asyncpg: the same functions, retried when the database asks for it."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg
from sqlalchemy import Connection, Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import await_only, greenlet_spawn

from shopkit.db import Database, P, T, Transaction
from shopkit.errors import StorageFull, Unavailable
from shopkit.prepared import Prepared, PreparingConnection

RETRIED = {"40001", "40P01", "55P03"}
"""serialization_failure, deadlock_detected, lock_not_available (PostgreSQL, appendix A)."""
ATTEMPTS = 4
POOL_SECONDS = 5
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
        pool_timeout=POOL_SECONDS,
        hide_parameters=True,  # personal data must not get into logs by way of an exception
        connect_args={"timeout": 5, "server_settings": _SETTINGS | settings},
    )


class PostgresConnection(PreparingConnection):
    """In autocommit mode, and used within greenlets, as all of SQLAlchemy is on asyncpg."""

    prepared = Prepared()

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._driver: asyncpg.Connection = self.connection.driver_connection

    @property
    def is_usable(self) -> bool:
        return not (self.invalidated or self._driver.is_closed())

    def ask(
        self, text: str, values: Sequence[Any], *, reads: bool
    ) -> tuple[list[tuple[Any, ...]], int]:
        if reads:
            rows = self._await(text, self._driver.fetch(text, *values))
            return [tuple(row) for row in rows], len(rows)
        status = self._say(text, *values)
        return [], int(status.rpartition(" ")[2])  # `UPDATE 3`, `INSERT 0 1`

    def write_rows(self, text: str, rows: Any) -> None:
        self._say(text, *rows)

    def transact(self, call: Callable[[Connection], T]) -> T:
        """All of it or nothing; durable when it returns."""
        self._say("BEGIN")
        try:
            result = call(self)
            if self._say("COMMIT") != "COMMIT":
                raise RuntimeError("an error was passed over, and all of it was rolled back")
        except Exception:
            self._roll_back()
            raise
        return result

    def _roll_back(self) -> None:
        """Or the database does, when it hears that the connection is given up."""
        try:
            self._say("ROLLBACK")
        except (DBAPIError, OSError):
            self.invalidate()

    def _say(self, text: str, *values: Any) -> str:
        """What the database says that it did."""
        return str(self._await(text, self._driver.execute(text, *values)))

    def _await(self, text: str, answer: Awaitable[Any]) -> Any:
        try:
            return await_only(answer)
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as exc:
            raise _as_sqlalchemys(text, exc, lost=self._driver.is_closed()) from None


class _Told(Exception):
    """What the database says of an error, without the DETAIL, which quotes rows."""

    def __init__(self, error: Any) -> None:
        super().__init__(error.args[0] if error.args else type(error).__name__)
        self.sqlstate = getattr(error, "sqlstate", None)
        self.constraint_name = getattr(error, "constraint_name", None)


def _as_sqlalchemys(text: str, error: Exception, *, lost: bool) -> DBAPIError:
    """As SQLAlchemy tells it."""
    refused = isinstance(error, asyncpg.IntegrityConstraintViolationError)
    kind = IntegrityError if refused else DBAPIError
    return kind(text, None, _Told(error), hide_parameters=True, connection_invalidated=lost)


class _Pool:
    """So many connections, each opened when it is first wanted, and kept: whoever asks first is
    served first.

    SQLAlchemy's own pool gives a connection to whoever asks at the moment in which it is free, and
    sends those who waited for it to the end of the line. To take one from there and to give it back
    costs some 200 µs.
    """

    def __init__(self, engine: AsyncEngine, size: int) -> None:
        self._engine = engine
        self._places = asyncio.Semaphore(size)
        self._free: list[PostgresConnection] = []

    async def use(self, work: Callable[[PostgresConnection], T]) -> T:
        """What `work` answers. Raises TimeoutError when no connection is free for too long."""
        if self._places.locked():
            async with asyncio.timeout(POOL_SECONDS):
                await self._places.acquire()
        else:
            await self._places.acquire()
        try:
            return await self._use(work)
        finally:
            self._places.release()

    async def _use(self, work: Callable[[PostgresConnection], T]) -> T:
        connection = await self._one()
        try:
            return await greenlet_spawn(work, connection)
        except BaseException as exc:
            if not isinstance(exc, Exception):  # it was cancelled, who knows where
                connection.invalidate()
            raise
        finally:
            if connection.is_usable:
                self._free.append(connection)

    async def _one(self) -> PostgresConnection:
        while self._free:
            connection = self._free.pop()
            if connection.is_usable:
                return connection
            connection.invalidate()
        return await greenlet_spawn(PostgresConnection, self._engine.sync_engine)

    async def close(self) -> None:
        for connection in self._free:
            await greenlet_spawn(connection.close)
        await self._engine.dispose()


class PostgresDatabase(Database):
    dialect = "postgresql"

    def __init__(self, url: str, pool_size: int = 10) -> None:
        self._url, self._pool_size = url, pool_size

    async def start(self) -> None:
        self._engine = postgres_engine(self._url, self._pool_size, autocommit=True)
        self._pool = _Pool(self._engine, self._pool_size)
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
        self._slow_pool = _Pool(slow_engine, SLOW_POOL)

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
            except _Retry:
                await asyncio.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311
        return await _ask(self._pool, work)


async def _ask(pool: _Pool, work: Callable[[PostgresConnection], T]) -> T:
    try:
        return await pool.use(work)
    except (PoolTimeout, OSError, TimeoutError) as exc:
        raise Unavailable("The database does not answer.") from exc
    except DBAPIError as exc:
        # Where it stays as it is, it becomes its own cause: asyncpg's error, whose DETAIL
        # quotes the row, must not be printed with it.
        raise _translated(exc) from exc


class _Retry(Unavailable):
    """The database rolled back and asks to try again."""


def _translated(exc: DBAPIError) -> Exception:
    state: Any = getattr(exc.orig, "sqlstate", None) or ""
    if state in RETRIED:
        return _Retry("The database is busy.")
    if state == "53100":
        return StorageFull("The database has no space left; nothing was changed.")
    if exc.connection_invalidated or state[:2] in ("08", "57", "53"):
        return Unavailable("The database does not answer.")
    return exc
