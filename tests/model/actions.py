"""Everything that can happen next: what has to (`must`), and what may (`may`: faults, people)."""

from collections.abc import Iterator

from orders.states import Step
from tests.model.driving import drive, driven, go_on, swap, take_over, work
from tests.model.guards import Guard
from tests.model.participants import expirable, expire, give, paid, serve, with_refund
from tests.model.saga import AT_REST, BEFORE_PIVOT, LOCAL, abort, first, recorded
from tests.model.state import PRICE, Driver, Edge, Intent, Order, Refund, State, World

CANCELS = ("void", "release", "unclaim")


def must(world: World, state: State, index: int) -> Iterator[Edge]:
    order = state.orders[index]
    for driver in set(order.drivers):
        yield from drive(world, state, index, driver)
    for call in set(order.late):
        late = list(order.late)
        late.remove(call)
        network = state.put(index, order._replace(late=tuple(late)))
        for answer, then in serve(world, network, index, call):
            yield Edge(f"{call} arrives late: {answer}", index, then)
    yield from work(world, state, index)
    yield from relay(world, state, index)
    for event in order.webhooks:
        rest = tuple(other for other in order.webhooks if other != event)
        told = state.put(index, order._replace(webhooks=rest))
        yield Edge(f"webhook {event}", index, hear_webhook(world, told, index, event))
    yield from settle_refunds(world, state, index)


def relay(world: World, state: State, index: int) -> Iterator[Edge]:
    """The outbox: an event is forgotten in a second transaction, when it was answered."""
    order = state.orders[index]
    if order.outbox == "answered":
        yield Edge("the relay forgets", index, state.put(index, order._replace(outbox="")))
    if order.outbox == "pending":
        for answer, then in serve(world, state, index, "consume"):
            if answer == "ok":
                told = then.orders[index]._replace(outbox="answered")
                yield Edge("consume is answered", index, then.put(index, told))


def hear_webhook(world: World, state: State, index: int, event: str) -> State:
    """Records the fact and wakes the saga, no more."""
    order = state.orders[index]
    if event != "declined":
        order = order._replace(**recorded(world, order, event))
    if order.step == Step.AWAITING_ACTION:
        order = take_over(world, order)
    state = state.put(index, order)
    if event == "authorized" and world.without is Guard.WEBHOOK_ONLY_WAKES:
        return serve(world, state, index, "capture")[0][1]
    return state


def settle_refunds(world: World, state: State, index: int) -> Iterator[Edge]:
    """Refunds by staff: stored, then called with the refund's id until answered, then counted."""
    order = state.orders[index]
    for number, one in enumerate(order.refunds):
        if one.state == "stored":
            given = give(world, order, number, "sent")
            yield Edge(f"refund {number} is answered", index, state.put(index, given))
        if one.state == "sent":
            done = with_refund(order, number, one._replace(state="done"))
            done = done._replace(
                refunded=order.refunded + one.amount,
                refund_pending=order.refund_pending - one.amount,
            )
            yield Edge(f"refund {number} is counted", index, state.put(index, done))


def may(world: World, state: State, index: int) -> Iterator[Edge]:
    for name, then in (
        *customer(world, state, index),
        *staff(world, state, index),
        *faults(world, state, index),
        *time(world, state, index),
    ):
        yield Edge(name, index, then)
    if state.left.lost:
        yield from lose_answers(world, spend(state, "lost"), index)
    if state.left.aborts:
        yield from give_up(world, spend(state, "aborts"), index)


def spend(state: State, name: str) -> State:
    left = state.left
    return state._replace(left=left._replace(**{name: getattr(left, name) - 1}))


Then = Iterator[tuple[str, State]]


def customer(world: World, state: State, index: int) -> Then:
    order = state.orders[index]
    if order.made == 0:
        driver = Driver(1, Step.CREATED, "claim")
        made = order._replace(step=Step.CREATED, fence=1, made=1, drivers=(driver,))
        yield "POST: key and order are stored", state.put(index, made)
        if state.left.crashes and world.without is Guard.KEY_WITH_ORDER:
            killed = spend(state, "crashes").put(index, order._replace(made=1))
            yield "POST: the key is stored, then orders is killed", killed
    elif world.without is Guard.KEY_UNIQUE and order.made < 2:
        yield "POST again: another order", state.put(index, order._replace(made=2))
    if order.stored and not order.heard:
        yield f"hears {order.stored}", state.put(index, order._replace(heard=order.stored))
    if order.intent.status == "action":
        yield "the customer pays", paid(world, state, index, Intent("authorized", 1), "authorized")
        yield "the customer cannot pay", paid(world, state, index, Intent("declined"), "declined")


def staff(world: World, state: State, index: int) -> Then:
    order = state.orders[index]
    if order.step == Step.CONFIRMED and not (world.at_shipment and order.paid == "captured"):
        if state.left.cancels:
            yield "somebody cancels", ask(spend(state, "cancels"), index, "cancel")
        if state.left.ships:
            yield "somebody ships", ask(spend(state, "ships"), index, "ship")
    asked = sum(one.state != "cancel" for one in order.refunds)
    if order.paid == "captured" and asked < len(world.refunds):
        amount = world.refunds[asked]
        refund = ask_refund(world, order, amount)
        yield f"somebody refunds {amount}: {refund.refunds[-1].state}", state.put(index, refund)


def ask(state: State, index: int, what: str) -> State:
    """A request has read the order; its write comes later."""
    order = state.orders[index]
    reader = Driver(order.fence, Step(order.step), what)
    return state.put(index, order._replace(drivers=tuple(sorted([*order.drivers, reader]))))


def ask_refund(world: World, order: Order, amount: int) -> Order:
    enough = PRICE - order.refunded - order.refund_pending >= amount
    if not enough and world.without is not Guard.REFUND_GUARD:
        return order._replace(refunds=(*order.refunds, Refund(amount, "refused")))
    return order._replace(
        refunds=(*order.refunds, Refund(amount, "stored")),
        refund_pending=order.refund_pending + amount,
    )


def faults(world: World, state: State, index: int) -> Then:
    order, left = state.orders[index], state.left
    for driver in set(order.drivers):
        who = f"driver {driver.fence}"
        if left.crashes:
            dead = order._replace(drivers=swap(order.drivers, driver))
            yield f"{who} is killed", spend(state, "crashes").put(index, dead)
        if left.copies and not driver.answer and driver.at not in LOCAL:
            late = order._replace(late=tuple(sorted([*order.late, driver.at])))
            yield f"{driver.at} will come again", spend(state, "copies").put(index, late)
    if left.pauses and driven(order) and order.step not in (*AT_REST, Step.AWAITING_ACTION):
        taken = take_over(world, order)
        yield "the lease ends, a worker takes over", spend(state, "pauses").put(index, taken)
    for event in order.webhooks:
        if left.copies:
            told = hear_webhook(world, spend(state, "copies"), index, event)
            yield f"webhook {event}, and it will come again", told
        if left.lost:
            rest = tuple(other for other in order.webhooks if other != event)
            lost = order._replace(webhooks=rest)
            yield f"webhook {event} is lost", spend(state, "lost").put(index, lost)


def time(world: World, state: State, index: int) -> Then:
    order = state.orders[index]
    if expirable(world, order):
        yield "the reservation expires", expire(state, index)
    if world.lapses and order.intent.status == "authorized":
        yield "the authorization lapses", paid(world, state, index, Intent("cancelled"))


def lose_answers(world: World, state: State, index: int) -> Iterator[Edge]:
    """Whoever waits for an answer repeats the call.

    That a request is lost and sent again changes nothing, so that is left out.
    """
    order = state.orders[index]
    for driver in set(order.drivers):
        if driver.answer:
            yield lose_answer(world, state, index, driver)
        elif world.without is Guard.CANCELS_ANSWERED and driver.at in CANCELS:
            taken = order._replace(
                drivers=swap(order.drivers, driver, driver._replace(answer="ok"))
            )
            yield Edge(f"{driver.at} is lost", index, state.put(index, taken))
    if order.outbox == "answered":
        again = order._replace(outbox="pending")
        yield Edge("consume's answer is lost", index, state.put(index, again))
    if order.outbox == "pending" and world.without is Guard.RELAY_UNTIL_ANSWERED:
        yield Edge("consume is lost", index, state.put(index, order._replace(outbox="")))
    for number, one in enumerate(order.refunds):
        if one.state == "sent":
            again = with_refund(order, number, one._replace(state="stored"))
            yield Edge(f"refund {number}'s answer is lost", index, state.put(index, again))


def lose_answer(world: World, state: State, index: int, driver: Driver) -> Edge:
    order = state.orders[index]
    undone = driver.step in (Step.COMPENSATING, Step.CANCELLING)
    if world.without is Guard.UNKNOWN_IS_NO_FAILURE and not undone:
        return go_on(world, state, index, driver, abort(world, "unknown"))
    order = order._replace(drivers=swap(order.drivers, driver, driver._replace(answer="")))
    if world.without is Guard.NO_5XX_STORED and not order.stored:
        order = order._replace(stored="503")
    return Edge(f"{driver.at}'s answer is lost", index, state.put(index, order))


def give_up(world: World, state: State, index: int) -> Iterator[Edge]:
    """Somebody aborts an order that is stored as being before the pivot: by COMPENSATING only."""
    order = state.orders[index]
    too_late = order.step == Step.STOCK_COMMITTED and world.without is Guard.ABORT_BEFORE_PIVOT
    if order.step not in BEFORE_PIVOT and not too_late:
        return
    taken = take_over(world, order, reason="late")
    giver = Driver(taken.fence, Step(order.step), first(world, order.step), reason="late")
    edge = go_on(world, state.put(index, taken), index, giver, abort(world, "late"))
    yield edge._replace(name=f"somebody gives up: {edge.name}")
