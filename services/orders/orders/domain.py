"""An order, without database or HTTP: the record, and what follows from its parts."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from orders.records import Fulfillment, Payment, PaymentState, Refund, Return
from orders.states import FulfillmentStatus, PaymentStatus, Status, Step

RESERVATION_SECONDS = 15 * 60
PAY_LATER = "manual"
"""The method that needs no provider: staff say when it is paid."""


def payment_status_of(payments: Sequence[Payment]) -> PaymentStatus:
    """Of all attempts together; at most one is captured."""
    states = {payment.state for payment in payments}
    for payment in payments:
        if payment.state == PaymentState.CAPTURED:
            return _refund_status(payment)
    if PaymentState.AUTHORIZED in states:
        return PaymentStatus.AUTHORIZED
    return PaymentStatus.VOIDED if PaymentState.VOIDED in states else PaymentStatus.UNPAID


def _refund_status(payment: Payment) -> PaymentStatus:
    if payment.refunded == 0:
        return PaymentStatus.PAID
    whole = payment.refunded == payment.captured
    return PaymentStatus.REFUNDED if whole else PaymentStatus.PARTIALLY_REFUNDED


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it was sold, and how many of it went out, came back, and were paid back;
    amounts in minor units of the order's currency."""

    product_id: str
    sku: str
    name: str
    quantity: int
    unit_price: int
    line_total: int
    fulfilled: int = 0
    returned: int = 0
    refunded: int = 0


def fulfillment_status_of(
    lines: Sequence[Line], fulfillments: Sequence[Fulfillment]
) -> FulfillmentStatus:
    if all(line.returned == line.quantity for line in lines):
        return FulfillmentStatus.RETURNED
    if not any(line.fulfilled for line in lines):
        return FulfillmentStatus.UNFULFILLED
    if any(line.fulfilled < line.quantity for line in lines):
        return FulfillmentStatus.PARTIALLY_FULFILLED
    arrived = all(one.status == "delivered" for one in fulfillments)
    return FulfillmentStatus.DELIVERED if arrived else FulfillmentStatus.FULFILLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order's row, its lines and its papers. `owner` is `user:<id>` or `guest:<hash of the
    cart token>`."""

    id: str
    number: str
    owner: str
    email: str
    step: Step = Step.CREATED
    status: Status = Status.PENDING
    payment_status: PaymentStatus = PaymentStatus.UNPAID
    fulfillment_status: FulfillmentStatus = FulfillmentStatus.UNFULFILLED
    fence: int = 1
    lease_until: datetime | None
    attempts: int = 0
    has_key: bool
    has_papers: bool = False
    """Whether there is anything in the tables of payments, refunds, fulfillments and returns."""
    cart_token: str | None
    """Only until the cart is claimed: a guest's token is not kept."""
    debtor: str | None = None
    """Whose limit of unpaid orders it counts for (`debtors`), only as long as it is one of them."""
    note: str | None
    shipping_address: dict[str, Any] | None
    billing_address: dict[str, Any] | None
    shipping_method: str
    payment_method: str
    payment_token: str | None = None
    """Only until the first attempt to pay is stored, which then has it."""
    pay_until: datetime | None = None
    """While the stock is held for a payment: when that ends."""
    expected_total: dict[str, Any] | None
    cart_id: str | None = None
    cart_version: int | None = None
    currency: str | None = None
    subtotal: int | None = None
    discount: int | None = None
    shipping: int | None = None
    tax: int | None = None
    total: int | None = None
    failure: dict[str, Any] | None = None
    restock: bool = True
    """Whether a cancellation puts the goods back into stock."""
    timeline: list[dict[str, Any]]
    version: int = 1
    placed_at: datetime
    lines: tuple[Line, ...] = field(default=())
    payments: tuple[Payment, ...] = field(default=())
    refunds: tuple[Refund, ...] = field(default=())
    fulfillments: tuple[Fulfillment, ...] = field(default=())
    returns: tuple[Return, ...] = field(default=())

    @property
    def user_id(self) -> str | None:
        kind, _, rest = self.owner.partition(":")
        return rest if kind == "user" else None

    @property
    def unfinished(self) -> bool:
        return self.lease_until is not None

    @property
    def waits(self) -> bool:
        """For its customer: nothing more comes by itself. Not while an attempt to pay that is new
        is still on its way to the provider."""
        return self.step == Step.AWAITING_ACTION and self.payment.token is None

    @property
    def is_paid_later(self) -> bool:
        return self.payment_method == PAY_LATER

    @property
    def payment(self) -> Payment:
        """The newest attempt; there is one once an order is reserved to be paid."""
        return self.payments[-1]

    @property
    def captured(self) -> Payment | None:
        """The attempt that was paid, if any was."""
        captured = (p for p in self.payments if p.state == PaymentState.CAPTURED)
        return next(captured, None)

    def with_payment(self, changed: Payment) -> "Order":
        """The same with one of its payments as it is now."""
        payments = tuple(changed if p.id == changed.id else p for p in self.payments)
        return replace(self, payments=payments)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something to an order; of staff, which of them, and in which request."""

    kind: str = "system"
    by: str | None = None
    request_id: str | None = None


SYSTEM, CUSTOMER = Actor(), Actor("customer")


def event(
    now: datetime, name: str, *, actor: Actor = SYSTEM, reason: str | None = None
) -> dict[str, Any]:
    """One entry of an order's timeline."""
    at = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"at": at, "event": name, "actor": actor.kind, "reason": reason, "by": actor.by}
