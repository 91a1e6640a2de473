"""Who comes to a shop in a day, one after the other: most look around, and some buy."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bench.place import PASSWORD
from bench.words import Vocabulary

CUSTOMERS = 50
TIMEOUT = aiohttp.ClientTimeout(30)
LINES = 3
NO_CONTENT, BAD = 204, 400
SPREAD = (0.5, 1.5)
"""Of the pause between two visitors."""
CARD = {"method": "sandbox", "token": "tok_success"}
LATER = {"method": "manual"}
Answer = tuple[int, Any, Any]
"""Its status, what is in it, its headers."""


class Refused(Exception):
    """Says what was asked, and what was answered."""


@dataclass
class Visitors:
    """`answers`: how visits ended, by what they came for. `url` is reached anew by each, as by
    people who come from somewhere."""

    url: str
    products: list[str]
    answers: Counter[str] = field(default_factory=Counter)
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    words: Vocabulary = field(default_factory=lambda: Vocabulary(seed=2))

    @property
    def orders(self) -> int:
        return self.answers["card 201"] + self.answers["later 201"] + self.answers["guest 201"]

    async def register(self) -> None:
        for number in range(CUSTOMERS):
            async with self._client() as client:
                await self._ask(client, "POST", "/api/auth/register", self._account(number))

    async def come(self, seconds: float, per_second: float) -> None:
        """So many a second for so long; each is waited for."""
        ends_at = time.monotonic() + seconds
        visits = [self.look] * 3 + [self.leave, self.log_out] * 2
        visits += [self.guess, self.guest, self.card, self.later]
        while time.monotonic() < ends_at:
            visit = self.chance.choice(visits)
            async with self._client() as client:
                try:
                    status = str(await visit(client))
                except Refused as refused:
                    status = str(refused)
                except (aiohttp.ClientError, TimeoutError) as broken:
                    status = type(broken).__name__
            self.answers[f"{visit.__name__} {status}"] += 1
            await asyncio.sleep(self.chance.uniform(*SPREAD) / per_second)

    async def look(self, client: aiohttp.ClientSession) -> int:
        """Around, and for something."""
        await self._ask(client, "GET", "/api/products?limit=20")
        await self._ask(client, "GET", f"/api/products/{self.chance.choice(self.products)}")
        words = self.words.text(2).replace(" ", "+")
        return (await self._ask(client, "GET", f"/api/products?q={words}"))[0]

    async def leave(self, client: aiohttp.ClientSession) -> int:
        """A guest's cart, with what is in it."""
        status, _, _ = await self._fill(client)
        return status

    async def guest(self, client: aiohttp.ClientSession) -> int:
        _, _, headers = await self._fill(client)
        buyer = {"email": f"guest-{self.chance.randrange(10**9)}@example.com", "payment": CARD}
        cart = {"X-Cart-Token": headers.get("X-Cart-Token", "")}
        return (await self._ask(client, "POST", "/api/orders", buyer, cart))[0]

    async def log_out(self, client: aiohttp.ClientSession) -> int:
        """After a session was used and renewed."""
        pair = await self._log_in(client)
        renewed = {"refresh_token": pair["refresh_token"]}
        _, pair, _ = await self._ask(client, "POST", "/api/auth/refresh", renewed)
        leaving = {"refresh_token": pair["refresh_token"]}
        return (await self._ask(client, "POST", "/api/auth/logout", leaving))[0]

    async def guess(self, client: aiohttp.ClientSession) -> int:
        """A password that is wrong."""
        wrong = {**self._account(self.chance.randrange(CUSTOMERS)), "password": "not the password"}
        return (await self._ask(client, "POST", "/api/auth/login", wrong))[0]

    async def card(self, client: aiohttp.ClientSession) -> int:
        return await self._order(client, CARD)

    async def later(self, client: aiohttp.ClientSession) -> int:
        """An order that nobody pays."""
        return await self._order(client, LATER)

    async def _order(self, client: aiohttp.ClientSession, payment: dict[str, str]) -> int:
        """A guest's cart becomes a customer's, who then orders it with a key."""
        _, _, headers = await self._fill(client)
        bearer = {"Authorization": f"Bearer {(await self._log_in(client))['access_token']}"}
        merged = {"cart_token": headers.get("X-Cart-Token", "")}
        await self._ask(client, "POST", "/api/cart/merge", merged, bearer)
        keyed = {**bearer, "Idempotency-Key": f"soak-{self.chance.randrange(10**12)}"}
        return (await self._ask(client, "POST", "/api/orders", {"payment": payment}, keyed))[0]

    async def _fill(self, client: aiohttp.ClientSession) -> Answer:
        line = {"product_id": self.chance.choice(self.products), "quantity": 1}
        filled = await self._ask(client, "POST", "/api/cart", line)
        cart = {"X-Cart-Token": filled[2].get("X-Cart-Token", "")}
        for _ in range(self.chance.randrange(LINES)):
            line = {"product_id": self.chance.choice(self.products), "quantity": 1}
            await self._ask(client, "POST", "/api/cart", line, cart)
        return filled

    async def _log_in(self, client: aiohttp.ClientSession) -> Any:
        account = self._account(self.chance.randrange(CUSTOMERS))
        return (await self._ask(client, "POST", "/api/auth/login", account))[1]

    def _account(self, number: int) -> dict[str, str]:
        return {"email": f"visitor-{number}@example.com", "password": PASSWORD}

    def _client(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(self.url, timeout=TIMEOUT)

    async def _ask(
        self,
        client: aiohttp.ClientSession,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        async with client.request(method, path, json=body, headers=headers) as answer:
            told: Any = await answer.json() if answer.status != NO_CONTENT else None
            if answer.status >= BAD:
                raise Refused(f"{answer.status} {told['code']} {method} {path.partition('?')[0]}")
            return answer.status, told, answer.headers
