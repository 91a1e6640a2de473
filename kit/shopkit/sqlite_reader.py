"""SQLite for a process that does nothing but read, beside the service that has the database."""

from shopkit.db import P, Reads, T, Transaction
from shopkit.sqlite import READER_PRAGMAS, SqliteConnection, read_by, sqlite_engine


class SqliteReader(Reads):
    """Each read is done at once, slow or not: there is nobody whom it could hold up.

    It is never closed, and its process must end without closing it: SQLite makes a checkpoint, and
    deletes the log by its name, when the last connection is closed. Both are the service's."""

    dialect = "sqlite"

    def __init__(self, url: str) -> None:
        self._reader = SqliteConnection(sqlite_engine(url, *READER_PRAGMAS))

    def now(self, function: Transaction[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """`read` for what is not async."""
        return read_by(self._reader, function, *args, **kwargs)

    async def read(self, function: Transaction[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.now(function, *args, **kwargs)

    read_slow = read
