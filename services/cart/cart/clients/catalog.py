"""Prices and stock, as cart asks for them."""

from collections.abc import Iterable
from typing import Any, Protocol

from cart.domain import Offer, Offers
from shopkit.errors import Unavailable
from shopkit.http_client import ServiceClient
from shopkit.logs import get_logger

log = get_logger()
DEADLINE_SECONDS = 3.0
ONCE_SECONDS = 1.5
"""Less than a caller of ours waits for us (`shopkit.transport.READ_SECONDS`)."""


class Catalog(Protocol):
    async def find_offers(self, product_ids: Iterable[str]) -> Offers:
        """Today's offers by product id, of all that exist, in one question.

        Raises Unavailable when there is no answer. No ids, no question; at most 200.
        """


class HttpCatalog:
    """Asks again when there is no answer; with `once` it leaves that to whoever called us."""

    def __init__(self, client: ServiceClient, *, once: bool = False) -> None:
        self._client = client
        self._attempts = 1 if once else 3
        self._deadline = ONCE_SECONDS if once else DEADLINE_SECONDS

    async def find_offers(self, product_ids: Iterable[str]) -> Offers:
        ids = sorted(product_ids)
        if not ids:
            return {}
        answer = await self._client.call(
            "POST",
            "/internal/products/lookup",
            json={"ids": ids},
            attempts=self._attempts,
            deadline=self._deadline,
        )
        if answer.status != 200:
            log.error("catalog_refused", status=answer.status)
            raise Unavailable("The catalog does not tell prices now.")
        return {item["id"]: _offer(item) for item in answer.json["items"]}


def _offer(item: dict[str, Any]) -> Offer:
    return Offer(
        product_id=item["id"],
        sku=item["sku"],
        name=item["name"],
        amount=item["price"]["amount"],
        currency=item["price"]["currency"],
        available=item["available"],
        backorder=item["backorder"],
        active=item["status"] == "active",
    )
