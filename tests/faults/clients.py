"""Customers who buy, pay, act, and change their minds; and the clerk who sends and refunds."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.faults.asking import Voice
from tests.faults.memory import code_of

TOKENS = {
    "manual": 30,
    "tok_success": 32,
    "tok_declined": 6,
    "tok_insufficient_funds": 3,
    "tok_action_required": 10,
    "tok_lapses": 5,
    "tok_slow": 2,
    "tok_error_after_charge": 6,
    "tok_lost_webhook": 2,
    "no-such-token": 1,
}
"""How many of a hundred pay with what; `manual` is paid later, the others are the sandbox's."""
LIVES = {"keep": 40, "cancel": 14, "send": 18, "send_and_return": 8, "refund": 14, "both": 6}
"""What becomes of an order after it is placed."""
ADDRESS = {"name": "A Buyer", "line1": "Road 1", "city": "Berlin", "country": "DE"}


@dataclass
class Clerk(Voice):
    """Staff; a clerk for every customer, so that they work at the same time."""

    async def send(self, order: dict[str, Any]) -> None:
        where = f"/api/orders/{order['id']}"
        if order["payment_status"] == "unpaid":
            await self.do(f"{where}/mark-paid", {"reference": "bank"})
        body = None
        if self.random.random() < 0.3:
            item = order["items"][0]
            body = {"items": [{"product_id": item["product_id"], "quantity": 1}]}
        answer = await self.do(f"{where}/fulfillments", body)
        if answer.status_code == 201 and self.random.random() < 0.5:
            parcel = answer.json()["fulfillments"][-1]["id"]
            await self.do(f"{where}/fulfillments/{parcel}/deliver", keyed=False)

    async def refund(self, order: dict[str, Any]) -> None:
        where, total = f"/api/orders/{order['id']}", order["total"]
        if order["payment_status"] == "unpaid":
            await self.do(f"{where}/mark-paid")
        item = self.random.choice(order["items"])
        line = [{"product_id": item["product_id"], "quantity": 1}]
        amount = {**total, "amount": self.random.randint(1, total["amount"])}
        bodies = [{"items": line}, {"amount": amount}, {"shipping": True, "amount": amount}]
        for body in self.random.sample(bodies, self.random.randint(1, 2)):
            await self.do(f"{where}/refunds", body)

    async def receive(self, order_id: str, return_id: str) -> None:
        path = f"/api/orders/{order_id}/returns/{return_id}"
        if self.random.random() < 0.2:
            await self.do(f"{path}/reject", {"reason": "used"}, keyed=False)
        else:
            restock = self.random.random() < 0.7
            body = {"restock": restock, "refund": self.random.random() < 0.8}
            await self.do(f"{path}/receive", body)


@dataclass
class Customer(Voice):
    """Buys again and again. A guest has no headers at first, and gets a cart's token."""

    clerk: Clerk
    products: list[str]
    mind: float = 1.0
    """How likely this one goes on with an order after it is placed."""
    placed: list[str] = field(default_factory=list)

    async def buy(self) -> httpx2.Response | None:
        """One checkout, and what follows from it; the final answer, None with an empty cart."""
        if not await self._fill():
            return None
        answer = await self._check_out(self._payload())
        if answer.status_code == 201:
            order = answer.json()
            self.memory.orders.setdefault(order["id"], order)
            self.placed.append(order["id"])
            if self.random.random() < self.mind:
                await self._live_on(order)
        else:
            code = code_of(answer)
            self.memory.refusals[code] = self.memory.refusals.get(code, 0) + 1
        return answer

    async def _fill(self) -> bool:
        found = False
        for product in self.random.sample(self.products, self.random.randint(1, 3)):
            body = {"product_id": product, "quantity": self.random.randint(1, 2)}
            answer = await self.insist(self.sent("cart", "POST", "/api/cart", json=body))
            if "x-cart-token" in answer.headers:
                self.headers = {**self.headers, "x-cart-token": answer.headers["x-cart-token"]}
            found = found or answer.is_success
        return found

    def _payload(self) -> dict[str, Any]:
        token = self.random.choices(list(TOKENS), weights=list(TOKENS.values()))[0]
        manual = token == "manual"
        payment = {"method": "manual"} if manual else {"method": "sandbox", "token": token}
        body: dict[str, Any] = {"email": "buyer@example.com", "payment": payment}
        if self.random.random() < 0.03:
            body["expected_total"] = {"amount": 1, "currency": "USD"}
        return body | ({"shipping_address": ADDRESS} if self.random.random() < 0.5 else {})

    async def _check_out(self, payload: dict[str, Any]) -> httpx2.Response:
        sent = self.sent("orders", "POST", "/api/orders", json=payload, keyed=True)
        answer = await self.insist(sent)
        while answer.status_code == 202:
            order = answer.json()
            if order["next_action"] is None:
                await asyncio.sleep(0.3)
            else:
                await self._act(order)
            answer = await self.insist(sent)
        return answer

    async def _act(self, order: dict[str, Any]) -> None:
        """What the provider asks for; or another card; or second thoughts."""
        url, chance = order["next_action"].get("url"), self.random.random()
        if chance < 0.1:
            await self.cancel(order["id"])
        elif url and chance < 0.8:
            page = "/pay/" + url.rpartition("/")[2]
            form = {"action": "confirm" if chance < 0.6 else "refuse"}
            await self.insist(self.sent("sandbox", "POST", page, form=form))
            await asyncio.sleep(0.3)
        else:
            token = self.random.choice(["tok_success", "tok_success", "tok_declined", "tok_slow"])
            path, body = f"/api/orders/{order['id']}/payment", {"method": "sandbox", "token": token}
            await self.insist(self.sent("orders", "POST", path, json=body, keyed=True))

    async def cancel(self, order_id: str) -> None:
        path = f"/api/orders/{order_id}/cancel"
        answer = await self.insist(self.sent("orders", "POST", path))
        if answer.is_success and answer.json()["status"] == "cancelled":
            self.memory.cancelled.add(order_id)

    async def _live_on(self, order: dict[str, Any]) -> None:
        life = self.random.choices(list(LIVES), weights=list(LIVES.values()))[0]
        if life == "cancel":
            await self.cancel(order["id"])
        elif life == "refund":
            await self.clerk.refund(order)
        elif life == "both":  # who is first?
            await asyncio.gather(
                self.cancel(order["id"]), self.clerk.send(order), self.clerk.refund(order)
            )
        elif life != "keep":
            await self.clerk.send(order)
            if life == "send_and_return":
                await self._send_back(order["id"])

    async def _send_back(self, order_id: str) -> None:
        answer = await self.do(f"/api/orders/{order_id}/returns", {"reason": "too small"})
        if answer.status_code == 201:
            for paper in answer.json()["returns"]:
                if paper["status"] == "requested":
                    await self.clerk.receive(order_id, paper["id"])
