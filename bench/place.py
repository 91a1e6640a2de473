"""Where scenarios are played, the shop or the baseline: its products, and customers of its own."""

import asyncio
import time
from typing import Any

import aiohttp

from bench.shop import many

CUSTOMERS = 64
PASSWORD = "correct horse battery"
ORDERS_BEFORE = 20
BUSY = 503
TOKEN_SECONDS = 240
"""For so long access tokens are used: they are good for ten minutes."""


class Place:
    def __init__(self, url: str, products: list[Any], *, new: bool = True) -> None:
        """`products`: ids as JSON has them. `new`: nobody has an account yet."""
        self.url, self.products = url, products
        self.emails = [f"customer-{number}@example.com" for number in range(CUSTOMERS)]
        self._signed_in_at = -float(TOKEN_SECONDS)
        self._access: list[str] = []
        self._has_history = False
        if new:
            self._many(CUSTOMERS, lambda number: ("/api/auth/register", self.account(number), {}))

    def account(self, number: int) -> dict[str, str]:
        return {"email": self.emails[number], "password": PASSWORD}

    def sign_in(self) -> list[dict[str, Any]]:
        """New tokens of every customer."""
        return self._many(CUSTOMERS, lambda number: ("/api/auth/login", self.account(number), {}))

    def access(self) -> list[str]:
        """An access token of every customer."""
        if time.monotonic() - self._signed_in_at > TOKEN_SECONDS:
            self._access = [answer["access_token"] for answer in self.sign_in()]
            self._signed_in_at = time.monotonic()
        return self._access

    def have_history(self) -> None:
        """Every customer has a page of orders."""
        if not self._has_history:
            for _ in range(ORDERS_BEFORE):
                self._put(self.products[:CUSTOMERS])
                self._post("/api/orders", [{"payment": {"method": "manual"}}] * CUSTOMERS)
            self._has_history = True

    def have_carts(self, lines: int) -> None:
        """Every customer's cart has that many lines."""
        for product in self.products[:lines]:
            self._put([product] * CUSTOMERS)

    def _put(self, products: list[Any]) -> None:
        """One of each into the cart of one customer each."""
        self._post("/api/cart", [{"product_id": product} for product in products])

    def _post(self, path: str, bodies: list[Any]) -> None:
        bearers = [{"Authorization": f"Bearer {token}"} for token in self.access()]
        self._many(CUSTOMERS, lambda number: (path, bodies[number], bearers[number]))

    def _many(self, count: int, call: Any) -> list[Any]:
        async def post(session: aiohttp.ClientSession, number: int) -> Any:
            path, body, headers = call(number)
            while True:
                async with session.post(path, json=body, headers=headers) as answer:
                    if answer.status != BUSY:
                        answer.raise_for_status()
                        return await answer.json()
                    await asyncio.sleep(float(answer.headers["Retry-After"]))

        return asyncio.run(many(self.url, count, post))
