"""Many customers at once, while a plan's faults happen; until the plan is done."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.faults.asking import NoAnswer
from tests.faults.clients import Clerk, Customer
from tests.faults.memory import Memory, code_of
from tests.faults.plan import Kill, Plan
from tests.faults.staging import Staging
from tests.shop_clients import Staff

Headers = dict[str, str]
Fault = Callable[["Load"], Coroutine[Any, Any, None]]
USERS = 4


@dataclass
class Progress:
    """How many checkouts are done; others wait for numbers of them."""

    done: int = 0
    left: int = 0
    _more: asyncio.Condition = field(default_factory=asyncio.Condition)

    def take(self) -> bool:
        self.left -= 1
        return self.left >= 0

    async def count(self) -> None:
        async with self._more:
            self.done += 1
            self._more.notify_all()

    async def reach(self, number: int) -> None:
        async with self._more:
            await self._more.wait_for(lambda: self.done >= number)


@dataclass
class Load:
    """A run: the customers, what they were told, and how it went."""

    shop: Staging
    plan: Plan
    staff: Staff
    memory: Memory = field(default_factory=Memory)
    progress: Progress = field(default_factory=Progress)
    outcomes: Counter[str] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    more: dict[str, Any] = field(default_factory=dict)
    """Figures of what a scenario does beside."""
    seconds: float = 0.0

    async def run(self, *faults: Fault) -> None:
        """All checkouts of the plan. Faults end with them; then nothing is wrong any more."""
        customers = await self._customers()
        self.progress.left = self.plan.checkouts
        self.shop.turn(self.plan.weathers())
        began = time.monotonic()
        happening: list[Fault] = [kill_by_plan, *faults]
        tasks = [asyncio.create_task(fault(self)) for fault in happening]
        try:
            await asyncio.gather(*(self._keep_buying(customer) for customer in customers))
            self.seconds = time.monotonic() - began
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
        await self.shop.clear()

    async def _keep_buying(self, customer: Customer) -> None:
        while self.progress.take():
            outcome = "no_answer"
            with suppress(NoAnswer):
                outcome = _outcome(await customer.buy())
            self.outcomes[outcome] += 1
            await self.progress.count()

    async def _customers(self) -> list[Customer]:
        products = [
            await self.staff.product(stock=self.plan.stock, price=100 + 37 * number)
            for number in range(self.plan.products)
        ]
        users = [await _user(self.shop, number) for number in range(USERS)]
        none: list[Headers] = [{}] * max(0, self.plan.clients - USERS)
        found = [*users, *none][: self.plan.clients]
        return [self._customer(i, headers, products) for i, headers in enumerate(found)]

    def _customer(self, number: int, headers: Headers, products: list[str]) -> Customer:
        who, random = f"customer-{number}", self.plan.random(f"customer-{number}")
        clerk = Clerk(f"clerk-{number}", self.shop, self.memory, random, self.staff.headers)
        return Customer(who, self.shop, self.memory, random, headers, clerk, products)

    def figures(self) -> dict[str, Any]:
        fates = self.shop.fates()
        orders = len(self.memory.orders)
        return {
            "clients": self.plan.clients,
            "checkouts": self.plan.checkouts,
            "orders": orders,
            "refused": dict(sorted(self.memory.refusals.items())),
            "kills": dict(self.killed),
            "calls": {fate.value: number for fate, number in sorted(fates.items())},
            "requests": len(self.memory.entries),
            "seconds": round(self.seconds, 1),
            "orders_per_second": round(orders / self.seconds, 1) if self.seconds else 0.0,
            **self.more,
        }


async def kill_by_plan(load: Load) -> None:
    for kill in load.plan.kills:
        await load.progress.reach(kill.after)
        await kill_one(load, kill)


async def kill_one(load: Load, kill: Kill) -> None:
    await load.shop.kill(kill.service)
    load.killed[kill.service] += 1
    await asyncio.sleep(kill.down)
    await load.shop.start(kill.service)


def _outcome(answer: httpx2.Response | None) -> str:
    if answer is None:
        return "empty_cart"
    return code_of(answer) or str(answer.status_code)


async def _user(shop: Staging, number: int) -> Headers:
    who = {"email": f"buyer-{number}@example.com", "password": "somebody who buys things"}
    auth = shop.client("auth")
    answer = await auth.post("/api/auth/register", json=who)
    assert answer.status_code == 201, answer.text
    answer = await auth.post("/api/auth/login", json=who)
    return {"authorization": f"Bearer {answer.json()['access_token']}"}
