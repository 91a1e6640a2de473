"""Reservations: try (reserve), confirm (commit), cancel (release) and expire, all repeatable.

See the protocol of the checkout: cancel is absorbing, expiry and commit are compare-and-set on
`held`, and every transaction locks the reservation first and then stock in the order of product
ids, so that nobody waits in a circle.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from catalog.domain import sum_lines
from catalog.errors import InsufficientStock, PriceChanged, ReservationGone, ReservationMismatch
from catalog.repository import reservations as rows
from catalog.repository import stock
from catalog.repository.products import lookup_products
from catalog.schemas.internal import ReservationInput
from shopkit.errors import NotFound
from shopkit.money import money

Wanted = dict[str, tuple[int, set[tuple[int, str]]]]


def reserve(
    conn: Connection, *, order_id: str, payload: ReservationInput, now: datetime
) -> dict[str, Any]:
    """All or nothing. What is refused leaves no row: the transaction is rolled back.

    Raises InsufficientStock, PriceChanged, ReservationGone, ReservationMismatch.
    """
    wanted = sum_lines(
        [
            (one.product_id, one.quantity, one.unit_price.amount, one.unit_price.currency)
            for one in payload.lines
        ]
    )
    found = lookup_products(conn, ids=list(wanted))
    held = {
        "order_id": order_id,
        "status": "held",
        "expires_at": now + timedelta(seconds=payload.ttl_seconds),
        "lines": [_line(found[id_], wanted[id_][0]) for id_ in wanted if id_ in found],
    }
    if not rows.insert_reservation(conn, held, now=now):
        return _same_again(get_reservation(conn, order_id=order_id), wanted)
    _hold(conn, wanted, found)
    _check_prices(wanted, found)
    rows.insert_lines(conn, held)
    return held


def _line(product: dict[str, Any], quantity: int) -> dict[str, Any]:
    return {
        "product_id": product["id"],
        "sku": product["sku"],
        "name": product["name"],
        "quantity": quantity,
        "unit_price": product["price"],
    }


def _same_again(existing: dict[str, Any], wanted: Wanted) -> dict[str, Any]:
    if existing["status"] in ("released", "expired"):
        raise ReservationGone(f"The reservation is {existing['status']}.")
    held = {
        line["product_id"]: (
            line["quantity"],
            {(line["unit_price"]["amount"], line["unit_price"]["currency"])},
        )
        for line in existing["lines"]
    }
    if held != wanted:
        raise ReservationMismatch("The order has reserved other products, quantities or prices.")
    return existing


def _hold(conn: Connection, wanted: Wanted, found: dict[str, dict[str, Any]]) -> None:
    short = []
    for product_id, (quantity, _) in wanted.items():  # sorted: the order of locking
        product = found.get(product_id)
        active = product is not None and product["status"] == "active"
        if active and stock.reserve_stock(conn, product_id=product_id, quantity=quantity):
            continue
        available = _available(conn, product_id) if active else 0
        short.append({"product_id": product_id, "requested": quantity, "available": available})
    if short:
        raise InsufficientStock("There is not enough of everything.", items=short)


def _available(conn: Connection, product_id: str) -> int:
    row = stock.find_stock(conn, product_id=product_id)
    return row["on_hand"] - row["reserved"] if row else 0


def _check_prices(wanted: Wanted, found: dict[str, dict[str, Any]]) -> None:
    changed = []
    for product_id, (_, prices) in wanted.items():
        price = found[product_id]["price"]
        others = prices - {(price["amount"], price["currency"])}
        changed += [
            {"product_id": product_id, "old": money(*other), "new": price}
            for other in sorted(others)
        ]
    if changed:
        raise PriceChanged("Prices are not the expected ones.", items=changed)


def get_reservation(conn: Connection, *, order_id: str) -> dict[str, Any]:
    """Raises NotFound."""
    found = rows.find_reservation(conn, order_id=order_id)
    if found is None:
        raise NotFound("The order has no reservation.")
    return found


def commit(conn: Connection, *, order_id: str, now: datetime) -> dict[str, Any]:
    """Held becomes committed, and what was held is sold. Raises NotFound, ReservationGone."""
    sold = rows.move(conn, order_id=order_id, was="held", becomes="committed")
    if sold is None:
        return _committed(get_reservation(conn, order_id=order_id))
    quantities = {line["product_id"]: line["quantity"] for line in sold["lines"]}
    stock.sell_stock(conn, quantities)
    taken = {id_: -quantity for id_, quantity in quantities.items()}
    stock.record_movements(conn, taken, kind="sale", order_id=order_id, now=now)
    return sold


def _committed(found: dict[str, Any]) -> dict[str, Any]:
    if found["status"] != "committed":
        raise ReservationGone(f"The reservation is {found['status']}.")
    return found


def release(conn: Connection, *, order_id: str, now: datetime) -> dict[str, Any]:
    """Whatever it was, nothing is held or sold any more, and never will be for this order."""
    tombstone = {"order_id": order_id, "status": "released", "expires_at": now, "lines": []}
    rows.insert_reservation(conn, tombstone, now=now)
    if rows.move(conn, order_id=order_id, was="held", becomes="released"):
        stock.unreserve_stock(conn, rows.quantities_of(conn, order_id=order_id))
    elif rows.move(conn, order_id=order_id, was="committed", becomes="released"):
        quantities = rows.quantities_of(conn, order_id=order_id)
        stock.restock(conn, quantities)
        stock.record_movements(conn, quantities, kind="return", order_id=order_id, now=now)
    return get_reservation(conn, order_id=order_id)


def expire_due(conn: Connection, *, now: datetime, limit: int) -> int:
    """Expire held reservations whose time is over by our own clock; how many were looked at."""
    due = rows.lock_due(conn, now=now, limit=limit)
    if due:
        stock.unreserve_stock(conn, rows.expire(conn, due))
    return len(due)
