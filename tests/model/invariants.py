"""I1 to I8 of checkout.md: what holds in every state, and what when everything is at rest."""

from collections.abc import Iterator

from orders.states import Step
from tests.model.saga import AT_REST, PLACED
from tests.model.state import PRICE, Order, State, World

UNDONE = (Step.FAILED, Step.CANCELLED)


def broken(world: World, state: State) -> Iterator[str]:
    """What no state may show, whatever has happened."""
    held = sum(order.reservation == "held" for order in state.orders)
    enough = world.backorder or state.reserved <= state.on_hand
    if not enough or state.reserved < 0 or state.reserved != held:
        yield "I1 reserved is what is held, and no more than what is there"
    if state.on_hand + sum(order.sold for order in state.orders) != world.stock:
        yield "I2 stock is conserved"
    if world.one_cart and sum(order.step in PLACED for order in state.orders) > 1:
        yield "I4 one cart makes at most one order"
    for order in state.orders:
        yield from broken_order(world, order)


def broken_order(world: World, order: Order) -> Iterator[str]:
    placed, undone = order.step in PLACED, order.step in UNDONE
    if order.sold != (order.reservation == "committed"):
        yield "I2 what is recorded as sold is what is committed"
    if order.step in (Step.CONFIRMED, Step.CAPTURING) and order.reservation != "committed":
        yield "I2 what is confirmed is sold"
    if undone and order.reservation in ("held", "committed"):
        yield "I2 nothing is held or sold for an order that came to nothing"
    if order.heard not in ("", order.stored) or (order.stored == "201" and not placed):
        yield "I3 an answer stays true"
    if order.made > 1:
        yield "I4 one key makes at most one order"
    yield from broken_payment(world, order)
    if order.claim == "converted" and not placed:
        yield "I7 only a confirmed order converts its cart"
    if order.step == Step.FAILED and order.cart:
        yield "I7 a failed order gives its cart back"
    if order.conversions > 1:
        yield "I8 an event takes effect once"


def broken_payment(world: World, order: Order) -> Iterator[str]:
    intent = order.intent
    if intent.captured > 1 or intent.holds > 1:
        yield "I5 money is held once and captured once"
    if given_back(order) > intent.captured * PRICE:
        yield "I5 no more is refunded than was captured"
    promised = sum(one.amount for one in order.refunds if one.state != "refused")
    if order.step in UNDONE and (intent.holds or promised != intent.captured * PRICE):
        yield "I5 an order that came to nothing costs nothing"


def given_back(order: Order) -> int:
    return sum(one.amount * one.given for one in order.refunds)


def unfinished(world: World, state: State) -> Iterator[str]:
    """What may not be left when nothing has to happen any more."""
    for order in state.orders:
        if order.step not in AT_REST or order.drivers or order.late or order.outbox:
            yield f"I6 an order is left as {order.step}"
        elif order.made:
            yield from unfinished_order(world, order)


def unfinished_order(world: World, order: Order) -> Iterator[str]:
    placed = order.step in PLACED
    if order.stored != ("201" if placed else order.reason) or not order.stored:
        yield "I3 the key's answer says what became of the order"
    if placed and (order.claim, order.conversions) != ("converted", 1):
        yield "I7, I8 a confirmed order has converted its cart"
    captured = order.intent.captured == 1
    if (order.paid == "captured") != captured or (captured and order.intent.holds):
        yield "I5 what orders says of the payment is what the provider says"
    if order.refund_pending or order.refunded != given_back(order):
        yield "I5 what orders says of refunds is what the provider says"
    if world.card and order.step == Step.CONFIRMED and not world.at_shipment and not captured:
        yield "I5 what is confirmed is paid"
