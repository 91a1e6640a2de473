"""Returns: what was sold for an order comes back into stock, once for each id of a return.

Never more than was sold and has not come back yet. Whatever else happens to the order's
reservation waits for its row, which is locked first, as everywhere (see reservations.py).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from catalog.domain import sum_quantities
from catalog.errors import ReturnExceedsSale, ReturnMismatch
from catalog.repository import reservations, stock
from catalog.repository import returns as rows
from catalog.schemas.internal import ReturnInput


def take_back(
    conn: Connection, *, return_id: str, payload: ReturnInput, now: datetime
) -> dict[str, Any]:
    """All or nothing. What is refused leaves no row. Raises ReturnExceedsSale, ReturnMismatch."""
    order_id = payload.order_id
    quantities = sum_quantities((one.product_id, one.quantity) for one in payload.lines)
    status = reservations.lock_status(conn, order_id=order_id)
    if status is None:
        raise _exceeds(dict.fromkeys(quantities, 0), quantities)
    if rows.insert_return(
        conn, return_id=return_id, order_id=order_id, quantities=quantities, now=now
    ):
        _count(conn, order_id, quantities, sold=status == "committed")
        stock.restock(conn, quantities)
        why = f"return {return_id}"
        stock.record_movements(
            conn, quantities, kind="return", order_id=order_id, reason=why, now=now
        )
    return _as_asked(rows.get_return(conn, return_id=return_id), order_id, quantities)


def _count(conn: Connection, order_id: str, quantities: Mapping[str, int], *, sold: bool) -> None:
    """What was not sold, or was put back by a release, cannot come back."""
    left = reservations.quantities_of(conn, order_id=order_id) if sold else {}
    short = {
        id_: left.get(id_, 0)
        for id_, quantity in quantities.items()
        if id_ not in left
        or not reservations.add_returned(conn, order_id=order_id, product_id=id_, quantity=quantity)
    }
    if short:
        raise _exceeds(short, quantities)


def _exceeds(short: Mapping[str, int], quantities: Mapping[str, int]) -> ReturnExceedsSale:
    items = [
        {"product_id": id_, "requested": quantities[id_], "returnable": left}
        for id_, left in short.items()
    ]
    return ReturnExceedsSale("`items` tells how many can still come back.", items=items)


def _as_asked(
    found: dict[str, Any], order_id: str, quantities: Mapping[str, int]
) -> dict[str, Any]:
    known = {line["product_id"]: line["quantity"] for line in found["lines"]}
    if (found["order_id"], known) != (order_id, quantities):
        raise ReturnMismatch("This return is known with another order, products or quantities.")
    return found
