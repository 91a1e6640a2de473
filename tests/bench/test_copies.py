"""Copies of rows differ where they must, and only there."""

import sqlite3
from contextlib import closing
from pathlib import Path

from bench.copies import OF_ID, OF_OWNER, OF_WORD, Copies, Sqlite

ORIGINAL = "01a21863-f21f-7000-9514-cafdc5480001"
TABLES = {"orders": {"id": OF_ID, "owner": OF_OWNER, "number": OF_WORD}}


def test_copies_have_ids_of_their_own_and_all_else_of_the_original(tmp_path: Path) -> None:
    file = tmp_path / "orders.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE orders (id, owner, number UNIQUE, total, UNIQUE (id))")
        row = (ORIGINAL, f"user:{ORIGINAL}", "7KQ2M9XD", 1999)
        connection.execute("INSERT INTO orders VALUES (?, ?, ?, ?)", row)
    copies = Copies(Sqlite(file), TABLES)
    copies.add(range(1, 60))
    copies.add(range(60, 100))
    with closing(sqlite3.connect(file)) as connection:
        rows = list(connection.execute("SELECT * FROM orders ORDER BY number"))
    assert len(rows) == 100
    assert rows[1] == (
        "01a21863-f21f-e000-9514-cafdc5480001",
        "user:01a21863-f21f-e000-9514-cafdc5480001",
        "7KQ2M9XD0001",
        1999,
    )
