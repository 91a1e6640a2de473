"""Stock as orders needs it: reserve, commit, release, restock, all repeatable and keyed by order
or return; and what the reconciler compares with the orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from orders.clients.calling import ask, find_statuses, insist, list_after
from orders.domain import RESERVATION_SECONDS, Line
from orders.errors import (
    CheckoutExpired,
    CheckoutRefused,
    InsufficientStock,
    PriceChanged,
    Refusal,
    RestockRefused,
)
from shopkit.errors import Unavailable
from shopkit.http_client import ClientResponse, ServiceClient
from shopkit.ids import LOWEST_ID
from shopkit.money import money


@dataclass(frozen=True, slots=True)
class Reservation:
    """Stock that catalog holds or has sold for an order."""

    order_id: str
    status: str
    """held or committed"""
    quantities: dict[str, int]
    """Pieces per product id, as they were reserved."""


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
        """Sold goods, pieces per product id, are back; once per `return_id`. A later release gives
        back the rest. Raises RestockRefused when that is more than was sold and is not back yet."""

    async def list_reservations(self, after: str = LOWEST_ID) -> list[Reservation]:
        """A page of what is held or sold, by order id; empty at the end. `first_id` makes an
        `after` of a moment. An order is older than its reservation: who reads the orders after
        the page finds each of them."""

    async def find_reservations(self, order_ids: Sequence[str]) -> dict[str, str]:
        """held, committed, released or expired; unknown orders, and what has ended and is long
        forgotten, are absent."""


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
        await insist(self._client, f"/internal/reservations/{order_id}/release")

    async def restock(self, return_id: str, order_id: str, quantities: Mapping[str, int]) -> None:
        lines = [{"product_id": id, "quantity": quantity} for id, quantity in quantities.items()]
        body = {"order_id": order_id, "lines": lines}
        answer = await ask(self._client, "PUT", f"/internal/returns/{return_id}", body)
        if answer.status != 200:
            extra = {"items": answer.json["items"]} if "items" in answer.json else {}
            code = answer.json.get("code", answer.status)
            raise RestockRefused(f"The catalog does not take it back ({code}).", **extra)

    async def list_reservations(self, after: str = LOWEST_ID) -> list[Reservation]:
        items = await list_after(self._client, "/internal/reservations", after)
        return [Reservation(one["order_id"], one["status"], one["quantities"]) for one in items]

    async def find_reservations(self, order_ids: Sequence[str]) -> dict[str, str]:
        return await find_statuses(self._client, "/internal/reservations/lookup", order_ids)


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
