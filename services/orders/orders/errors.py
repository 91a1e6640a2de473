"""The errors of orders. A Refusal is a definite no from a participant of the checkout."""

from collections.abc import Iterable, Sequence
from typing import Any

from shopkit.errors import BadRequest, Conflict, FieldError, Invalid, Unavailable


class FenceLost(Exception):
    """Somebody else has taken the order over; whoever hears this stops (checkout.md, rule 1)."""


class Refusal(Conflict):
    """A definite failure before the pivot: it is stored with the order, and compensated."""

    def stored(self) -> dict[str, Any]:
        return {"code": self.code, "detail": self.detail, "extra": self.extra}


class CartEmpty(Refusal):
    code, title = "cart_empty", "The cart is empty"


class CartAlreadyCheckedOut(Refusal):
    """`order_id` names the order that has the cart."""

    code, title = "cart_already_checked_out", "The cart already belongs to an order"


class ProductUnavailable(Refusal):
    """`items` lists what cannot be bought any more."""

    code, title = "product_unavailable", "A product of the cart is no longer sold"


class InsufficientStock(Refusal):
    """`items` lists product_id, requested and available."""

    code, title = "insufficient_stock", "Not enough in stock"


class PriceChanged(Refusal):
    """`items` lists product_id, old and new; or `expected_total` and `total` say what differs."""

    code, title = "price_changed", "A price has changed"


class CheckoutExpired(Refusal):
    code, title = "checkout_expired", "The reservation ran out before the order was placed"


class CheckoutRefused(Refusal):
    code, title = "checkout_refused", "The cart cannot be ordered as it is"


class CheckoutCancelled(Refusal):
    code, title = "checkout_cancelled", "The order was cancelled before it was paid"


class PaymentDeclined(Refusal):
    """`decline_code` tells why: `card_declined`, `insufficient_funds`, `expired_card`,
    `authentication_failed`, `invalid_token` or `other`."""

    status = 402
    code, title = "payment_declined", "The payment was declined"

    def __init__(self, detail: str, *, decline_code: str) -> None:
        super().__init__(detail, decline_code=decline_code)


class PaymentExpired(Refusal):
    status = 402
    code, title = "payment_expired", "The payment was not finished in time"


class CaptureRefused(Refusal):
    """The provider definitely refuses to capture what it had authorized."""

    status = 402
    code, title = "capture_refused", "The authorized payment could not be collected"


REFUSALS: dict[str, type[Refusal]] = {
    cls.code: cls
    for cls in (
        CartEmpty,
        CartAlreadyCheckedOut,
        ProductUnavailable,
        InsufficientStock,
        PriceChanged,
        CheckoutExpired,
        CheckoutRefused,
        CheckoutCancelled,
        PaymentDeclined,
        PaymentExpired,
        CaptureRefused,
    )
}


def refusal_from(stored: dict[str, Any]) -> Refusal:
    """The Refusal that `stored()` wrote down."""
    return REFUSALS[stored["code"]](stored["detail"], **stored["extra"])


class RestockRefused(Conflict):
    """A definite no of the catalog to a return; `items` lists product_id, requested, returnable."""

    code, title = "restock_refused", "The goods cannot go back into stock"


class UnknownIntent(Unavailable):
    """Definite: the provider knows no such payment. We wrote its id down when it told it, so this
    is another account, or one of us is an old backup; sagas wait for a person as in an outage."""


class InvalidState(Conflict):
    code, title = "invalid_state", "The order's state does not allow this"


class NotPaid(Conflict):
    """`payment_status` tells what it is instead."""

    code, title = "not_paid", "The order is not paid"

    def __init__(self, payment_status: str) -> None:
        super().__init__(
            f"The payment is {payment_status}; only what is paid is sent. What came in by another "
            "way has to be marked as paid first.",
            payment_status=payment_status,
        )


class NothingToRefund(Conflict):
    code, title = "nothing_to_refund", "There is nothing to refund"


class RefundExceedsPayment(Conflict):
    """`refundable` tells how much is left."""

    code, title = "refund_exceeds_payment", "So much was not paid"


class TooManyPendingOrders(Conflict):
    """`orders` are the ids of those in the way that belong to who asks."""

    code, title = "too_many_pending_orders", "Earlier orders are not paid yet"

    def __init__(self, limit: int, *, own: Sequence[str], of_guest: bool, passing: bool) -> None:
        """`passing`: one of them is still being placed, so that trying again may help."""
        whose = "by guests at one network address" if of_guest else "of one customer"
        instead = ", or log in," if of_guest else ""
        super().__init__(
            f"At most {limit} orders {whose} may be unpaid at a time: pay or cancel one of yours "
            f"(`orders`){instead} and order again.",
            orders=list(own),
            headers={"Retry-After": "5"} if passing else None,
        )


class TooManyAddresses(Conflict):
    code, title = "too_many_addresses", "The address book is full"

    def __init__(self, limit: int) -> None:
        super().__init__(f"An address book holds {limit} addresses: change or delete one of them.")


class InvalidSignature(BadRequest):
    code, title = "invalid_signature", "The webhook is not signed as agreed"


def unknown_method(method: str, known: Iterable[str], *, at: str) -> Invalid:
    """`at` points to the payment in what was sent."""
    detail = f"There is no payment method {method!r}; there are: {', '.join(sorted(known))}."
    return Invalid(detail, errors=[FieldError(f"{at}/method", "unknown_method", detail)])


def token_required(*, at: str) -> Invalid:
    detail = "This payment method needs the token of a means of payment."
    return Invalid(detail, errors=[FieldError(f"{at}/token", "missing", detail)])


def token_unused(method: str, *, at: str) -> Invalid:
    """Whoever sends a token means to pay with it: without this, a forgotten `method` would place
    an order that nobody pays."""
    detail = f"`{method}` takes no token: say which `method` it is for, or leave it out."
    return Invalid(detail, errors=[FieldError(f"{at}/token", "not_used", detail)])


def email_required() -> Invalid:
    detail = "A guest's order needs an e-mail address."
    return Invalid(detail, errors=[FieldError("/email", "missing", detail)])


def unknown_address(name: str) -> Invalid:
    """Also for somebody else's: as if there were none."""
    detail = "There is no such address in your address book."
    return Invalid(detail, errors=[FieldError(f"/{name}", "not_found", detail)])


def address_twice(name: str) -> Invalid:
    """`name` is that of the member with the id."""
    detail = f"Send `{name.removesuffix('_id')}` or `{name}`, not both."
    return Invalid(detail, errors=[FieldError(f"/{name}", "not_both", detail)])
