"""Rows of returns."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from catalog.models import returns
from shopkit.tables import insert_or_ignore

_GET = select(returns).where(returns.c.id == bindparam("return_id"))


def insert_return(
    conn: Connection,
    *,
    return_id: str,
    order_id: str,
    quantities: Mapping[str, int],
    now: datetime,
) -> bool:
    """False when there is one with this id. Waits for whoever is just making it."""
    lines = [{"product_id": id_, "quantity": quantity} for id_, quantity in quantities.items()]
    row = {"id": return_id, "order_id": order_id, "lines": json.dumps(lines), "created_at": now}
    return insert_or_ignore(conn, returns, row)


def get_return(conn: Connection, *, return_id: str) -> dict[str, Any]:
    row = conn.execute(_GET, {"return_id": return_id}).mappings().one()
    return {**row, "lines": json.loads(row["lines"])}
