"""The order that a request asks for, before anybody has been asked."""

from datetime import datetime
from typing import Any

from orders.domain import STATUS_OF, Order, Step, event
from orders.errors import email_required
from orders.numbers import new_number
from orders.schemas import Address, CheckoutInput
from shopkit.auth import Principal
from shopkit.errors import NotAuthenticated
from shopkit.guests import user_owner
from shopkit.ids import new_id


def draft_order(
    payload: CheckoutInput,
    *,
    user: Principal | None,
    guest_owner: str | None,
    cart_token: str | None,
    now: datetime,
    until: datetime,
    has_key: bool,
) -> Order:
    """CREATED, under fence 1 and a lease until `until`.

    Raises NotAuthenticated for nobody, and Invalid where there is no e-mail address.
    """
    if user is None and guest_owner is None:
        raise NotAuthenticated("Log in, or send a guest's `X-Cart-Token`.")
    shipping = _address(payload.shipping_address)
    return Order(
        id=new_id(),
        number=new_number(),
        owner=user_owner(user.id) if user else str(guest_owner),
        email=_email(payload, user),
        step=Step.CREATED,
        status=STATUS_OF[Step.CREATED],
        payment_status="unpaid",
        fulfillment_status="unfulfilled",
        fence=1,
        lease_until=until,
        has_key=has_key,
        cart_token=None if user else cart_token,
        note=payload.note,
        shipping_address=shipping,
        billing_address=_address(payload.billing_address) or shipping,
        shipping_method=payload.shipping_method,
        payment_method=payload.payment.method if payload.payment else "manual",
        expected_total=payload.expected_total.model_dump() if payload.expected_total else None,
        timeline=[event(now, "placed", actor="customer")],
        placed_at=now,
    )


def _email(payload: CheckoutInput, user: Principal | None) -> str:
    email = payload.email or (user.email if user else "")
    if not email:
        raise email_required()
    return email


def _address(address: Address | None) -> dict[str, Any] | None:
    return address.model_dump() if address else None
