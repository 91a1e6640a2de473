"""SQLite for a process that does nothing but read, beside the service that has the database."""

from typing import Any

from sqlalchemy.exc import DBAPIError

from shopkit.db import Database, P, T, Transaction
from shopkit.sqlite import READER_PRAGMAS, SqliteConnection, sqlite_engine, translated


class SqliteReader(Database):
    """Each read is done at once, slow or not: there is nobody whom it could hold up.

    It is never closed, and its process must end without closing it: SQLite makes a checkpoint, and
    deletes the log by its name, when the last connection is closed. Both are the service's."""

    dialect = "sqlite"

    def __init__(self, url: str) -> None:
        self._engine = sqlite_engine(url, *READER_PRAGMAS)

    async def start(self) -> None:
        self._reader = SqliteConnection(self._engine)

    async def stop(self) -> None: ...

    def now(self, function: Transaction[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """`read` for what is not async."""
        try:
            return function(self._reader, *args, **kwargs)
        except DBAPIError as exc:
            raise translated(exc) from exc

    async def read(self, function: Transaction[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.now(function, *args, **kwargs)

    read_slow = read

    async def run(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError("It only reads.")
