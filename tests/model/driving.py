"""Drivers: their requests arrive, they get answers, write, go on, are taken over."""

from collections.abc import Iterator

from orders.states import Step
from tests.model.guards import Guard
from tests.model.participants import serve
from tests.model.saga import AT_REST, LOCAL, Call, Decision, decide, first
from tests.model.state import Driver, Edge, Order, State, World


def swap(drivers: tuple[Driver, ...], old: Driver, *new: Driver) -> tuple[Driver, ...]:
    rest = list(drivers)
    rest.remove(old)
    return tuple(sorted([*rest, *new]))


def drive(world: World, state: State, index: int, driver: Driver) -> Iterator[Edge]:
    order = state.orders[index]
    if driver.answer or driver.at in LOCAL:
        yield go_on(world, state, index, driver, decide(world, order, driver))
        return
    for answer, then in serve(world, state, index, driver.at):
        served = then.orders[index]
        answered = driver._replace(answer=answer)
        served = served._replace(drivers=swap(served.drivers, driver, answered))
        yield Edge(f"{driver.at} is answered: {answer}", index, then.put(index, served))


def go_on(world: World, state: State, index: int, driver: Driver, what: Decision) -> Edge:
    """The driver has got its answer, writes if it has to, and sends its next request."""
    order = state.orders[index]
    if isinstance(what, Call):
        goes = Driver(driver.fence, driver.step, what.at, reason=what.reason)
        drivers = swap(order.drivers, driver, *([goes] if what.at else []))
        name = f"driver {driver.fence} calls {what.at or 'nobody any more'}"
        return Edge(name, index, state.put(index, order._replace(drivers=drivers)))
    if order.fence != driver.fence and world.without is not Guard.FENCE:
        order = order._replace(drivers=swap(order.drivers, driver))
        return Edge(f"driver {driver.fence} has lost its fence", index, state.put(index, order))
    fence, step = what.changes.get("fence", driver.fence), what.path[-1]
    goes = Driver(fence, step, what.at, reason=what.reason)
    drivers = swap(order.drivers, driver, *([goes] if what.at else []))
    order = order._replace(step=step, drivers=drivers, **what.changes)
    name = f"driver {driver.fence} stores {', '.join(what.path)}"
    return Edge(name, index, state.put(index, order), (driver.step, *what.path))


def driven(order: Order) -> bool:
    return any(driver.fence == order.fence for driver in order.drivers)


def take_over(world: World, order: Order, reason: str = "") -> Order:
    """A new driver finds the order as it is stored. The one before may still believe it has it."""
    fence = order.fence + (world.without is not Guard.FENCE_RAISED)
    step = Step(order.step)
    driver = Driver(fence, step, first(world, step), reason=reason or order.reason)
    return order._replace(fence=fence, drivers=tuple(sorted([*order.drivers, driver])))


def work(world: World, state: State, index: int) -> Iterator[Edge]:
    """The worker takes what nobody drives; for a customer who does nothing, time runs out."""
    order = state.orders[index]
    if order.step in AT_REST or driven(order) or world.without is Guard.WORKER:
        return
    if order.step == Step.AWAITING_ACTION:
        late = take_over(world, order, reason="late")
        yield Edge("time for the payment runs out", index, state.put(index, late))
    else:
        yield Edge("the worker takes over", index, state.put(index, take_over(world, order)))
