"""Stock as a checkout needs it: reserve, commit, release; all repeatable, keyed by order."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from orders.clients.calling import ask, insist
from orders.domain import RESERVATION_SECONDS, Line
from orders.errors import (
    CheckoutExpired,
    CheckoutRefused,
    InsufficientStock,
    PriceChanged,
    Refusal,
)
from shopkit.errors import Unavailable
from shopkit.http_client import ClientResponse, ServiceClient
from shopkit.money import money


class Catalog(Protocol):
    async def reserve(self, order_id: str, lines: Sequence[Line], currency: str) -> None:
        """Hold the lines' stock at their prices, all or nothing, for RESERVATION_SECONDS.

        Raises a Refusal when it cannot be, Unavailable when nobody knows.
        """

    async def commit(self, order_id: str) -> None:
        """The held stock is sold. Raises CheckoutExpired when it is held no more."""

    async def release(self, order_id: str) -> None:
        """Give held or sold stock back, and refuse any later reserve or commit for this order."""

    async def restock(self, return_id: str, order_id: str, quantities: Mapping[str, int]) -> None:
        """What was sold with the order has come back; once for each return."""


class HttpCatalog:
    """Catalog over its internal API."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def reserve(self, order_id: str, lines: Sequence[Line], currency: str) -> None:
        wanted = [
            {
                "product_id": line.product_id,
                "quantity": line.quantity,
                "unit_price": money(line.unit_price, currency),
            }
            for line in lines
        ]
        body = {"lines": wanted, "ttl_seconds": RESERVATION_SECONDS}
        answer = await ask(self._client, "PUT", f"/internal/reservations/{order_id}", body)
        if answer.status != 200:
            raise _refusal(answer)

    async def commit(self, order_id: str) -> None:
        answer = await ask(self._client, "POST", f"/internal/reservations/{order_id}/commit")
        if answer.status in (404, 410):
            raise CheckoutExpired("The stock is not held any more; check out again.")
        if answer.status != 200:
            raise Unavailable(f"Commit answered {answer.status}.")

    async def release(self, order_id: str) -> None:
        await insist(self._client, "POST", f"/internal/reservations/{order_id}/release")

    async def restock(self, return_id: str, order_id: str, quantities: Mapping[str, int]) -> None:
        lines = [{"product_id": id_, "quantity": count} for id_, count in quantities.items()]
        body = {"order_id": order_id, "lines": lines}
        await insist(self._client, "PUT", f"/internal/returns/{return_id}", body)


def _refusal(answer: ClientResponse) -> Refusal:
    body = answer.json
    match body.get("code"):
        case "insufficient_stock":
            detail = "`items` tells how many there are; change the cart and try again."
            return InsufficientStock(detail, items=body["items"])
        case "price_changed":
            detail = "`items` tells the old and the new price; look at the cart and try again."
            return PriceChanged(detail, items=body["items"])
        case "reservation_gone":
            return CheckoutExpired("This checkout was given up; check out again with a new key.")
    return CheckoutRefused(f"The catalog refused it ({body.get('code', answer.status)}).")
