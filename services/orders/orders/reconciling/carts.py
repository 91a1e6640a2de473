"""Which carts orders have, and what became of those orders."""

from orders.discrepancies import Finding
from orders.domain import Order
from orders.reconciling.rounds import Round
from orders.repository.orders import find_orders
from orders.repository.reconciliations import list_confirmed
from orders.states import Step

KINDS = frozenset({"cart_without_order", "cart_converted", "cart_not_converted"})


async def compare_carts(round: Round) -> None:
    await _from_cart(round)
    await _from_orders(round)
    await round.close_unseen(KINDS, after=round.after)


async def _from_cart(round: Round) -> None:
    after = round.after
    while page := await round.it.cart.list_claims(after):
        after = max(page)
        compared = {id: state for id, state in page.items() if id < round.until}
        orders = await round.it.database.read(find_orders, compared)
        for order_id, state in compared.items():
            round.compared["carts"] += 1
            await _compare(round, order_id, state, orders.get(order_id))
        if len(compared) < len(page):
            return


async def _compare(round: Round, order_id: str, state: str, order: Order | None) -> None:
    """Failed, confirmed and cancelled orders keep their cart for good, or gave it back for good:
    that needs no lock."""
    if order is None:
        detail = f"A cart is {state}, and there is no such order."
        await round.report(Finding("cart_without_order", order_id, detail, order_id))
    elif order.unfinished:
        round.skipped.add(order_id)
    elif order.step != Step.FAILED:
        if state == "claimed":
            await round.it.cart.consume(order_id)
            round.mend("cart_consumed", order_id)
    elif state == "claimed":
        await round.it.cart.release(order_id)
        round.mend("cart_released", order_id)
    else:
        detail = "The order failed, and its cart is converted: the customer has lost it."
        await round.report(Finding("cart_converted", order_id, detail, order_id), order)


async def _from_orders(round: Round) -> None:
    """What cart does not list for a confirmed order: it gave the cart back, or has forgotten it."""
    after = round.after
    while rows := await round.it.database.read(list_confirmed, after=after, until=round.until):
        after = rows[-1].id
        ids = [row.id for row in rows]
        found = await round.it.cart.find_claims(ids)
        for id in ids:
            state = found.get(id, "unknown")
            if state not in ("claimed", "converted"):
                detail = f"The order is confirmed, its cart {state}: it may be ordered again."
                await round.report(Finding("cart_not_converted", id, detail, id))
