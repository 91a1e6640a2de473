"""HttpCatalog: what an answer of catalog becomes."""

import json
from typing import Any

import pytest

from cart.clients.catalog import HttpCatalog
from shopkit.errors import Unavailable
from shopkit.http_client import ServiceClient
from shopkit.ids import new_id


class Answering:
    """A transport that has one answer for everything."""

    def __init__(self, status: int, body: Any) -> None:
        self._answer = status, json.dumps(body).encode()

    async def send(self, *_: Any) -> tuple[int, bytes]:
        return self._answer

    async def close(self) -> None: ...


def catalog_answering(status: int, body: object = None) -> HttpCatalog:
    return HttpCatalog(ServiceClient("http://x", transport=Answering(status, body)))


async def test_no_ids_no_question() -> None:
    assert await catalog_answering(500).find_offers(()) == {}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 500, 503])
async def test_anything_but_an_answer_is_unavailable(status: int) -> None:
    with pytest.raises(Unavailable):
        await catalog_answering(status, {"code": "x"}).find_offers([new_id()])


@pytest.mark.parametrize(
    ("status", "active"), [("active", True), ("draft", False), ("archived", False)]
)
async def test_an_offer_is_active_or_not(status: str, active: bool) -> None:
    product = new_id()
    item = {
        "id": product,
        "sku": "S",
        "name": "N",
        "slug": "n",
        "status": status,
        "price": {"amount": 5, "currency": "JPY"},
        "available": 3,
        "image": None,
    }
    offers = await catalog_answering(200, {"items": [item]}).find_offers([product, new_id()])
    assert set(offers) == {product}
    offer = offers[product]
    assert (offer.amount, offer.currency, offer.available, offer.active) == (
        5,
        "JPY",
        3,
        status == "active",
    )
