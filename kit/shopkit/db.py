"""Database: run a plain function in one transaction, on SQLite or on PostgreSQL."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url

P = ParamSpec("P")
T = TypeVar("T")
Transaction = Callable[Concatenate[Connection, P], T]


class Reads(ABC):
    """What may be done where nothing is written."""

    dialect: str

    @abstractmethod
    async def read(self, function: Transaction[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run outside of a transaction, for reads that are quick."""

    @abstractmethod
    async def read_slow(
        self, function: Transaction[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Like `read`, for what may take long: it never holds up other requests."""


class Database(Reads):
    """What a service sees of its database.

    Functions are synchronous, take the connection first and do nothing but SQL: on PostgreSQL
    `run` may call them again, up to three times. Raises Unavailable when the database does not
    answer and StorageFull when it cannot grow; whatever else a function raises rolls back and
    comes out.
    """

    @abstractmethod
    async def start(self) -> None: ...

    @abstractmethod
    async def stop(self) -> None: ...

    @abstractmethod
    async def run(self, function: Transaction[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run in one transaction; return when it is durable."""

    async def ping(self) -> None:
        await self.read(_ping)


@contextmanager
def savepoint(conn: Connection) -> Iterator[None]:
    """What is in it happens as a whole or, when it raises, not at all; the transaction goes on."""
    conn.exec_driver_sql("SAVEPOINT part")
    try:
        yield
    except Exception:
        conn.exec_driver_sql("ROLLBACK TO SAVEPOINT part")
        conn.exec_driver_sql("RELEASE SAVEPOINT part")
        raise
    conn.exec_driver_sql("RELEASE SAVEPOINT part")


def _ping(conn: Connection) -> None:
    conn.execute(text("SELECT 1"))


def is_sqlite(url: str) -> bool:
    return make_url(url).get_backend_name() == "sqlite"
