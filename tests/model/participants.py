"""Cart, catalog and payment provider: one call served, as one transaction of theirs."""

from collections.abc import Callable, Mapping

from tests.model.guards import Guard
from tests.model.state import Intent, Order, Refund, State, World

Outcome = tuple[str, State]
Outcomes = tuple[Outcome, ...]


def serve(world: World, state: State, index: int, call: str) -> Outcomes:
    """What a call can be answered, and what is then."""
    return CALLS[call](world, state, index)


def claim(world: World, state: State, index: int) -> Outcomes:
    order = state.orders[index]
    if order.claim:
        return (("gone" if order.claim == "released" else "ok", state),)
    others = [i for i, other in enumerate(state.orders) if world.one_cart and other.cart]
    if others and world.without is not Guard.CLAIM_OPEN_ONLY:
        return (("taken", state),)
    for other in others:  # the row can name one order only
        state = state.put(other, state.orders[other]._replace(cart=""))
    return (("ok", state.put(index, order._replace(claim="claimed", cart="claimed"))),)


def consume(world: World, state: State, index: int) -> Outcomes:
    order = state.orders[index]
    again = order.claim == "converted" and world.without is Guard.CONSUME_ONCE
    if order.claim == "claimed" or again:
        order = order._replace(
            claim="converted", cart="converted", conversions=order.conversions + 1
        )
    answer = "ok" if order.claim == "converted" else "gone"
    return ((answer, state.put(index, order)),)


def unclaim(world: World, state: State, index: int) -> Outcomes:
    order = state.orders[index]
    if order.claim == "" and world.without is Guard.CART_TOMBSTONE:
        return (("ok", state),)
    if order.claim != "converted":
        order = order._replace(claim="released", cart="")
    return (("ok", state.put(index, order)),)


def reserve(world: World, state: State, index: int) -> Outcomes:
    order = state.orders[index]
    again = order.reservation == "held" and world.without is Guard.RESERVE_ONCE
    if order.reservation and not again:
        return (("gone" if order.reservation in ("released", "expired") else "ok", state),)
    anyway = world.backorder or world.without is Guard.STOCK_CONDITION
    if state.on_hand - state.reserved < 1 and not anyway:
        return (("short", state),)
    held = state.put(index, order._replace(reservation="held"))
    return (("ok", held._replace(reserved=state.reserved + 1)),)


def commit(world: World, state: State, index: int) -> Outcomes:
    order = state.orders[index]
    if order.reservation == "committed":
        return (("ok", state),)
    late = order.reservation == "expired" and world.without is Guard.COMMIT_HELD_ONLY
    if order.reservation != "held" and not late:
        return (("gone", state),)
    sold = state.put(index, order._replace(reservation="committed", sold=order.sold + 1))
    return (("ok", sold._replace(on_hand=state.on_hand - 1, reserved=state.reserved - 1)),)


def release(world: World, state: State, index: int) -> Outcomes:
    order = state.orders[index]
    was, released = order.reservation, order._replace(reservation="released")
    if was in ("released", "expired") or (was == "" and world.without is Guard.CATALOG_TOMBSTONE):
        return (("ok", state),)
    if was == "held":
        state = state._replace(reserved=state.reserved - 1)
    elif was == "committed" and world.without is not Guard.RESTOCK:
        state = state._replace(on_hand=state.on_hand + 1)
        released = released._replace(sold=order.sold - 1)
    return (("ok", state.put(index, released)),)


def expirable(world: World, order: Order) -> bool:
    late = order.reservation == "committed" and world.without is Guard.EXPIRE_HELD_ONLY
    return order.reservation == "held" or late


def expire(state: State, index: int) -> State:
    expired = state.put(index, state.orders[index]._replace(reservation="expired"))
    return expired._replace(reserved=state.reserved - 1)


def paid(world: World, state: State, index: int, intent: Intent, event: str = "") -> State:
    """The payment as it is now; the provider's webhook about it is sent."""
    order = state.orders[index]._replace(intent=intent)
    if event and world.webhooks:
        order = order._replace(webhooks=tuple(sorted({*order.webhooks, event})))
    return state.put(index, order)


def make_intent(world: World, state: State, index: int) -> Outcomes:
    intent = state.orders[index].intent
    if intent.status == "":
        state = paid(world, state, index, Intent("created"))
    return (("ok", state),)


def authorize(world: World, state: State, index: int) -> Outcomes:
    intent = state.orders[index].intent
    held = paid(world, state, index, Intent("authorized", intent.holds + 1), "authorized")
    if intent.status in ("authorized", "captured"):
        again = intent.status == "authorized" and world.without is Guard.AUTHORIZE_KEY
        return (("ok", held if again else state),)
    if intent.status != "created":
        return ((intent.status if intent.status in ("declined", "action") else "gone", state),)
    outcomes = [("ok", held)]
    if world.declines:
        outcomes.append(("declined", paid(world, state, index, Intent("declined"))))
    if world.action:
        outcomes.append(("action", paid(world, state, index, Intent("action"))))
    return tuple(outcomes)


def find(world: World, state: State, index: int) -> Outcomes:
    return ((state.orders[index].intent.status, state),)


def capture(world: World, state: State, index: int) -> Outcomes:
    intent = state.orders[index].intent
    again = intent.status == "captured" and world.without is Guard.CAPTURE_KEY
    if intent.status != "authorized" and not again:
        return (("ok" if intent.status == "captured" else "refused", state),)
    taken = Intent("captured", intent.holds - (not again), intent.captured + 1)
    return (("ok", paid(world, state, index, taken, "captured")),)


def void(world: World, state: State, index: int) -> Outcomes:
    intent = state.orders[index].intent
    if intent.status == "captured":
        return (("captured", state),)
    if intent.status == "" and world.without is Guard.PAYMENT_TOMBSTONE:
        return (("ok", state),)
    cancelled = Intent("cancelled", max(0, intent.holds - 1))
    return (("ok", paid(world, state, index, cancelled)),)


def refund(world: World, state: State, index: int) -> Outcomes:
    """The one that belongs to the cancellation."""
    order = state.orders[index]
    number = [one.state for one in order.refunds].index("cancel")
    return (("ok", state.put(index, give(world, order, number, "cancel"))),)


def give(world: World, order: Order, number: int, becomes: str) -> Order:
    """The provider pays a refund out, once for its key."""
    amount, _, given = order.refunds[number]
    given = given + 1 if world.without is Guard.REFUND_KEY else 1
    return with_refund(order, number, Refund(amount, becomes, given))


def with_refund(order: Order, number: int, one: Refund) -> Order:
    refunds = (*order.refunds[:number], one, *order.refunds[number + 1 :])
    return order._replace(refunds=refunds)


CALLS: Mapping[str, Callable[[World, State, int], Outcomes]] = {
    "claim": claim,
    "consume": consume,
    "unclaim": unclaim,
    "reserve": reserve,
    "commit": commit,
    "release": release,
    "intent": make_intent,
    "authorize": authorize,
    "find": find,
    "capture": capture,
    "void": void,
    "refund": refund,
}
