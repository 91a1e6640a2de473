"""The order that a request asks for, before anybody has been asked."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orders.debtors import Debtors
from orders.domain import CUSTOMER, PAY_LATER, Order, event
from orders.errors import email_required, token_required, token_unused, unknown_method
from orders.numbers import new_number
from orders.schemas.checkout import Address, CheckoutInput, PaymentInput
from shopkit.auth import Principal
from shopkit.errors import NotAuthenticated
from shopkit.guests import user_owner
from shopkit.ids import new_id


@dataclass(frozen=True)
class Guest:
    """Whoever has the cart's token, and where they ask from, as the gateway tells it."""

    token: str
    owner: str
    network: str | None


def draft_order(
    payload: CheckoutInput,
    *,
    user: Principal | None,
    guest: Guest | None,
    debtors: Debtors,
    now: datetime,
    until: datetime,
    has_key: bool,
    methods: Collection[str],
) -> Order:
    """CREATED, under fence 1 and a lease until `until`; with the addresses that were sent.

    Raises NotAuthenticated for nobody; Invalid without an e-mail address, for a payment method
    that is not among `methods`, without a token for it, or with one that it has no use for.
    """
    owner, debtor = _whose(payload, user, guest, debtors)
    payment = checked_payment(payload.payment or PaymentInput(), methods, at="/payment")
    return Order(
        id=new_id(),
        number=new_number(),
        owner=owner,
        email=_email(payload, user),
        lease_until=until,
        has_key=has_key,
        cart_token=None if user or not guest else guest.token,
        debtor=debtor,
        note=payload.note,
        shipping_address=_address(payload.shipping_address),
        billing_address=_address(payload.billing_address),
        shipping_method=payload.shipping_method,
        payment_method=payment.method,
        payment_token=payment.token,
        expected_total=payload.expected_total.model_dump() if payload.expected_total else None,
        timeline=[event(now, "placed", actor=CUSTOMER)],
        placed_at=now,
    )


def _whose(
    payload: CheckoutInput, user: Principal | None, guest: Guest | None, debtors: Debtors
) -> tuple[str, str]:
    """Owner and debtor; with both, it is the user's."""
    if user is not None:
        owner = user_owner(user.id)
        return owner, owner
    if guest is None:
        raise NotAuthenticated("Log in, or send a guest's `X-Cart-Token`.")
    return guest.owner, debtors.of_guest(guest.network, _email(payload, None))


def checked_payment(payment: PaymentInput, methods: Collection[str], *, at: str) -> PaymentInput:
    """Raises Invalid; `at` points to the payment in what was sent."""
    if payment.method not in methods:
        raise unknown_method(payment.method, methods, at=at)
    if payment.method != PAY_LATER and payment.token is None:
        raise token_required(at=at)
    if payment.method == PAY_LATER and payment.token is not None:
        raise token_unused(PAY_LATER, at=at)
    return payment


def _email(payload: CheckoutInput, user: Principal | None) -> str:
    email = payload.email or (user.email if user else "")
    if not email:
        raise email_required()
    return email


def _address(address: Address | None) -> dict[str, Any] | None:
    return address.model_dump() if address else None
