"""Orders without database or HTTP: the saga's steps, who may move where, the record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

RESERVATION_SECONDS = 15 * 60


class Step(StrEnum):
    """Where the saga stands (checkout.md)."""

    CREATED = "CREATED"
    RESERVED = "RESERVED"
    AWAITING_ACTION = "AWAITING_ACTION"
    AUTHORIZED = "AUTHORIZED"
    STOCK_COMMITTED = "STOCK_COMMITTED"
    CONFIRMED = "CONFIRMED"
    CAPTURING = "CAPTURING"
    """Confirmed, and now shipped: what was authorized is captured."""
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


MOVES: Mapping[Step, frozenset[Step]] = {
    Step.CREATED: frozenset({Step.RESERVED, Step.COMPENSATING}),
    Step.RESERVED: frozenset({Step.STOCK_COMMITTED, Step.COMPENSATING}),
    Step.STOCK_COMMITTED: frozenset({Step.CONFIRMED}),
    Step.CONFIRMED: frozenset({Step.CANCELLING}),
    Step.COMPENSATING: frozenset({Step.FAILED}),
    Step.FAILED: frozenset(),
    Step.CANCELLING: frozenset({Step.CANCELLED}),
    Step.CANCELLED: frozenset(),
}
STATUS_OF: Mapping[Step, Status] = {
    Step.CREATED: Status.PENDING,
    Step.RESERVED: Status.PENDING,
    Step.STOCK_COMMITTED: Status.PENDING,
    Step.CONFIRMED: Status.CONFIRMED,
    Step.COMPENSATING: Status.PENDING,
    Step.FAILED: Status.FAILED,
    # From here it only goes forward, so that the customer need not wait for the stock to be back.
    Step.CANCELLING: Status.CANCELLED,
    Step.CANCELLED: Status.CANCELLED,
}


class InvalidMove(Exception):
    """The saga may not go this way; to try is a bug."""


def move(current: Step, *path: Step) -> Step:
    """Where `path` leads from `current`; raises InvalidMove. The only way a step changes."""
    for following in path:
        if following not in MOVES[current]:
            raise InvalidMove(f"{current} → {following}")
        current = following
    return current


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it was sold; amounts in minor units of the order's currency."""

    product_id: str
    sku: str
    name: str
    quantity: int
    unit_price: int
    line_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order's row, and its lines. `owner` is `user:<id>` or `guest:<hash of the cart token>`."""

    id: str
    number: str
    owner: str
    email: str
    step: Step
    status: str
    payment_status: str
    fulfillment_status: str
    fence: int
    lease_until: datetime | None
    attempts: int = 0
    has_key: bool
    cart_token: str | None
    """Only until the cart is claimed: a guest's token is not kept."""
    note: str | None
    shipping_address: dict[str, Any] | None
    billing_address: dict[str, Any] | None
    shipping_method: str
    payment_method: str
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
    timeline: list[dict[str, Any]]
    version: int = 1
    placed_at: datetime
    lines: tuple[Line, ...] = field(default=())

    @property
    def user_id(self) -> str | None:
        kind, _, rest = self.owner.partition(":")
        return rest if kind == "user" else None

    @property
    def unfinished(self) -> bool:
        return self.lease_until is not None


def event(
    now: datetime, name: str, *, actor: str = "system", reason: str | None = None
) -> dict[str, Any]:
    """One entry of an order's timeline."""
    at = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"at": at, "event": name, "actor": actor, "reason": reason}
