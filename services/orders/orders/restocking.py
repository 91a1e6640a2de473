"""The saga of a cancelled order: its stock goes back, whatever it takes."""

from sqlalchemy import Connection

from orders.domain import Order, Step
from orders.parties import Parties
from orders.repository import save


async def restock(it: Parties, order: Order) -> Order:
    """From CANCELLING: put the stock back; catalog's release of what is committed does that."""
    async with it.at("x2"):
        await it.catalog.release(order.id)
    async with it.at("x3"):
        return await it.database.run(store_cancelled, order)


def store_cancelled(conn: Connection, order: Order) -> Order:
    return save(conn, order, Step.CANCELLED, lease_until=None)
