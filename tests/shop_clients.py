"""Who uses the shop in tests: staff who fill the catalog, and guests who buy."""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import httpx2

from shopkit.ids import new_id
from tests.shop_processes import ADMIN, ShopProcesses

PATIENCE = 40
"""Attempts to get a final answer, a fifth of a second apart at least."""


@dataclass
class Staff:
    shop: ShopProcesses
    headers: dict[str, str]

    @classmethod
    async def log_in(cls, shop: ShopProcesses) -> "Staff":
        answer = await shop.client("auth").post("/api/auth/login", json=ADMIN)
        assert answer.status_code == 200, answer.text
        return cls(shop, {"authorization": f"Bearer {answer.json()['access_token']}"})

    async def product(self, *, stock: int = 10, price: int = 1000) -> str:
        """The id of a new product."""
        sku = f"SKU-{new_id()}"
        money = {"amount": price, "currency": "USD"}
        body = {"sku": sku, "name": f"Thing {sku[-6:]}", "price": money, "stock": stock}
        answer = await self.shop.client("catalog").post(
            "/api/products", json={**body, "status": "active"}, headers=self.headers
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def set_price(self, product_id: str, amount: int) -> None:
        body = {"price": {"amount": amount, "currency": "USD"}}
        answer = await self.shop.client("catalog").patch(
            f"/api/products/{product_id}", json=body, headers=self.headers
        )
        assert answer.status_code == 200, answer.text

    async def stock(self, product_id: str) -> dict[str, Any]:
        answer = await self.shop.client("catalog").get(
            f"/api/products/{product_id}/stock", headers=self.headers
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@dataclass
class Guest:
    """Buys without an account, and remembers every final answer."""

    shop: ShopProcesses
    headers: dict[str, str] = field(default_factory=dict)
    final: dict[str, httpx2.Response] = field(default_factory=dict)

    async def add(self, product_id: str, quantity: int = 1) -> httpx2.Response:
        body = {"product_id": product_id, "quantity": quantity}
        answer = await self.shop.client("cart").post("/api/cart", json=body, headers=self.headers)
        if "x-cart-token" in answer.headers:
            self.headers = {"x-cart-token": answer.headers["x-cart-token"]}
        return answer

    async def cart(self) -> Any:
        return (await self.shop.client("cart").get("/api/cart", headers=self.headers)).json()

    async def order(
        self, *, key: str | None = None, payload: dict[str, Any] | None = None
    ) -> httpx2.Response:
        body = {"email": "guest@example.com", **(payload or {})}
        headers = self.headers | ({"idempotency-key": key} if key else {})
        answer = await self.shop.client("orders").post("/api/orders", json=body, headers=headers)
        if key and answer.status_code in (201, 409) and not running(answer):
            self.final.setdefault(key, answer)
        return answer

    async def insist(self, key: str, payload: dict[str, Any] | None = None) -> httpx2.Response:
        """Repeat with the same key until there is a final answer, as a client should."""
        for _ in range(PATIENCE):
            try:
                answer = await self.order(key=key, payload=payload)
            except httpx2.TransportError:
                answer = None
            if answer is not None and answer.status_code != 503 and not running(answer):
                return answer
            await asyncio.sleep(random.uniform(0.2, 0.4))
        raise AssertionError(f"no final answer: {answer and answer.text}")

    async def get(self, order_id: str) -> httpx2.Response:
        return await self.shop.client("orders").get(f"/api/orders/{order_id}", headers=self.headers)

    async def cancel(self, order_id: str) -> httpx2.Response:
        return await self.shop.client("orders").post(
            f"/api/orders/{order_id}/cancel", headers=self.headers
        )


def running(answer: httpx2.Response) -> bool:
    return answer.status_code == 202 or answer.json().get("code") == "request_in_progress"
