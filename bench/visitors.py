"""Who comes to a shop in a day, one after the other: most look around, and some buy."""

import asyncio
import random
import time
from collections import Counter
from typing import Any

import aiohttp

from bench.place import CUSTOMERS, Place
from bench.words import Vocabulary

CARD, LATER = {"method": "sandbox", "token": "tok_success"}, {"method": "manual"}
Answer = aiohttp.ClientResponse


class Visitors:
    """`answers`: how visits ended, by what they were for."""

    def __init__(self, place: Place) -> None:
        self.answers: Counter[str] = Counter()
        self._place, self._chance, self._words = place, random.Random(1), Vocabulary(seed=2)

    @property
    def orders(self) -> int:
        return sum(self.answers[f"{visit} 201"] for visit in ("card", "later", "guest"))

    async def come(self, seconds: float, per_second: float) -> None:
        """So many a second for so long, each with a connection of its own."""
        visits = [self.look] * 3 + [self.leave, self.log_out] * 2
        visits += [self.guess, self.guest, self.card, self.later]
        ends_at = time.monotonic() + seconds
        how: dict[str, Any] = {"timeout": aiohttp.ClientTimeout(30), "raise_for_status": True}
        while time.monotonic() < ends_at:
            visit = self._chance.choice(visits)
            try:
                async with aiohttp.ClientSession(self._place.url, **how) as self._client:
                    ended = str((await visit()).status)
            except aiohttp.ClientResponseError as refused:
                ended = f"{refused.status} {refused.request_info.url.path}"
            except (aiohttp.ClientError, TimeoutError) as broken:
                ended = type(broken).__name__
            self.answers[f"{visit.__name__} {ended}"] += 1
            await asyncio.sleep(self._chance.uniform(0.5, 1.5) / per_second)

    async def look(self) -> Answer:
        product, words = self._chance.choice(self._place.products), self._words.text(2)
        await self._ask("GET", "/api/products?limit=20")
        await self._ask("GET", f"/api/products/{product}")
        return await self._ask("GET", f"/api/products?q={words.replace(' ', '+')}")

    async def leave(self) -> Answer:
        """A guest's new cart with one to three products."""
        first, *more = self._chance.sample(self._place.products, self._chance.randint(1, 3))
        filled = await self._ask("POST", "/api/cart", {"product_id": first})
        token = {"X-Cart-Token": filled.headers["X-Cart-Token"]}
        for product in more:
            await self._ask("POST", "/api/cart", {"product_id": product}, token)
        return filled

    async def guest(self) -> Answer:
        buyer = {"email": f"guest-{self._chance.randrange(10**9)}@example.com", "payment": CARD}
        token = {"X-Cart-Token": (await self.leave()).headers["X-Cart-Token"]}
        return await self._ask("POST", "/api/orders", buyer, token)

    async def log_out(self) -> Answer:
        """After the session was renewed."""
        body = {"refresh_token": (await self._log_in())["refresh_token"]}
        renewed = await (await self._ask("POST", "/api/auth/refresh", body)).json()
        body = {"refresh_token": renewed["refresh_token"]}
        return await self._ask("POST", "/api/auth/logout", body)

    async def guess(self) -> Answer:
        """A password that is wrong."""
        account = self._place.account(0)
        wrong = {**account, "password": account["password"][::-1]}
        return await self._ask("POST", "/api/auth/login", wrong)

    async def card(self) -> Answer:
        return await self._order(CARD)

    async def later(self) -> Answer:
        """An order that nobody pays."""
        return await self._order(LATER)

    async def _order(self, payment: dict[str, str]) -> Answer:
        """A guest's cart becomes a customer's, who orders it with a key."""
        guest = {"cart_token": (await self.leave()).headers["X-Cart-Token"]}
        bearer = {"Authorization": f"Bearer {(await self._log_in())['access_token']}"}
        await self._ask("POST", "/api/cart/merge", guest, bearer)
        keyed = {**bearer, "Idempotency-Key": f"soak-{self._chance.randrange(10**12)}"}
        return await self._ask("POST", "/api/orders", {"payment": payment}, keyed)

    async def _log_in(self) -> Any:
        account = self._place.account(self._chance.randrange(CUSTOMERS))
        return await (await self._ask("POST", "/api/auth/login", account)).json()

    async def _ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        async with self._client.request(method, path, json=body, headers=headers) as answer:
            await answer.read()
        return answer
