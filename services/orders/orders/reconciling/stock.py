"""What catalog holds and has sold, and which orders it is for."""

from collections import Counter

from orders.clients.catalog import Reservation
from orders.discrepancies import Finding
from orders.domain import Order
from orders.reconciling.rounds import Round
from orders.repository.orders import find_orders
from orders.repository.reconciliations import list_confirmed
from orders.states import Step

KINDS = frozenset({"stock_without_order", "stock_not_sold", "stock_differs"})


async def compare_stock(round: Round) -> None:
    await _from_catalog(round)
    await _from_orders(round)
    await round.close_unseen(KINDS, after=round.after)


async def _from_catalog(round: Round) -> None:
    after = round.after
    while page := await round.it.catalog.list_reservations(after):
        after = page[-1].order_id
        compared = [one for one in page if one.order_id < round.until]
        orders = await round.it.database.read(find_orders, [one.order_id for one in compared])
        for one in compared:
            round.compared["stock"] += 1
            await _compare(round, one, orders.get(one.order_id))
        if len(compared) < len(page):
            return


async def _compare(round: Round, one: Reservation, order: Order | None) -> None:
    """What failed or was cancelled stays so: it needs no lock to give its stock back."""
    if order is None:
        if one.status == "committed":  # what is only held expires by itself
            detail = f"{sum(one.quantities.values())} pieces are sold, and there is no such order."
            await round.report(Finding("stock_without_order", one.order_id, detail, one.order_id))
    elif order.unfinished:
        round.skipped.add(order.id)
    elif order.step == Step.FAILED or (order.step == Step.CANCELLED and order.restock):
        await round.it.catalog.release(order.id)
        round.mend("stock_released", order.id)
    elif one.status == "committed" and one.quantities != (ours := _quantities(order)):
        detail = f"Sold are {one.quantities}, ordered {ours}."
        await round.report(Finding("stock_differs", order.id, detail, order.id), order)


def _quantities(order: Order) -> dict[str, int]:
    found: Counter[str] = Counter()
    for line in order.lines:
        found[line.product_id] += line.quantity
    return dict(found)


async def _from_orders(round: Round) -> None:
    """Whatever is confirmed has been sold before, and only a cancellation changes that."""
    after = round.after
    while rows := await round.it.database.read(list_confirmed, after=after, until=round.until):
        after = rows[-1].id
        ids = [row.id for row in rows]
        found = await round.it.catalog.find_reservations(ids)
        round.compared["orders"] += len(ids)
        wrong = {id: found.get(id, "unknown") for id in ids if found.get(id) != "committed"}
        orders = await round.it.database.read(find_orders, wrong)
        versions = {row.id: row.version for row in rows}
        for order in orders.values():
            if order.version == versions[order.id]:
                detail = f"The order is {order.status}, its stock {wrong[order.id]}."
                await round.report(Finding("stock_not_sold", order.id, detail, order.id), order)
            else:
                round.skipped.add(order.id)
