"""HttpCatalog: what an answer of catalog becomes."""

import asyncio
import json
from typing import Any

import pytest

from cart.clients.catalog import ONCE_SECONDS, HttpCatalog
from cart.main import build
from cart.settings import CartSettings
from services.cart.tests.conftest import Shopper
from shopkit.errors import Unavailable
from shopkit.http_client import ServiceClient
from shopkit.ids import new_id
from shopkit.testing import TokenFactory, running
from shopkit.transport import READ_SECONDS


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
        "backorder": True,
        "image": None,
    }
    offers = await catalog_answering(200, {"items": [item]}).find_offers([product, new_id()])
    assert set(offers) == {product}
    offer = offers[product]
    assert offer.backorder is True
    assert (offer.amount, offer.currency, offer.available, offer.active) == (
        5,
        "JPY",
        3,
        status == "active",
    )


class Network:
    """Auth gives tokens, catalog knows one product until it is `down`; counts its questions."""

    def __init__(self, product: str) -> None:
        price = {"amount": 5, "currency": "USD"}
        item = {"id": product, "sku": "S", "name": "N", "price": price, "status": "active"}
        self._item = {**item, "available": 9, "backorder": False}
        self.down, self.questions = False, 0

    async def send(self, method: str, path: str, *_: Any) -> tuple[int, bytes]:
        if path == "/internal/token":
            return 200, json.dumps({"access_token": "t", "expires_in": 600}).encode()
        if path != "/internal/products/lookup":
            return 404, b"{}"
        self.questions += 1
        return 503 if self.down else 200, json.dumps({"items": [self._item]}).encode()

    async def close(self) -> None: ...


async def test_a_claim_asks_once_since_orders_asks_again(
    settings: CartSettings, tokens: TokenFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, user, path = Network(product := new_id()), new_id(), f"/internal/claims/{new_id()}"
    monkeypatch.setattr("shopkit.http_client.HttpTransport", lambda _: network)
    async with running(build(settings)) as (public, internal):
        ada = Shopper(public, {"authorization": tokens.user(id=user)}, user)
        assert (await ada.add(product)).status_code == 201
        network.down, network.questions = True, 0
        orders = {"authorization": tokens.service("orders")}
        claim = await internal.put(path, json={"user_id": user}, headers=orders)
        assert (claim.status_code, network.questions) == (503, 1)
        assert ((await ada.send("GET")).status_code, network.questions) == (503, 1 + 3)
    assert ONCE_SECONDS < READ_SECONDS, "or the caller has given us up before we answer"


async def test_once_waits_less_than_whoever_waits_for_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cart.clients.catalog.DEADLINE_SECONDS", 3600)
    monkeypatch.setattr("cart.clients.catalog.ONCE_SECONDS", 0.01)

    class Hanging(Answering):
        async def send(self, *_: Any) -> tuple[int, bytes]:
            await asyncio.sleep(3600)
            raise AssertionError

    catalog = HttpCatalog(ServiceClient("http://x", transport=Hanging(200, None)), once=True)
    async with asyncio.timeout(10):
        with pytest.raises(Unavailable):
            await catalog.find_offers([new_id()])
