"""Where an order goes, and whom it bills: what was sent, or what the address book has."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from orders.domain import Order
from orders.errors import address_twice, unknown_address
from orders.repository.addresses import list_for_checkout
from orders.schemas.checkout import CheckoutInput
from shopkit.guests import is_guest

Row = Mapping[Any, Any]


@dataclass(frozen=True)
class AddressChoice:
    """The addresses of the book that a checkout names, by their ids."""

    shipping: str | None = None
    billing: str | None = None


def address_choice(payload: CheckoutInput) -> AddressChoice:
    """Raises Invalid for an address and an id of one."""
    for name in ("shipping_address", "billing_address"):
        if getattr(payload, name) and getattr(payload, f"{name}_id"):
            raise address_twice(f"{name}_id")
    return AddressChoice(payload.shipping_address_id, payload.billing_address_id)


def addressed(conn: Connection, order: Order, choice: AddressChoice) -> Order:
    """The new order with copies of the addresses that were chosen; where nothing was sent, of the
    customer's defaults; and without one for the bill it goes where the goods go.

    Raises Invalid for an id that is not in the customer's own book.
    """
    shipping, billing = order.shipping_address, order.billing_address
    if not (shipping and billing):
        ids = tuple(filter(None, (choice.shipping, choice.billing)))
        book = _book(conn, order, ids)
        shipping = shipping or _find(book, "shipping", choice.shipping)
        billing = billing or _find(book, "billing", choice.billing)
    return replace(order, shipping_address=shipping, billing_address=billing or shipping)


def _book(conn: Connection, order: Order, ids: tuple[str, ...]) -> list[Row]:
    """A guest has none."""
    if is_guest(order.owner):
        return []
    return [*list_for_checkout(conn, owner=order.owner, ids=ids)]


def _find(book: list[Row], purpose: str, named: str | None) -> Any:
    """The one that is named, or the default if there is one."""
    if named is None:
        return next((row["address"] for row in book if row[f"default_{purpose}"]), None)
    found = next((row["address"] for row in book if row["id"] == named), None)
    if found is None:
        raise unknown_address(f"{purpose}_address_id")
    return found
