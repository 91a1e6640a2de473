"""Locks that no row stands for."""

from sqlalchemy import Connection, text

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


def one_at_a_time(conn: Connection, name: str) -> None:
    """Until the transaction ends nobody else gets past this with the same name."""
    if conn.dialect.name == "postgresql":  # SQLite has one writer anyway
        conn.execute(ONE_AT_A_TIME, {"name": name})
