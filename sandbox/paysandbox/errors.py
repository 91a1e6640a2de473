"""What the sandbox refuses; the codes are part of its API."""

from paysandbox.domain import Status
from shopkit.errors import BadRequest, Conflict, Problem


class KeyMissing(BadRequest):
    code, title = "idempotency_key_missing", "The Idempotency-Key header is missing"

    def __init__(self) -> None:
        super().__init__("What moves money needs an `Idempotency-Key`.")


class ReferenceReused(Problem):
    status, code, title = 422, "reference_reused", "The reference belongs to another payment"

    def __init__(self) -> None:
        super().__init__("The intent with this reference has another amount or currency.")


class PaymentDeclined(Problem):
    status, code, title = 402, "payment_declined", "The payment was declined"

    def __init__(self, decline_code: str) -> None:
        super().__init__(f"The payment was declined: {decline_code}.", decline_code=decline_code)


class IntentCancelled(Conflict):
    code, title = "intent_cancelled", "The intent is cancelled"

    def __init__(self) -> None:
        super().__init__("A cancelled intent cannot be authorized; make another.")


class NotAuthorized(Conflict):
    code, title = "not_authorized", "Nothing is authorized"

    def __init__(self, status: Status) -> None:
        super().__init__(f"Only what is authorized can be captured; this intent is {status}.")


class AuthorizationLapsed(Conflict):
    code, title = "authorization_lapsed", "The authorization has lapsed"

    def __init__(self) -> None:
        super().__init__("The authorization has lapsed, and the intent is cancelled.")


class CaptureExceedsAuthorization(Conflict):
    code, title = "capture_exceeds_authorization", "More than was authorized"

    def __init__(self, amount: int) -> None:
        super().__init__(f"At most {amount} can be captured.")


class RefundExceedsCapture(Conflict):
    code, title = "refund_exceeds_capture", "More than was captured"

    def __init__(self, left: int) -> None:
        super().__init__(f"At most {left} can still be refunded.", refundable=left)
