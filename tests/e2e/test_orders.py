"""The life of an order, as a shopper and staff live it through the gateway."""

import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.conftest import Admin

PATIENCE = 20.0
Body = dict[str, Any]


class Counter:
    """Staff, and the customers that they serve."""

    def __init__(self, url: str, admin: Admin) -> None:
        self.http = httpx2.Client(base_url=url, timeout=30)
        body = {"email": admin.email, "password": admin.password}
        token = self.http.post("/api/auth/login", json=body).json()["access_token"]
        self.staff = {"Authorization": f"Bearer {token}"}

    def product(self, stock: int = 10) -> str:
        price = {"amount": 1250, "currency": "USD"}
        sku = f"E2E-{uuid4().hex[:12]}"
        body = {"sku": sku, "name": "A lamp", "price": price, "stock": stock, "status": "active"}
        answer = self.http.post("/api/products", json=body, headers=self.staff)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def guest(self, product_id: str, quantity: int) -> dict[str, str]:
        body = {"product_id": product_id, "quantity": quantity}
        answer = self.http.post("/api/cart", json=body)
        return {"X-Cart-Token": answer.headers["x-cart-token"]}

    def order(self, guest: dict[str, str], payment: Body | None = None) -> httpx2.Response:
        body = {"email": "ada@example.com"} | ({"payment": payment} if payment else {})
        return self.http.post("/api/orders", json=body, headers=guest)

    def do(self, order_id: str, verb: str, body: Body | None = None) -> httpx2.Response:
        path = f"/api/orders/{order_id}/{verb}"
        return self.http.post(path, json=body or {}, headers=self.staff)

    def until(self, order_id: str, holds: Callable[[Body], bool]) -> Body:
        deadline = time.monotonic() + PATIENCE
        while True:
            found: Body = self.http.get(f"/api/orders/{order_id}", headers=self.staff).json()
            if holds(found):
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.1)

    def on_hand(self, product_id: str) -> int:
        path = f"/api/products/{product_id}/stock"
        return int(self.http.get(path, headers=self.staff).json()["on_hand"])


@pytest.fixture(scope="module")
def counter(shop_url: str, admin: Admin) -> Iterator[Counter]:
    found = Counter(shop_url, admin)
    yield found
    found.http.close()


@pytest.fixture
def card(counter: Counter) -> Callable[[str], Body]:
    """A test card of the sandbox, where the shop takes them: not in containers."""
    methods = counter.http.get("/api/payments/methods").json()["items"]
    if "sandbox" not in {method["name"] for method in methods}:
        pytest.skip("this shop does not take the sandbox's cards")
    return lambda token: {"method": "sandbox", "token": token}


def test_an_invoice_is_paid_sent_and_partly_taken_back(counter: Counter) -> None:
    lamp = counter.product()
    guest = counter.guest(lamp, 2)
    order = counter.order(guest).json()
    assert counter.do(order["id"], "fulfillments").json()["code"] == "not_paid"
    assert counter.do(order["id"], "mark-paid", {"reference": "line 3"}).status_code == 201
    sent = counter.do(order["id"], "fulfillments", {"carrier": "DHL"}).json()
    assert (sent["status"], sent["fulfillment_status"]) == ("completed", "fulfilled")
    items = [{"product_id": lamp, "quantity": 1}]
    path = f"/api/orders/{order['id']}/returns"
    asked = counter.http.post(path, json={"items": items}, headers=guest).json()
    counter.do(order["id"], f"returns/{asked['returns'][0]['id']}/receive")
    done = counter.until(order["id"], lambda _: counter.on_hand(lamp) == 9)
    assert done["payment_status"] == "partially_refunded"


def test_a_card_is_charged_once_and_refunded(counter: Counter, card: Callable[[str], Body]) -> None:
    lamp = counter.product()
    answer = counter.order(counter.guest(lamp, 2), card("tok_success"))
    assert (answer.status_code, answer.json()["payment_status"]) == (201, "paid")
    order_id = answer.json()["id"]
    assert counter.do(order_id, "cancel").json()["status"] == "cancelled"
    counter.until(order_id, lambda order: order["payment_status"] == "refunded")
    assert counter.on_hand(lamp) == 10


def test_g5_who_confirms_at_the_bank_has_ordered(
    counter: Counter, card: Callable[[str], Body]
) -> None:
    """The webhook comes through the gateway."""
    answer = counter.order(counter.guest(counter.product(), 1), card("tok_action_required"))
    assert (answer.status_code, answer.json()["next_action"]["type"]) == (202, "redirect")
    form = {"action": "confirm"}
    httpx2.post(answer.json()["next_action"]["url"], data=form, follow_redirects=False, timeout=30)
    counter.until(answer.json()["id"], lambda order: order["status"] == "confirmed")


def test_g5_a_declined_card_leaves_cart_and_stock(
    counter: Counter, card: Callable[[str], Body]
) -> None:
    lamp = counter.product(stock=1)
    guest = counter.guest(lamp, 1)
    answer = counter.order(guest, card("tok_insufficient_funds"))
    assert (answer.status_code, answer.json()["decline_code"]) == (402, "insufficient_funds")
    assert counter.order(guest, card("tok_success")).status_code == 201


def test_g1_a_webhook_needs_its_signature(counter: Counter, card: Callable[[str], Body]) -> None:
    assert card("any")
    answer = counter.http.post("/api/payments/webhooks/sandbox", json={"id": "evt_1"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_signature")
