"""One order's way through each of the sagas, by name; together they pass every failpoint."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random

import httpx2

from orders.settings import FAILPOINTS, SAGA_STEPS
from tests.faults.asking import Voice
from tests.faults.memory import Memory
from tests.faults.staging import Staging
from tests.shop_clients import Staff

STOCK, BOUGHT = 5, 2


@dataclass
class Traveller:
    """A guest who wants two of a product of which there are five, and a clerk."""

    shop: Staging
    staff: Staff
    product: str
    memory: Memory = field(default_factory=Memory)

    def __post_init__(self) -> None:
        random = Random(self.product)
        self.guest = Voice("guest", self.shop, self.memory, random, {})
        self.clerk = Voice("clerk", self.shop, self.memory, random, self.staff.headers)

    async def asked(self, token: str) -> httpx2.Response:
        """The first answer to a checkout; 202 where there is something to be done first."""
        line = {"product_id": self.product, "quantity": BOUGHT}
        filled = await self.guest.insist(self.guest.sent("cart", "POST", "/api/cart", json=line))
        self.guest.headers = {"x-cart-token": filled.headers["x-cart-token"]}
        payment = {"method": "sandbox", "token": token}
        body = {"email": "guest@example.com", "payment": payment}
        self.checkout = self.guest.sent("orders", "POST", "/api/orders", json=body, keyed=True)
        return await self.guest.insist(self.checkout)

    async def finished(self) -> httpx2.Response:
        """The final answer."""
        while (answer := await self.guest.insist(self.checkout)).status_code == 202:
            await asyncio.sleep(0.2)
        if answer.status_code == 201:
            self.memory.orders[answer.json()["id"]] = answer.json()
        return answer

    async def order(self, token: str) -> httpx2.Response:
        await self.asked(token)
        return await self.finished()

    async def placed(self) -> str:
        """Where an order is that was placed."""
        answer = await self.order("tok_success")
        assert answer.status_code == 201, answer.text
        return f"/api/orders/{answer.json()['id']}"

    async def on_hand(self, expected: int) -> None:
        assert (await self.staff.stock(self.product))["on_hand"] == expected


async def placed(one: Traveller) -> None:
    await one.placed()


async def refused(one: Traveller) -> None:
    """After the pivot, so that all has to be undone: catalog's sale too."""
    answer = await one.order("tok_lapses")
    assert (answer.status_code, answer.json()["code"]) == (402, "capture_refused")


async def cancelled(one: Traveller) -> None:
    where = await one.placed()
    answer = await one.guest.do(f"{where}/cancel", keyed=False)
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled"), answer.text


async def sent(one: Traveller) -> None:
    answer = await one.clerk.do(f"{await one.placed()}/fulfillments")
    assert (answer.status_code, answer.json()["status"]) == (201, "completed"), answer.text


async def refunded(one: Traveller) -> None:
    body = {"amount": {"amount": 700, "currency": "USD"}}
    answer = await one.clerk.do(f"{await one.placed()}/refunds", body)
    assert answer.status_code == 201, answer.text


async def returned(one: Traveller) -> None:
    where = await one.placed()
    await one.clerk.do(f"{where}/fulfillments")
    asked = await one.guest.do(f"{where}/returns")
    paper = asked.json()["returns"][0]["id"]
    answer = await one.clerk.do(f"{where}/returns/{paper}/receive")
    assert answer.status_code == 201, answer.text


@dataclass(frozen=True)
class Journey:
    """`left` is on hand when it is over."""

    go: Callable[[Traveller], Awaitable[None]]
    steps: tuple[str, ...]
    left: int
    capture_at: str = "order"


JOURNEYS = (
    Journey(
        placed,
        ("t1", "r1", "r2", "t2", "r3", "t3", "r4", "t4", "r5", "t5", "consume"),
        STOCK - BOUGHT,
    ),
    Journey(refused, ("c1", "c2", "c3", "c4", "c5"), STOCK),
    Journey(cancelled, ("x1", "x2", "x3", "x4"), STOCK, "shipment"),
    Journey(sent, ("t6",), STOCK - BOUGHT, "shipment"),
    Journey(refunded, ("f1", "f2"), STOCK - BOUGHT),
    Journey(returned, ("s1",), STOCK),
)
OF_STEP = {step: journey for journey in JOURNEYS for step in journey.steps}


def journey_past(failpoint: str) -> Journey:
    return OF_STEP[failpoint.partition("_")[2]]


def untried() -> set[str]:
    """Failpoints that no journey passes, or steps that are none."""
    tried = {f"{side}_{step}" for step in OF_STEP for side in ("before", "after")}
    return tried ^ set(FAILPOINTS) | OF_STEP.keys() ^ set(SAGA_STEPS)
