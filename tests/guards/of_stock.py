"""Catalog: try, confirm, cancel and expire of reservations, and returns."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from catalog import reservations
from catalog.models import reservation_lines
from catalog.models import reservations as table
from catalog.models import stock as stock_table
from catalog.repository import reservations as rows
from catalog.repository import returns as return_rows
from catalog.repository import stock
from shopkit.tables import insert_or_ignore
from tests.guards.faults import TRIES
from tests.guards.guard import Guard, both
from tests.guards.of_drivers import a_paid_order_is_cancelled
from tests.guards.of_drivers import a_reservation_expires_before_its_commit as expires_early
from tests.guards.stage import Shop
from tests.guards.taking import Taking
from tests.model.guards import Guard as Modelled
from tests.shop_invariants import (
    i1_reserved_is_what_is_held,
    i2_stock_is_conserved,
    i6_everything_comes_to_an_end,
)


async def two_customers_want_the_last_two(shop: Shop) -> None:
    product = await shop.product(stock=2)
    for customer in (await shop.customer(product), await shop.customer(product)):
        await customer.order("tok_success")
    await shop.settle()


async def the_answers_of_a_reserve_get_lost(shop: Shop) -> None:
    ada = await shop.customer(await shop.product())
    shop.networks["catalog"].lost["PUT"] = TRIES
    await ada.begun("tok_success")
    await shop.settle()


async def a_reserve_is_late_for_a_failed_order(shop: Shop) -> None:
    """When there is stock again."""
    product = await shop.product(stock=2)
    ada, bob = await shop.customer(product), await shop.customer(product)
    shop.networks["catalog"].delayed["PUT"] = TRIES
    await ada.begun()
    await bob.ordered()
    await shop.settle()
    await shop.receive(product, 5)
    assert set(await shop.networks["catalog"].deliver_late()) <= {410, 404, 200}


async def the_sweeper_comes_by_what_is_sold(shop: Shop) -> None:
    """While somebody else holds as much, so that the sums alone would not tell."""
    product = await shop.product()
    ada, bob = await shop.customer(product), await shop.customer(product)
    await ada.ordered("tok_success")
    shop.clock.advance(minutes=16)
    shop.places.pause("before_r4")
    await bob.begun("tok_success")
    await shop.sweep()
    await i1_reserved_is_what_is_held(shop)
    await shop.settle()


async def the_answers_of_a_return_get_lost(shop: Shop) -> None:
    product = await shop.product()
    ada = await shop.customer(product)
    order_id = await ada.ordered("tok_success")
    await shop.settle()
    assert (await shop.post(f"/{order_id}/fulfillments", {})).status_code == 201
    back = {"items": [{"product_id": product, "quantity": 1}]}
    asked = await ada.post(f"/{order_id}/returns", back)
    assert asked.status_code == 201, asked.text
    shop.networks["catalog"].lost["PUT"] = TRIES
    return_id = asked.json()["returns"][0]["id"]
    received = await shop.post(f"/{order_id}/returns/{return_id}/receive", {})
    assert received.status_code == 201, received.text
    await shop.settle()


def reserve_anyway(taking: Taking) -> None:
    here = update(stock_table).where(stock_table.c.product_id == bindparam("product"))
    more = stock_table.c.reserved + bindparam("quantity", type_=stock_table.c.on_hand.type)
    taking.replace(stock, "_RESERVE", here.values(reserved=more))


def no_stock_check(taking: Taking) -> None:
    taking.drop_check("catalog", "stock", "ck_stock_reserved")


def reserve_each_time(taking: Taking) -> None:
    insert = rows.insert_reservation

    def again(conn: Connection, row: dict[str, Any], *, now: datetime) -> bool:
        return insert(conn, row, now=now) or row["status"] == "held"

    taking.replace(rows, "insert_reservation", again)


def lines_each_time(taking: Taking) -> None:
    def insert_lines(conn: Connection, held: dict[str, Any]) -> None:
        for one in held["lines"]:
            row = {"product_id": one["product_id"], "quantity": one["quantity"]}
            insert_or_ignore(conn, reservation_lines, {"order_id": held["order_id"], **row})

    taking.replace(rows, "insert_lines", insert_lines)


def commit_anything(taking: Taking) -> None:
    compare_and_set = rows.move

    def move(conn: Connection, *, order_id: str, was: str, becomes: str) -> Any:
        if becomes != "committed":
            return compare_and_set(conn, order_id=order_id, was=was, becomes=becomes)
        of_order = update(table).where(table.c.order_id == order_id)
        conn.execute(of_order.values(status=becomes))
        return rows.find_reservation(conn, order_id=order_id)

    taking.replace(rows, "move", move)


def look_at_anything(taking: Taking) -> None:
    def lock_due(conn: Connection, *, now: datetime, limit: int) -> list[str]:
        due = select(table.c.order_id).where(table.c.expires_at <= now).limit(limit)
        return list(conn.execute(due.with_for_update()).scalars())

    taking.replace(rows, "lock_due", lock_due)


def expire_anything(taking: Taking) -> None:
    def expire(conn: Connection, order_ids: list[str]) -> dict[str, int]:
        conn.execute(update(table).where(table.c.order_id.in_(order_ids)).values(status="expired"))
        line = reservation_lines.c
        summed = select(line.product_id, func.sum(line.quantity)).group_by(line.product_id)
        found = conn.execute(summed.where(line.order_id.in_(order_ids)))
        return {product_id: int(quantity) for product_id, quantity in found}

    taking.replace(rows, "expire", expire)


def release_without_trace(taking: Taking) -> None:
    release = reservations.release

    def known_only(conn: Connection, *, order_id: str, now: datetime) -> dict[str, Any]:
        if rows.find_reservation(conn, order_id=order_id):
            return release(conn, order_id=order_id, now=now)
        return {"order_id": order_id, "status": "released", "expires_at": now, "lines": []}

    taking.replace(reservations, "release", known_only)


def sold_stays_sold(taking: Taking) -> None:
    compare_and_set = rows.move

    def move(conn: Connection, *, order_id: str, was: str, becomes: str) -> Any:
        if was == "committed":
            return None
        return compare_and_set(conn, order_id=order_id, was=was, becomes=becomes)

    taking.replace(rows, "move", move)


def returns_repeat(taking: Taking) -> None:
    insert = return_rows.insert_return
    taking.replace(return_rows, "insert_return", lambda *conn, **row: insert(*conn, **row) or True)


GUARDS = (
    Guard(
        name="reserve looks at what is available, and the table too",
        of=Modelled.STOCK_CONDITION,
        out=both(reserve_anyway, no_stock_check),
        script=two_customers_want_the_last_two,
        noticed_by=i1_reserved_is_what_is_held,
    ),
    Guard(
        name="reserve looks at what is available",
        out=reserve_anyway,
        script=two_customers_want_the_last_two,
        noticed_by=i6_everything_comes_to_an_end,
    ),
    Guard(
        name="no more reserved is allowed by the table than there is",
        out=no_stock_check,
        script=two_customers_want_the_last_two,
        because="reserve has the same condition in its update",
    ),
    Guard(
        name="an order reserves once",
        of=Modelled.RESERVE_ONCE,
        out=both(reserve_each_time, lines_each_time),
        script=the_answers_of_a_reserve_get_lost,
        noticed_by=i1_reserved_is_what_is_held,
    ),
    Guard(
        name="an order has one reservation, though its lines are unique",
        out=reserve_each_time,
        script=the_answers_of_a_reserve_get_lost,
        noticed_by=i6_everything_comes_to_an_end,
    ),
    Guard(
        name="only what is held is committed",
        of=Modelled.COMMIT_HELD_ONLY,
        out=commit_anything,
        script=expires_early,
        noticed_by=i1_reserved_is_what_is_held,
    ),
    Guard(
        name="only what is held expires",
        of=Modelled.EXPIRE_HELD_ONLY,
        out=both(look_at_anything, expire_anything),
        script=the_sweeper_comes_by_what_is_sold,
        noticed_by=i1_reserved_is_what_is_held,
    ),
    Guard(
        name="the sweeper looks at what is held only",
        out=look_at_anything,
        script=the_sweeper_comes_by_what_is_sold,
        because="expiry is compare-and-set on held",
    ),
    Guard(
        name="expiry is compare-and-set on held",
        out=expire_anything,
        script=the_sweeper_comes_by_what_is_sold,
        because="the sweeper has locked what it found held",
    ),
    Guard(
        name="release of the unknown leaves a tombstone in catalog",
        of=Modelled.CATALOG_TOMBSTONE,
        out=release_without_trace,
        script=a_reserve_is_late_for_a_failed_order,
        noticed_by=i6_everything_comes_to_an_end,
    ),
    Guard(
        name="release puts back what was sold",
        of=Modelled.RESTOCK,
        out=sold_stays_sold,
        script=a_paid_order_is_cancelled,
        noticed_by=i2_stock_is_conserved,
    ),
    Guard(
        name="a return comes back once",
        out=returns_repeat,
        script=the_answers_of_a_return_get_lost,
        noticed_by=i2_stock_is_conserved,
    ),
)
