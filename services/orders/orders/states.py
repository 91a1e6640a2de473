"""The states of an order and the only ways between them; no database, no HTTP."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar


class Step(StrEnum):
    """Where the saga stands (checkout.md)."""

    CREATED = "CREATED"
    RESERVED = "RESERVED"
    AWAITING_ACTION = "AWAITING_ACTION"
    AUTHORIZED = "AUTHORIZED"
    STOCK_COMMITTED = "STOCK_COMMITTED"
    CONFIRMED = "CONFIRMED"
    CAPTURING = "CAPTURING"
    """Confirmed, and about to be shipped: what was authorized is captured."""
    COMPENSATING = "COMPENSATING"
    FAILED = "FAILED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"


class Status(StrEnum):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"


class PaymentStatus(StrEnum):
    UNPAID = "unpaid"
    AUTHORIZED = "authorized"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    VOIDED = "voided"


class FulfillmentStatus(StrEnum):
    UNFULFILLED = "unfulfilled"
    PARTIALLY_FULFILLED = "partially_fulfilled"
    FULFILLED = "fulfilled"
    DELIVERED = "delivered"
    RETURNED = "returned"


MOVES: Mapping[Step, frozenset[Step]] = {
    Step.CREATED: frozenset({Step.RESERVED, Step.COMPENSATING}),
    Step.RESERVED: frozenset(
        {Step.AUTHORIZED, Step.AWAITING_ACTION, Step.STOCK_COMMITTED, Step.COMPENSATING}
    ),
    Step.AWAITING_ACTION: frozenset({Step.AUTHORIZED, Step.COMPENSATING}),
    Step.AUTHORIZED: frozenset({Step.STOCK_COMMITTED, Step.COMPENSATING}),
    # Back only when the provider definitely refuses the capture (rule 3).
    Step.STOCK_COMMITTED: frozenset({Step.CONFIRMED, Step.COMPENSATING}),
    Step.CONFIRMED: frozenset({Step.CANCELLING, Step.CAPTURING}),
    Step.CAPTURING: frozenset({Step.CONFIRMED, Step.CANCELLING}),
    Step.COMPENSATING: frozenset({Step.FAILED}),
    Step.FAILED: frozenset(),
    Step.CANCELLING: frozenset({Step.CANCELLED}),
    Step.CANCELLED: frozenset(),
}
STATUS_MOVES: Mapping[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.CONFIRMED, Status.FAILED}),
    Status.CONFIRMED: frozenset({Status.COMPLETED, Status.CANCELLED}),
    Status.COMPLETED: frozenset(),
    Status.CANCELLED: frozenset(),
    Status.FAILED: frozenset(),
}
# What the provider took after all is given back at once: that may show as one move.
_GIVEN_BACK = frozenset({PaymentStatus.PAID, PaymentStatus.REFUNDED})
PAYMENT_MOVES: Mapping[PaymentStatus, frozenset[PaymentStatus]] = {
    PaymentStatus.UNPAID: _GIVEN_BACK | {PaymentStatus.AUTHORIZED, PaymentStatus.VOIDED},
    PaymentStatus.AUTHORIZED: _GIVEN_BACK | {PaymentStatus.VOIDED},
    PaymentStatus.VOIDED: _GIVEN_BACK,
    PaymentStatus.PAID: frozenset({PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED}),
    PaymentStatus.PARTIALLY_REFUNDED: frozenset({PaymentStatus.REFUNDED}),
    PaymentStatus.REFUNDED: frozenset(),
}
FULFILLMENT_MOVES: Mapping[FulfillmentStatus, frozenset[FulfillmentStatus]] = {
    FulfillmentStatus.UNFULFILLED: frozenset(
        {FulfillmentStatus.PARTIALLY_FULFILLED, FulfillmentStatus.FULFILLED}
    ),
    FulfillmentStatus.PARTIALLY_FULFILLED: frozenset({FulfillmentStatus.FULFILLED}),
    FulfillmentStatus.FULFILLED: frozenset(
        {FulfillmentStatus.DELIVERED, FulfillmentStatus.RETURNED}
    ),
    FulfillmentStatus.DELIVERED: frozenset({FulfillmentStatus.RETURNED}),
    FulfillmentStatus.RETURNED: frozenset(),
}
ENDS = frozenset({Step.CONFIRMED, Step.FAILED, Step.CANCELLED})
_STATUS_OF: Mapping[Step, Status] = {
    Step.CONFIRMED: Status.CONFIRMED,
    Step.CAPTURING: Status.CONFIRMED,
    Step.FAILED: Status.FAILED,
    # From here it only goes forward, so that the customer need not wait for the stock to be back.
    Step.CANCELLING: Status.CANCELLED,
    Step.CANCELLED: Status.CANCELLED,
}
_SENT = {FulfillmentStatus.FULFILLED, FulfillmentStatus.DELIVERED, FulfillmentStatus.RETURNED}
_SETTLED = {PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED}
S = TypeVar("S", bound=StrEnum)


class InvalidMove(Exception):
    """A state may not change this way; to try is a bug."""


def is_owed(status: Status, payment: PaymentStatus, fulfillment: FulfillmentStatus) -> bool:
    """Whether it holds goods back that nobody has paid: what was sent is the shop's decision."""
    return (
        status in (Status.PENDING, Status.CONFIRMED)
        and payment == PaymentStatus.UNPAID
        and fulfillment == FulfillmentStatus.UNFULFILLED
    )


def move(moves: Mapping[S, frozenset[S]], current: S, *path: S) -> S:
    """Where `path` leads from `current`; raises InvalidMove. The only way a state changes."""
    for following in path:
        if following != current and following not in moves[current]:
            raise InvalidMove(f"{current} → {following}")
        current = following
    return current


def status_of(step: Step, payment: PaymentStatus, fulfillment: FulfillmentStatus) -> Status:
    """Completed is what is confirmed, sent as a whole, and paid."""
    status = _STATUS_OF.get(step, Status.PENDING)
    done = status == Status.CONFIRMED and fulfillment in _SENT and payment in _SETTLED
    return Status.COMPLETED if done else status
