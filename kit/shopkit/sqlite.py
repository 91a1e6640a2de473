"""SQLite: one process writes, by one connection, with one fsync for all that wait together.

Sources of the settings: sqlite.org/wal.html, /pragma.html and /lockingv3.html.
"""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from shopkit.db import Database, P, T, Transaction
from shopkit.errors import StorageFull, Unavailable
from shopkit.prepared import Prepared, PreparingConnection

PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=5000",
    "trusted_schema=OFF",
    "mmap_size=0",
    "journal_size_limit=67108864",
)
# What savepoints keep goes through files otherwise, and a third of a large batch's time with it.
WRITER_PRAGMAS = ("temp_store=MEMORY", "cache_size=-16384")
# Only the writer checkpoints: before SQLite 3.51.3 two checkpointers can corrupt a WAL.
READER_PRAGMAS = ("query_only=ON", "wal_autocheckpoint=0", "cache_size=-8192")
MAX_GROUP = 64
_Work = tuple[Callable[[Connection], Any], "asyncio.Future[Any]"]


class DatabaseInUse(RuntimeError):
    """Another process may write to this SQLite file."""


def sqlite_engine(url: str, *pragmas: str) -> Engine:
    """An engine whose connections are in autocommit mode; transactions are written out."""
    engine = create_engine(
        make_url(url).set(drivername="sqlite+pysqlite"),
        poolclass=QueuePool,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,  # personal data must not get into logs by way of an exception
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _: object) -> None:
        for pragma in (*PRAGMAS, *pragmas):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def lock_file(url: str) -> int:
    """Take the lock that one process may have; raises DatabaseInUse. Ends with the process."""
    path = Path(f"{make_url(url).database}.lock")
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise DatabaseInUse(
            f"{make_url(url).database} is in use by another process; stop that one first"
        ) from None
    return handle


class SqliteConnection(PreparingConnection):
    prepared = Prepared()

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._driver: Any = self.connection.driver_connection

    def ask(
        self, text: str, values: Sequence[Any], *, reads: bool
    ) -> tuple[list[tuple[Any, ...]], int]:
        try:
            cursor = self._driver.execute(text, values)
            return cursor.fetchall(), cursor.rowcount
        except sqlite3.Error as exc:
            raise _as_sqlalchemys(text, exc) from exc

    def write_rows(self, text: str, rows: Any) -> None:
        try:
            self._driver.executemany(text, rows)
        except sqlite3.Error as exc:
            raise _as_sqlalchemys(text, exc) from exc


def _as_sqlalchemys(text: str, exc: sqlite3.Error) -> Exception:
    """As SQLAlchemy tells it."""
    return DBAPIError.instance(text, None, exc, sqlite3.Error, hide_parameters=True)


def read_by(
    connection: SqliteConnection,
    function: Transaction[P, T],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """What the function says; the database's trouble comes out as a Problem."""
    try:
        return function(connection, *args, **kwargs)
    except DBAPIError as exc:
        raise _translated(exc) from exc


class SqliteDatabase(Database):
    dialect = "sqlite"

    def __init__(self, url: str) -> None:
        self._url = url
        self._waiting: list[_Work] = []
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="slow-read")

    async def start(self) -> None:
        self._lock = lock_file(self._url)
        self._engine = sqlite_engine(self._url, *WRITER_PRAGMAS)
        self._read_engine = sqlite_engine(self._url, *READER_PRAGMAS)
        self._writer = SqliteConnection(self._engine)
        self._driver: Any = self._writer.connection.driver_connection
        self._reader = SqliteConnection(self._read_engine)
        self._slow_reader = SqliteConnection(self._read_engine)

    async def stop(self) -> None:
        self._commit_waiting()
        self._threads.shutdown(wait=True)
        for connection in (self._reader, self._slow_reader, self._writer):
            connection.close()
        self._read_engine.dispose()
        self._engine.dispose()
        os.close(self._lock)

    async def read(self, function: Transaction[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return read_by(self._reader, function, *args, **kwargs)

    async def read_slow(
        self, function: Transaction[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        call = partial(read_by, self._slow_reader, function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    async def run(self, function: Transaction[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._commit_waiting)  # after all that became ready in this tick
        self._waiting.append((lambda conn: function(conn, *args, **kwargs), future))
        return await future

    def _commit_waiting(self) -> None:
        work, self._waiting = self._waiting, []
        for start in range(0, len(work), MAX_GROUP):
            self._commit_group([w for w in work[start : start + MAX_GROUP] if not w[1].done()])

    def _commit_group(self, group: list[_Work]) -> None:
        """One transaction and one fsync; callers hear of it after the commit, or of its failure."""
        results: list[tuple[asyncio.Future[Any], Any, BaseException | None]] = []
        try:
            self._roll_back()  # what a failing disk may have left
            self._driver.execute("BEGIN IMMEDIATE")
            for function, future in group:
                results.append((future, *self._in_savepoint(function)))
            self._driver.execute("COMMIT")
        except Exception as exc:
            with suppress(sqlite3.Error):  # a failing disk may fail this too; callers must hear
                self._roll_back()
            failure = _translated(exc)
            results = [(future, None, failure) for _, future in group]
        for future, result, error in results:
            if future.cancelled():
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

    def _roll_back(self) -> None:
        if self._driver.in_transaction:
            self._driver.execute("ROLLBACK")

    def _in_savepoint(
        self, function: Callable[[Connection], Any]
    ) -> tuple[Any, BaseException | None]:
        self._driver.execute("SAVEPOINT one")
        try:
            result = function(self._writer)
        except Exception as exc:
            if not self._driver.in_transaction:
                raise  # SQLite rolled the whole group back (disk full, I/O error)
            self._driver.execute("ROLLBACK TO one")
            self._driver.execute("RELEASE one")
            return None, _translated(exc)
        self._driver.execute("RELEASE one")
        return result, None


def _translated(exc: Exception) -> Exception:
    """A Problem for what is the database's trouble; anything else as it is."""
    original = exc.orig if isinstance(exc, DBAPIError) else exc
    name = getattr(original, "sqlite_errorname", "")
    if name == "SQLITE_FULL" or name.startswith("SQLITE_IOERR"):
        return StorageFull("The disk is full or failing; nothing was changed.")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Unavailable("The database is busy.")
    return exc
