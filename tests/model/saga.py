"""What a driver does next: the saga of checkout.md, as a function of what it knows."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from orders.states import ENDS, Step
from tests.model.guards import Guard
from tests.model.state import PRICE, Driver, Order, Refund, World

PLACED = (Step.CONFIRMED, Step.CAPTURING, Step.CANCELLING, Step.CANCELLED)
BEFORE_PIVOT = (Step.CREATED, Step.RESERVED, Step.AWAITING_ACTION, Step.AUTHORIZED)
AT_REST = ("", *ENDS)
LOCAL = ("cancel", "ship", "answer")
"""What a driver does without calling anybody."""


class Call(NamedTuple):
    """Call somebody; empty: let go of the order."""

    at: str
    reason: str = ""


class Write(NamedTuple):
    """Move the order along `path` and change its row, in one transaction; then go on with `at`."""

    path: tuple[Step, ...]
    at: str
    changes: Mapping[str, Any]
    reason: str = ""
    """What the driver remembers of why."""


Decision = Call | Write


def first(world: World, step: str) -> str:
    """The call with which a driver begins that finds an order so."""
    return {
        Step.CREATED: "claim",
        Step.RESERVED: "intent" if world.card else "commit",
        Step.AWAITING_ACTION: "find",
        Step.AUTHORIZED: "commit" if world.without is not Guard.PIVOT_BEFORE_CAPTURE else "capture",
        Step.STOCK_COMMITTED: "capture",
        Step.CAPTURING: "capture",
        Step.COMPENSATING: "void" if world.card else "release",
        Step.CANCELLING: "void" if world.card else "release",
    }[Step(step)]


def decide(world: World, order: Order, driver: Driver) -> Decision:
    return DECISIONS[driver.at](world, order, driver)


def abort(world: World, reason: str) -> Decision:
    """A definite failure: COMPENSATING and the reason first."""
    at = first(world, Step.COMPENSATING)
    if world.without is Guard.COMPENSATING_FIRST:
        return Call(at, reason)
    kept = "" if world.without is Guard.REASON_FIRST else reason
    return Write((Step.COMPENSATING,), at, {"reason": kept}, reason)


def claimed(world: World, order: Order, driver: Driver) -> Decision:
    return Call("reserve") if driver.answer == "ok" else abort(world, driver.answer)


def reserved(world: World, order: Order, driver: Driver) -> Decision:
    if driver.answer != "ok":
        return abort(world, driver.answer)
    return Write((Step.RESERVED,), first(world, Step.RESERVED), {})


def intended(world: World, order: Order, driver: Driver) -> Decision:
    return Call("authorize")


def authorized(world: World, order: Order, driver: Driver) -> Decision:
    """T3."""
    if driver.answer in ("ok", "authorized"):
        at = first(world, Step.AUTHORIZED)
        return Write((Step.AUTHORIZED,), at, recorded(world, order, "authorized"))
    if driver.answer != "action":
        return abort(world, driver.answer)
    if driver.step != Step.AWAITING_ACTION:
        return Write((Step.AWAITING_ACTION,), "", {})
    return abort(world, driver.reason) if driver.reason else Call("")


def committed(world: World, order: Order, driver: Driver) -> Decision:
    """T4; in one transaction with T5 when there is nothing to capture now."""
    if driver.answer != "ok":
        return abort(world, driver.answer)
    if not world.card or world.at_shipment:
        return confirm(world, Step.STOCK_COMMITTED)
    if world.without is Guard.PIVOT_BEFORE_CAPTURE:
        return confirm(world, Step.STOCK_COMMITTED, **recorded(world, order, "captured"))
    if world.without is Guard.PIVOT_STORED:
        return Call("capture")
    return Write((Step.STOCK_COMMITTED,), "capture", {})


def confirm(world: World, *pivot: Step, **changes: Any) -> Write:
    """T5: the order, the answer for its key, and the outbox, in one transaction."""
    changes |= {"stored": "201", "outbox": "pending"}
    if world.without is Guard.ANSWER_WITH_ORDER:
        del changes["stored"]
        return Write((*pivot, Step.CONFIRMED), "answer", changes)
    if world.without is Guard.OUTBOX_WITH_ORDER:
        del changes["outbox"]
        return Write((*pivot, Step.CONFIRMED), "consume", changes)
    return Write((*pivot, Step.CONFIRMED), "", changes)


def captured(world: World, order: Order, driver: Driver) -> Decision:
    paid = recorded(world, order, "captured")
    if driver.step == Step.CAPTURING:
        if driver.answer == "ok":
            return Write((Step.CONFIRMED,), "", paid)
        return Write((Step.CANCELLING,), "void", {})
    if driver.answer != "ok":
        return abort(world, driver.answer)
    if world.without is Guard.PIVOT_BEFORE_CAPTURE:
        return Call("commit")
    pivot = (Step.STOCK_COMMITTED,) if driver.step == Step.AUTHORIZED else ()
    return confirm(world, *pivot, **paid)


def voided(world: World, order: Order, driver: Driver) -> Decision:
    refunds = driver.answer == "captured" and any(one.state == "cancel" for one in order.refunds)
    skipped = world.without is Guard.CANCEL_REFUNDS
    return Call("refund" if refunds and not skipped else "release", driver.reason)


def refunded(world: World, order: Order, driver: Driver) -> Decision:
    return Call("release", driver.reason)


def released(world: World, order: Order, driver: Driver) -> Decision:
    if driver.step != Step.CANCELLING:
        return Call("unclaim", driver.reason)
    amount = sum(one.amount for one in order.refunds if one.state == "cancel")
    counted = {
        "refunded": order.refunded + amount,
        "refund_pending": order.refund_pending - amount,
    }
    return Write((Step.CANCELLED,), "", counted | recorded(world, order, "voided"))


def unclaimed(world: World, order: Order, driver: Driver) -> Decision:
    """C's end: failed, and the key's final 4xx."""
    changes = {"stored": driver.reason, "reason": driver.reason}
    return Write((Step.FAILED,), "", changes | recorded(world, order, "voided"))


def cancel(world: World, order: Order, driver: Driver) -> Decision:
    """The customer's or the staff's wish: what is captured and not given back will be."""
    changes: dict[str, Any] = raised(world, driver)
    rest = (PRICE if order.paid == "captured" else 0) - order.refunded - order.refund_pending
    if rest > 0:
        changes["refund_pending"] = order.refund_pending + rest
        changes["refunds"] = (*order.refunds, Refund(rest, "cancel"))
    return Write((Step.CANCELLING,), first(world, Step.CANCELLING), changes)


def ship(world: World, order: Order, driver: Driver) -> Decision:
    return Write((Step.CAPTURING,), "capture", raised(world, driver))


def raised(world: World, driver: Driver) -> dict[str, Any]:
    return {} if world.without is Guard.STAFF_RAISE_FENCE else {"fence": driver.fence + 1}


def answer(world: World, order: Order, driver: Driver) -> Decision:
    """Only without its guard: the answer in a transaction of its own."""
    return Write((Step.CONFIRMED,), "", {"stored": "201"})


def consumed(world: World, order: Order, driver: Driver) -> Decision:
    """Only without its guard: the event sent without an outbox."""
    return Call("")


RANK = ("", "authorized", "captured", "voided")


def recorded(world: World, order: Order, fact: str) -> dict[str, Any]:
    """What orders now knows of the payment; it moves forward only."""
    if not world.card or (order.paid, fact) == ("captured", "voided"):
        return {}
    forward = RANK.index(fact) > RANK.index(order.paid)
    return {"paid": fact} if forward or world.without is Guard.PAYMENT_FORWARD_ONLY else {}


DECISIONS: Mapping[str, Callable[[World, Order, Driver], Decision]] = {
    "claim": claimed,
    "reserve": reserved,
    "intent": intended,
    "authorize": authorized,
    "find": authorized,
    "commit": committed,
    "capture": captured,
    "void": voided,
    "refund": refunded,
    "release": released,
    "unclaim": unclaimed,
    "cancel": cancel,
    "ship": ship,
    "answer": answer,
    "consume": consumed,
}
