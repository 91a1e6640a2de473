"""The worlds that are searched: in CI, larger ones on demand, and the smallest for each guard."""

from dataclasses import replace

from tests.model.guards import Guard
from tests.model.state import World

WORLDS = (
    World(name="one order", declines=True, crashes=1, lost=1, copies=1, pauses=1),
    World(name="aborted", lost=1, copies=1, pauses=1, aborts=1),
    World(name="capture refused", lapses=True, crashes=1, lost=1, copies=1, pauses=1),
    World(name="pay later", card=False, crashes=1, lost=1, copies=1, pauses=1, cancels=1),
    World(name="last unit", customers=2, crashes=1, pauses=1),
    World(name="backorder", customers=2, stock=0, backorder=True, crashes=1, pauses=1),
    World(name="last unit, aborted", customers=2, declines=True, aborts=1, lost=1),
    World(name="one cart", customers=2, one_cart=True, stock=2, pauses=1, declines=True),
    World(
        name="customer acts",
        action=True,
        declines=True,
        webhooks=True,
        crashes=1,
        lost=1,
        copies=1,
    ),
    World(
        name="capture at shipment",
        at_shipment=True,
        webhooks=True,
        lapses=True,
        ships=1,
        cancels=1,
        crashes=1,
        pauses=1,
    ),
    World(name="refunds", refunds=(1, 2), cancels=1, crashes=1, lost=1),
    World(name="cancelled twice", cancels=2, crashes=1, lost=1, copies=1),
)


def larger(world: World) -> World:
    """The same, with more that goes wrong in one history: minutes instead of seconds."""
    if world.customers > 1:
        return replace(world, crashes=1, lost=1, pauses=0 if world.aborts else 1)
    if world.refunds:
        return replace(world, pauses=1)
    aborts = 0 if world.webhooks else 1
    return replace(world, crashes=1, lost=1, copies=1, pauses=1, aborts=aborts)


_KILLED = World(name="killed", crashes=1, lost=1)
_ABORTED = World(name="aborted", pauses=1, aborts=1)
_PAUSED = World(name="paused", copies=1, pauses=1)
_ACTS = World(name="acts", action=True, webhooks=True, copies=1)
_SHIPPED = World(name="shipped", at_shipment=True, ships=1, cancels=1)
_REFUNDED = World(name="refunded", refunds=(1, 2), cancels=1, lost=1)
_LAST_UNIT = World(name="last unit", customers=2)
_ONE_CART = World(name="one cart", customers=2, stock=2, one_cart=True)
_TWO_UNITS = World(name="two units", stock=2, copies=1)

NOTICED_IN = {
    Guard.FENCE: _PAUSED,
    Guard.FENCE_RAISED: _PAUSED,
    Guard.STAFF_RAISE_FENCE: _SHIPPED,
    Guard.UNKNOWN_IS_NO_FAILURE: _KILLED,
    Guard.ABORT_BEFORE_PIVOT: _ABORTED,
    Guard.PIVOT_STORED: _ABORTED,
    Guard.PIVOT_BEFORE_CAPTURE: _KILLED,
    Guard.COMPENSATING_FIRST: _ABORTED,
    Guard.REASON_FIRST: _KILLED,
    Guard.CANCELS_ANSWERED: _KILLED,
    Guard.KEY_UNIQUE: _KILLED,
    Guard.KEY_WITH_ORDER: _KILLED,
    Guard.NO_5XX_STORED: _KILLED,
    Guard.ANSWER_WITH_ORDER: _KILLED,
    Guard.OUTBOX_WITH_ORDER: _KILLED,
    Guard.RELAY_UNTIL_ANSWERED: _KILLED,
    Guard.WEBHOOK_ONLY_WAKES: _ACTS,
    Guard.PAYMENT_FORWARD_ONLY: _ACTS,
    Guard.WORKER: _KILLED,
    Guard.REFUND_GUARD: _REFUNDED,
    Guard.REFUND_KEY: _REFUNDED,
    Guard.CANCEL_REFUNDS: _REFUNDED,
    Guard.CLAIM_OPEN_ONLY: _ONE_CART,
    Guard.CART_TOMBSTONE: _ABORTED,
    Guard.CONSUME_ONCE: _KILLED,
    Guard.STOCK_CONDITION: _LAST_UNIT,
    Guard.RESERVE_ONCE: _TWO_UNITS,
    Guard.COMMIT_HELD_ONLY: _KILLED,
    Guard.EXPIRE_HELD_ONLY: _KILLED,
    Guard.CATALOG_TOMBSTONE: _ABORTED,
    Guard.RESTOCK: _ABORTED,
    Guard.AUTHORIZE_KEY: _KILLED,
    Guard.CAPTURE_KEY: _KILLED,
    Guard.PAYMENT_TOMBSTONE: _ABORTED,
}
"""For each guard a small world in which leaving it out breaks something."""


def mutant(guard: Guard) -> World:
    """That world without the guard. Customers keep their places, so that traces can be read."""
    return replace(NOTICED_IN[guard], without=guard, symmetric=False)
