"""Locks that no row stands for."""

from sqlalchemy import Connection, Text, bindparam, func, literal_column, select

_NUMBER = func.hashtextextended(bindparam("name", type_=Text), literal_column("0"))
ONE_AT_A_TIME = select(func.pg_advisory_xact_lock(_NUMBER))


def one_at_a_time(conn: Connection, name: str) -> None:
    """Until the transaction ends nobody else gets past this with the same name."""
    if conn.dialect.name == "postgresql":  # SQLite has one writer anyway
        conn.execute(ONE_AT_A_TIME, {"name": name})
