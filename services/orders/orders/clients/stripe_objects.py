"""Stripe's objects in the words of `orders.clients.provider`. Pure.

Only members that Stripe has had for years: a webhook comes in the version of the API that its
endpoint was made with.
"""

from collections.abc import Mapping
from typing import Any

from orders.clients.provider import Event, Intent, IntentStatus, RefundStatus
from orders.clients.stripe_amounts import from_stripe

REFERENCE = "reference"
"""The metadata of an intent, and of its charges, that says which of ours it is."""
KEY = "key"
"""The metadata of a refund that says with which key it was made."""
_STATUS = {
    "requires_action": IntentStatus.REQUIRES_ACTION,
    "requires_capture": IntentStatus.AUTHORIZED,
    "succeeded": IntentStatus.CAPTURED,
    "canceled": IntentStatus.CANCELLED,
}
"""Others (requires_payment_method, requires_confirmation, processing) are CREATED."""
_REFUND_STATUS = {
    "succeeded": RefundStatus.SUCCEEDED,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.FAILED,
}
"""Others (pending, requires_action) are PENDING."""
_DECLINES = {
    "insufficient_funds": "insufficient_funds",
    "expired_card": "expired_card",
    "authentication_required": "authentication_failed",
    "authentication_not_handled": "authentication_failed",
    "payment_intent_authentication_failure": "authentication_failed",
    "resource_missing": "invalid_token",
    "payment_method_unexpected_state": "invalid_token",
    "payment_method_invalid_parameter": "invalid_token",
    "invalid_account": "card_declined",
    "incorrect_cvc": "card_declined",
    "invalid_cvc": "card_declined",
    "incorrect_number": "card_declined",
    "invalid_number": "card_declined",
    "card_declined": "card_declined",
}

Json = Mapping[str, Any]


def decline_word(error: Json) -> str:
    """Of an `error` or a `last_payment_error`; the more exact `decline_code` comes first."""
    for code in (error.get("decline_code"), error.get("code")):
        if code in _DECLINES:
            return _DECLINES[code]
    return "other"


def intent_from(found: Json) -> Intent:
    """A PaymentIntent. `refunded` needs its `latest_charge` expanded and is 0 otherwise."""
    currency = str(found["currency"]).upper()
    failed, charge = found.get("last_payment_error"), found.get("latest_charge")
    status = _STATUS.get(found["status"], IntentStatus.CREATED)
    return Intent(
        id=found["id"],
        reference=reference_of(found),
        status=status,
        amount=from_stripe(found["amount"], currency),
        currency=currency,
        captured=from_stripe(found.get("amount_received") or 0, currency),
        refunded=_refunded(charge, currency) if isinstance(charge, Mapping) else 0,
        next_action=_action(found) if status is IntentStatus.REQUIRES_ACTION else None,
        decline=decline_word(failed) if failed and status is IntentStatus.CREATED else None,
    )


def intent_of_charge(found: Json) -> Intent | None:
    """A captured charge, as `charge.refunded` carries it, as its intent."""
    if not found.get("captured") or not isinstance(found.get("payment_intent"), str):
        return None
    currency = str(found["currency"]).upper()
    return Intent(
        id=found["payment_intent"],
        reference=reference_of(found),
        status=IntentStatus.CAPTURED,
        amount=from_stripe(found["amount"], currency),
        currency=currency,
        captured=from_stripe(_captured(found), currency),
        refunded=_refunded(found, currency),
    )


def refund_status(found: Json) -> RefundStatus:
    return _REFUND_STATUS.get(found["status"] or "", RefundStatus.PENDING)


def reference_of(found: Json) -> str:
    """Empty for what somebody else made in the same account."""
    return str((found.get("metadata") or {}).get(REFERENCE, ""))


def _captured(charge: Json) -> int:
    """In Stripe's units."""
    return int(charge.get("amount_captured", charge["amount"]) or 0)


def _refunded(charge: Json, currency: str) -> int:
    """A part that was authorized and not captured counts as refunded at Stripe, but is no money
    given back."""
    if not charge.get("captured"):
        return 0
    released = charge["amount"] - _captured(charge)
    return from_stripe(max(0, charge["amount_refunded"] - released), currency)


def _action(found: Json) -> dict[str, Any]:
    action = found.get("next_action") or {}
    if action.get("type") == "redirect_to_url":
        return {"type": "redirect", "url": action["redirect_to_url"]["url"]}
    return {"type": "stripe_sdk", "client_secret": found["client_secret"]}


def event_from(found: Json) -> Event:
    """`found` is verified."""
    about: Json = found["data"]["object"]
    ours = bool(reference_of(about))
    intent = None
    if ours and about.get("object") == "payment_intent":
        intent = intent_from(about)
    elif ours and about.get("object") == "charge":
        intent = intent_of_charge(about)
    return Event(found["id"], found["type"], intent, bool(found["livemode"]))
