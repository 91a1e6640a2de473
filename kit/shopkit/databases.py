"""Which Database a URL means."""

from importlib import import_module

from shopkit.db import Database, is_sqlite


def open_database(url: str, pool_size: int = 10) -> Database:
    """`sqlite:///absolute/path.db` or `postgresql://user:password@host/name`; not started yet.

    Only what it needs is imported: PostgreSQL's driver and engine are 9 MB and 0.1 s.
    """
    database: Database
    if is_sqlite(url):
        database = import_module("shopkit.sqlite").SqliteDatabase(url)
    else:
        database = import_module("shopkit.postgres").PostgresDatabase(url, pool_size)
    return database
