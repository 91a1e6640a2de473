"""PostgreSQL's connections: each is kept, and one is given to whoever asked first."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import await_only, greenlet_spawn

from shopkit.db import T
from shopkit.errors import Unavailable
from shopkit.prepared import Prepared, PreparingConnection

WAIT_SECONDS = 5
"""For a connection that is free."""


class Retry(Unavailable):
    """The database rolled back and asks to try again."""


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
        except asyncpg.InvalidCachedStatementError:  # by a migration: it is forgotten now
            raise Retry("The database has changed.") from None
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as exc:
            raise _as_sqlalchemys(text, exc, lost=self._driver.is_closed()) from None


class _Told(Exception):
    """What the database says of an error, without the DETAIL, which quotes rows; of a value that
    the driver refuses nothing, since it quotes that."""

    def __init__(self, error: Any) -> None:
        quotes = isinstance(error, asyncpg.DataError) or not error.args
        super().__init__(type(error).__name__ if quotes else error.args[0])
        self.sqlstate = getattr(error, "sqlstate", None)
        self.constraint_name = getattr(error, "constraint_name", None)


def _as_sqlalchemys(text: str, error: Exception, *, lost: bool) -> DBAPIError:
    """As SQLAlchemy tells it."""
    refused = isinstance(error, asyncpg.IntegrityConstraintViolationError)
    kind = IntegrityError if refused else DBAPIError
    return kind(text, None, _Told(error), hide_parameters=True, connection_invalidated=lost)


class Pool:
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
        self._closed = False

    async def use(self, work: Callable[[PostgresConnection], T]) -> T:
        """What `work` answers. Raises TimeoutError when no connection is free for too long."""
        if self._places.locked():
            async with asyncio.timeout(WAIT_SECONDS):
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
            if connection.is_usable and not self._closed:
                self._free.append(connection)
            else:
                connection.invalidate()

    async def _one(self) -> PostgresConnection:
        while self._free:
            connection = self._free.pop()
            if connection.is_usable:
                return connection
            connection.invalidate()
        return await greenlet_spawn(PostgresConnection, self._engine.sync_engine)

    async def close(self) -> None:
        """Those in use are closed when they are given back."""
        self._closed = True
        while self._free:
            self._free.pop().invalidate()
        await self._engine.dispose()
