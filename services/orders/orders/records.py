"""What an order collects once it is placed: payments, refunds, fulfillments, returns."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class PaymentState(StrEnum):
    """Of one attempt to pay; it moves forward only."""

    PENDING = "pending"
    """Not authorized yet, as far as we know."""
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    VOIDED = "voided"
    """Nothing can be captured any more."""


FORWARD = {
    PaymentState.PENDING: 0,
    PaymentState.AUTHORIZED: 1,
    PaymentState.VOIDED: 2,
    PaymentState.CAPTURED: 3,  # the provider has the last word: it was captured after all
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One attempt to pay an order; amounts in minor units of `currency`."""

    id: str
    order_id: str
    attempt: int
    method: str
    token: str | None
    """The customer's means of payment, until the provider has answered."""
    state: PaymentState
    intent_id: str | None = None
    amount: int
    currency: str
    captured: int = 0
    refunded: int = 0
    refund_pending: int = 0
    next_action: dict[str, Any] | None = None
    decline_code: str | None = None
    request_key: str | None = None
    request_fingerprint: str | None = None
    """Of the request that began this attempt, where one did after the checkout's."""
    created_at: datetime

    @property
    def reference(self) -> str:
        """What the provider knows it by (checkout.md: `o:{id}:…:{n}`)."""
        return f"o:{self.order_id}:{self.attempt}"

    @property
    def refundable(self) -> int:
        return self.captured - self.refunded - self.refund_pending


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Money that goes back. `pending` until the provider has said yes or no."""

    id: str
    order_id: str
    payment_id: str
    status: str
    amount: int
    shipping: int
    """The part of `amount` that is for shipping."""
    items: list[dict[str, Any]]
    reason: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Fulfillment:
    """A parcel. `shipped`, then `delivered`."""

    id: str
    order_id: str
    status: str
    items: list[dict[str, Any]]
    carrier: str | None
    tracking_number: str | None
    tracking_url: str | None
    created_at: datetime
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """What a customer sends back: `requested`, then `received` or `rejected`."""

    id: str
    order_id: str
    status: str
    items: list[dict[str, Any]]
    reason: str | None
    restocked: bool = False
    refund_id: str | None = None
    created_at: datetime
    closed_at: datetime | None = None
