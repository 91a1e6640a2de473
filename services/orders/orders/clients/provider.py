"""Payment providers as orders needs them; every call may be repeated.

A payment is an *intent* at its provider: what shall be paid, under a reference that says for which
order and which attempt. Its money moves forward only: created, authorized, captured; refunds are
amounts beside that. Amounts are minor units of the intent's currency.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class IntentStatus(StrEnum):
    CREATED = "created"
    """Nothing is authorized; also after a decline."""
    REQUIRES_ACTION = "requires_action"
    """The customer must do what `next_action` says."""
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    CANCELLED = "cancelled"
    """Voided, or lapsed: it cannot be authorized or captured any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A payment as its provider shows it."""

    id: str
    reference: str
    status: IntentStatus
    amount: int
    currency: str
    captured: int = 0
    refunded: int = 0
    next_action: dict[str, Any] | None = None
    """`{"type": "redirect", "url": …}`, or what the provider's script in the page needs."""
    decline: str | None = None
    """Why the last attempt to authorize failed, in the words of `PaymentDeclined.decline_code`."""


class RefundStatus(StrEnum):
    SUCCEEDED = "succeeded"
    PENDING = "pending"
    """The provider will say by webhook; repeat the call to ask."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Event:
    """A webhook, verified. `intent` is None for what is not about an intent."""

    id: str
    type: str
    intent: Intent | None
    live: bool
    """False for what happened with test keys."""


class Provider(Protocol):
    """Raises Unavailable, from every call, when the outcome is unknown: then the same call with
    the same key is repeated, and answers as the first would have."""

    @property
    def live(self) -> bool:
        """Whether its keys move real money. Events of the other kind are not ours."""

    async def intent(self, reference: str, *, amount: int, currency: str) -> Intent:
        """The intent of this reference; made when there is none. Nothing is charged. Raises
        PaymentDeclined, each time, for what cannot be charged at all: too little, or such a
        currency."""

    async def authorize(self, intent_id: str, *, token: str, key: str) -> Intent:
        """Hold the money: AUTHORIZED or REQUIRES_ACTION. Raises PaymentDeclined."""

    async def find(self, intent_id: str) -> Intent:
        """As it is now. Raises UnknownIntent."""

    async def capture(self, intent_id: str, *, amount: int, key: str) -> Intent:
        """Take the held money; CAPTURED. Raises CaptureRefused when it is held no more."""

    async def void(self, intent_id: str) -> Intent:
        """Absorbing: afterwards it is CANCELLED, or was CAPTURED before and has to be refunded."""

    async def refund(self, intent_id: str, *, amount: int, key: str) -> RefundStatus:
        """Give captured money back."""

    def event(self, body: bytes, headers: Mapping[str, str]) -> Event:
        """What a webhook says. Raises InvalidSignature unless the provider has signed this body
        less than five minutes ago."""

    def list(self, since: datetime) -> AsyncIterator[Intent]:
        """All intents made since then."""

    async def close(self) -> None: ...
