"""What the tests ask of every database: whether it grows."""

from sqlalchemy import Connection, MetaData, func, select


def row_counts(conn: Connection, metadata: MetaData) -> dict[str, int]:
    """By table."""
    return {
        name: conn.execute(select(func.count()).select_from(table)).scalar_one()
        for name, table in metadata.tables.items()
    }
