"""The cart as orders needs it: claim, consume, release, all repeatable and keyed by order; and
what the reconciler compares with the orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from orders.clients.calling import ask, find_statuses, insist, list_after
from orders.domain import Line
from orders.errors import (
    CartAlreadyCheckedOut,
    CartEmpty,
    CheckoutExpired,
    CheckoutRefused,
    ProductUnavailable,
    Refusal,
)
from shopkit.http_client import ClientResponse, ServiceClient
from shopkit.ids import LOWEST_ID


@dataclass(frozen=True, slots=True)
class Claim:
    """What the claimed cart holds and costs; it never changes. Amounts in minor units."""

    cart_id: str
    version: int
    currency: str
    lines: tuple[Line, ...]
    subtotal: int
    discount: int
    shipping: int
    tax: int
    total: int


class Cart(Protocol):
    async def claim(self, order_id: str, *, user_id: str | None, cart_token: str | None) -> Claim:
        """Raises a Refusal when there is nothing to claim, Unavailable when nobody knows."""

    async def consume(self, order_id: str) -> None:
        """The claimed cart has become the order."""

    async def release(self, order_id: str) -> None:
        """Give the cart back, and refuse any later claim for this order."""

    async def list_claims(self, after: str = LOWEST_ID) -> dict[str, str]:
        """A page of orders, by id, that have a cart, claimed or converted; empty at the end. Go on
        after the last. An order is older than its claim: who reads the orders after the page finds
        each of them."""

    async def find_claims(self, order_ids: Sequence[str]) -> dict[str, str]:
        """claimed, converted or released; unknown orders, and what is long forgotten, are
        absent."""


class HttpCart:
    """Cart over its internal API."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def claim(self, order_id: str, *, user_id: str | None, cart_token: str | None) -> Claim:
        body = {"user_id": user_id, "cart_token": cart_token}
        answer = await ask(self._client, "PUT", f"/internal/claims/{order_id}", body)
        if answer.status != 200:
            raise _refusal(answer)
        return _claim(answer.json)

    async def consume(self, order_id: str) -> None:
        await insist(self._client, f"/internal/claims/{order_id}/consume")

    async def release(self, order_id: str) -> None:
        await insist(self._client, f"/internal/claims/{order_id}/release")

    async def list_claims(self, after: str = LOWEST_ID) -> dict[str, str]:
        items = await list_after(self._client, "/internal/claims", after)
        return {one["order_id"]: one["status"] for one in items}

    async def find_claims(self, order_ids: Sequence[str]) -> dict[str, str]:
        return await find_statuses(self._client, "/internal/claims/lookup", order_ids)


def _claim(body: dict[str, Any]) -> Claim:
    amounts = ("subtotal", "discount", "shipping", "tax", "total")
    return Claim(
        cart_id=body["cart_id"],
        version=body["version"],
        currency=body["currency"],
        lines=tuple(_line(item) for item in body["items"]),
        **{name: body[name]["amount"] for name in amounts},
    )


def _line(item: dict[str, Any]) -> Line:
    return Line(
        product_id=item["product_id"],
        sku=item["sku"],
        name=item["name"],
        quantity=item["quantity"],
        unit_price=item["unit_price"]["amount"],
        line_total=item["line_total"]["amount"],
    )


def _refusal(answer: ClientResponse) -> Refusal:
    body = answer.json
    match body.get("code"):
        case "cart_empty":
            return CartEmpty("There is nothing in the cart.")
        case "cart_already_checked_out":
            detail = "The order in `order_id` has this cart; for another one begin a new cart."
            return CartAlreadyCheckedOut(detail, order_id=body["order_id"])
        case "product_unavailable":
            detail = "Remove what is no longer sold and try again."
            return ProductUnavailable(detail, items=body["items"])
        case "quantity_limit":
            return CheckoutRefused(f"{body['detail']} Lower the quantity and try again.")
        case "claim_gone":
            return CheckoutExpired("This checkout was given up; check out again with a new key.")
    return CheckoutRefused(f"The cart refused it ({body.get('code', answer.status)}).")
