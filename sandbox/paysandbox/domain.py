"""Intents, and what each test token makes of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    CREATED = "created"
    REQUIRES_ACTION = "requires_action"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    CANCELLED = "cancelled"


class Kind(StrEnum):
    """Of a row of the ledger."""

    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


class Trouble(StrEnum):
    """What happens to the first answer, after the effect; a repetition is answered well."""

    SLOW = "slow"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Token:
    """What follows when an intent is authorized with it."""

    status: Status
    decline: str | None = None
    trouble: Trouble | None = None
    lapses: bool = False
    """The capture is refused, and the intent cancelled."""
    silent: bool = False
    """No webhook is ever sent for the intent."""


TOKENS = {
    "tok_success": Token(Status.AUTHORIZED),
    "tok_declined": Token(Status.CREATED, decline="card_declined"),
    "tok_insufficient_funds": Token(Status.CREATED, decline="insufficient_funds"),
    "tok_action_required": Token(Status.REQUIRES_ACTION),
    "tok_lapses": Token(Status.AUTHORIZED, lapses=True),
    "tok_slow": Token(Status.AUTHORIZED, trouble=Trouble.SLOW),
    "tok_error_after_charge": Token(Status.AUTHORIZED, trouble=Trouble.ERROR),
    "tok_lost_webhook": Token(Status.REQUIRES_ACTION, silent=True),
}
UNKNOWN = Token(Status.CREATED, decline="invalid_token")
REFUSED_BY_CUSTOMER = "authentication_failed"


@dataclass(frozen=True, slots=True)
class Intent:
    """Amounts are minor units of the currency."""

    id: str
    reference: str
    amount: int
    currency: str
    status: Status
    captured: int
    refunded: int
    token: str | None
    """The last one of TOKENS that it was authorized with."""
    decline: str | None
    silent: bool
    created_at: datetime

    @property
    def behaviour(self) -> Token:
        return TOKENS.get(self.token or "", UNKNOWN)


def view(intent: Intent, public_url: str) -> dict[str, Any]:
    """The intent as the API shows it."""
    next_action = None
    if intent.status == Status.REQUIRES_ACTION:
        next_action = {"type": "redirect", "url": f"{public_url}/pay/{intent.id}"}
    return {
        "id": intent.id,
        "reference": intent.reference,
        "status": intent.status.value,
        "amount": intent.amount,
        "currency": intent.currency,
        "captured": intent.captured,
        "refunded": intent.refunded,
        "next_action": next_action,
        "decline": intent.decline,
        "created_at": intent.created_at,
    }
