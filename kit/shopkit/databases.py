"""Which Database a URL means."""

from shopkit.db import Database, is_sqlite
from shopkit.postgres import PostgresDatabase
from shopkit.sqlite import SqliteDatabase


def open_database(url: str, pool_size: int = 10) -> Database:
    """`sqlite:///absolute/path.db` or `postgresql://user:password@host/name`; not started yet."""
    return SqliteDatabase(url) if is_sqlite(url) else PostgresDatabase(url, pool_size)
