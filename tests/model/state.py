"""The shop as a value: orders with all that belongs to them, the stock, and the faults to come.

Everything that is one order's stands in `Order`, wherever it is stored in the shop (orders, cart,
catalog, provider, network), so that two customers can change places by changing two values.
Empty strings stand for what is not there: states have to be compared with each other.
"""

from dataclasses import dataclass
from typing import NamedTuple

from orders.states import Step
from tests.model.guards import Guard

PRICE = 2


@dataclass(frozen=True, kw_only=True)
class World:
    """What can happen in one search. Numbers are how often, in the whole of it."""

    name: str
    customers: int = 1
    stock: int = 1
    backorder: bool = False
    """More may be sold than there is."""
    one_cart: bool = False
    """The customers' orders are of one cart, with a key each."""
    card: bool = True
    """A payment that is authorized and captured; False: pay later."""
    declines: bool = False
    action: bool = False
    """The provider may ask for something that the customer must do."""
    lapses: bool = False
    """The provider may drop what it authorized."""
    webhooks: bool = False
    at_shipment: bool = False
    """Captured when it is shipped, not when it is ordered."""
    refunds: tuple[int, ...] = ()
    """Amounts that staff ask to be given back."""
    crashes: int = 0
    lost: int = 0
    copies: int = 0
    pauses: int = 0
    aborts: int = 0
    cancels: int = 0
    ships: int = 0
    without: Guard = Guard.NONE
    symmetric: bool = True
    """Take states that differ only by who is which customer for one."""


class Left(NamedTuple):
    """How often each of these may still happen."""

    crashes: int
    lost: int
    copies: int
    pauses: int
    aborts: int
    cancels: int
    ships: int


class Driver(NamedTuple):
    """Whoever drives an order: what it remembers, and the call it waits for."""

    fence: int
    step: Step
    at: str
    answer: str = ""
    """Empty while the request is under way; then the answer is."""
    reason: str = ""


class Intent(NamedTuple):
    """A payment at its provider. `holds` and `captured` count: more than one is a disaster."""

    status: str = ""
    holds: int = 0
    captured: int = 0


class Refund(NamedTuple):
    amount: int
    state: str
    """stored, sent, done; cancel: the one that a cancelled order brings with it."""
    given: int = 0
    """How often the provider has paid it out."""


class Order(NamedTuple):
    # orders' database
    step: str = ""
    fence: int = 0
    reason: str = ""
    paid: str = ""
    """The payment as orders has recorded it."""
    stored: str = ""
    """The answer stored for the key."""
    outbox: str = ""
    """pending, or answered and not yet deleted."""
    refunds: tuple[Refund, ...] = ()
    refunded: int = 0
    refund_pending: int = 0
    made: int = 0
    """Orders that the key has made."""
    # catalog, cart and provider
    reservation: str = ""
    sold: int = 0
    """The sum of what catalog has recorded as sold and returned."""
    claim: str = ""
    cart: str = ""
    """What the cart's row says, when it names this order."""
    conversions: int = 0
    intent: Intent = Intent()
    # network, processes and customer
    drivers: tuple[Driver, ...] = ()
    late: tuple[str, ...] = ()
    """Requests that come later, or once more."""
    webhooks: tuple[str, ...] = ()
    heard: str = ""
    """The final answer that the customer has got."""


class State(NamedTuple):
    orders: tuple[Order, ...]
    on_hand: int
    reserved: int
    left: Left

    def put(self, index: int, order: Order) -> "State":
        return self._replace(orders=(*self.orders[:index], order, *self.orders[index + 1 :]))


class Edge(NamedTuple):
    """Something that happens, to which order, and what the shop is then."""

    name: str
    customer: int
    state: State
    path: tuple[Step, ...] = ()
    """The steps along which a saga moved its order, with the one it came from."""


def initial(world: World) -> State:
    left = Left(*(getattr(world, name) for name in Left._fields))
    return State((Order(),) * world.customers, world.stock, 0, left)


def canonical(state: State) -> State:
    """One of the states that are the same but for who is which customer."""
    return state._replace(orders=tuple(sorted(state.orders)))
