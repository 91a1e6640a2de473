"""A walk through real services beside a model: what is asked of the one is asked of the other."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import httpx2
from hypothesis.stateful import RuleBasedStateMachine, invariant

from shopkit.ids import new_id
from tests.system import shop_model as model
from tests.system.in_process import ShopInProcess
from tests.system.shop_choices import Fits

STAFF = [
    *("products:write", "inventory:read", "inventory:write"),
    *("orders:read", "orders:write", "refunds:write", "payments:write"),
]
KEPT = 30 * 86_400
"""How long a key is, in seconds."""
T = TypeVar("T")
Answer = httpx2.Response
Pair = tuple[int, int]


def usd(amount: int) -> dict[str, object]:
    return {"amount": amount, "currency": "USD"}


class ShopWalk(RuleBasedStateMachine):
    """Two customers, two products, one member of the staff."""

    runner: asyncio.Runner
    shop: ShopInProcess
    capture_at: str

    def start(self, prices: Pair, stock: Pair) -> None:
        self.model = model.Shop(
            list(prices), list(stock), [model.Cart(), model.Cart()], self.capture_at
        )
        self.staff = {"authorization": self.shop.tokens.user(scopes=STAFF)}
        self.customers = [{"authorization": self.shop.tokens.user()} for _ in range(2)]
        self.products = [self._new_product(*one) for one in zip(prices, stock, strict=True)]
        self.began = self.shop.clock.now()
        self.ids: list[str] = []
        """Of the model's orders."""
        self.keys: list[tuple[int, str, dict[str, Any], Answer, float]] = []
        """Checkouts: who, the key, what was sent, what was answered, when."""
        self.known: set[str] = set()
        """Webhooks that orders has heard."""
        self.touched: int | None = None
        self.shop.told.clear()

    def _new_product(self, price: int, stock: int) -> str:
        body = {"sku": new_id(), "name": "A thing", "price": usd(price), "stock": stock}
        answer = self.send("catalog", "POST", "/api/products", body | {"status": "active"})
        return str(answer.json()["id"])

    def send(
        self,
        service: str,
        method: str,
        path: str,
        json: Any = None,
        *,
        who: int | None = None,
        key: str | None = None,
    ) -> Answer:
        """A request of a customer, or of the staff, and all that follows from it by itself."""
        headers = self.staff if who is None else self.customers[who]
        headers = headers | ({"idempotency-key": key} if key else {})

        async def sent() -> Answer:
            client = self.shop.clients[service]
            answer = await client.request(method, path, json=json, headers=headers)
            await self.shop.calm()
            return answer

        return self.call(sent())

    def agree(self, answer: Answer, said: model.Said) -> None:
        code = answer.json().get("code", "") if answer.status_code >= 400 else ""
        assert (answer.status_code, code) == said, answer.text

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    def add(self, who: int, what: int, count: int) -> None:
        body = {"product_id": self.products[what], "quantity": count}
        answer = self.send("cart", "POST", "/api/cart", body, who=who)
        self.agree(answer, self.model.add(who, what, count))

    def checkout(self, who: int, token: str, off: int | None, *, empty: bool) -> None:
        """`off` is by how much the total that was shown is wrong; None: it is not sent."""
        if not empty and not self.model.carts[who].lines:
            self.add(who, 0, 2)
            self.add(who, 1, 3)
        shown = None if off is None else self.model.cost(who) + off
        body: dict[str, Any] = {"payment": {"method": token}}
        if token != model.LATER:
            body = {"payment": {"method": "sandbox", "token": token}}
        if shown is not None:
            body["expected_total"] = usd(shown)
        key, before = new_id(), len(self.model.orders)
        answer = self.send("orders", "POST", "/api/orders", body, who=who, key=key)
        self.agree(answer, self.model.order(who, token, shown))
        self.keys.append((who, key, body, answer, self.model.now))
        if len(self.model.orders) > before:
            self.ids.append(answer.json()["id"])
            self.touched = before

    def check_again(self, number: int, *, other: bool) -> None:
        """A checkout once more with its key, with the same payload or another one."""
        who, key, body, first, at = self.keys[number % len(self.keys)]
        if self.model.now - at >= KEPT:
            return
        sent = body | {"note": "another"} if other else body
        answer = self.send("orders", "POST", "/api/orders", sent, who=who, key=key)
        if other:
            self.agree(answer, (422, "idempotency_key_reused"))
        elif first.status_code != 202:
            assert (answer.status_code, answer.json() | _own(first)) == (
                *(first.status_code, first.json() | _own(first)),
            )
        else:
            step = self.model.orders[self.ids.index(first.json()["id"])].step
            expected = {"waiting": {202}, "failed": {402, 409}}.get(step, {201})
            assert answer.status_code in expected, answer.text

    def chosen(self, number: int, fits: Fits) -> tuple[int, model.Order, str]:
        """One of the orders; mostly one with which it can be done."""
        found = [n for n, order in enumerate(self.model.orders) if number % 8 != 7 and fits(order)]
        found = found or list(range(len(self.ids)))
        self.touched = n = found[number % len(found)]
        return n, self.model.orders[n], f"/api/orders/{self.ids[n]}"

    def pass_time(self, seconds: int, *, stock_first: bool) -> None:
        self.shop.clock.advance(seconds=seconds)
        self.call(self._worked(stock_first=stock_first))
        self.model.wait(seconds, stock_first=stock_first)

    async def _worked(self, *, stock_first: bool) -> None:
        works = [self.shop.sweeper.drain, self.shop.work]
        for work in works if stock_first else works[::-1]:
            await work()
        await self.shop.calm()

    # What must be so after every step

    @invariant()
    def the_stock_agrees(self) -> None:
        for n, product in enumerate(self.products):
            stock = self.send("catalog", "GET", f"/api/products/{product}/stock").json()
            assert (stock["on_hand"], stock["reserved"]) == (
                *(self.model.on_hand[n], self.model.reserved(n)),
            )

    @invariant()
    def the_order_agrees(self) -> None:
        if self.touched is not None:
            self._compare(self.touched)
            self.touched = None

    def _compare(self, n: int) -> None:
        order, path = self.model.orders[n], f"/api/orders/{self.ids[n]}"
        shown = self.send("orders", "GET", path, who=order.customer).json()
        assert (shown["status"], shown["payment_status"], shown["fulfillment_status"]) == (
            *(order.status, order.payment, order.fulfillment),
        )
        assert shown["total"] == usd(order.total)
        taken = sum(one["captured"]["amount"] for one in shown["payments"])
        back = sum(one["refunded"]["amount"] for one in shown["payments"])
        assert (taken, taken - back) == (order.captured, order.refundable)
        assert (shown["next_action"] is not None) == (order.step == "waiting")
        bought = {one["product_id"]: one["quantity"] for one in shown["items"]}
        assert bought == {self.products[p]: count for p, count in order.lines.items()}

    @invariant()
    def the_carts_agree(self) -> None:
        for who, cart in enumerate(self.model.carts):
            shown = self.send("cart", "GET", "/api/cart", who=who).json()
            assert shown["item_count"] == sum((cart.lines or {}).values())
            assert shown["total"] == usd(self.model.cost(who))

    def teardown(self) -> None:
        if not hasattr(self, "keys"):
            return
        self.pass_time(900, stock_first=False)
        for n in range(len(self.ids)):
            self._compare(n)
        self.call(self._money_agrees())
        for number in range(len(self.keys)):
            self.check_again(number, other=False)

    async def _money_agrees(self) -> None:
        """I5: what the provider has is what the orders say; nothing is held for what has ended."""
        intents = {i.reference: i async for i in self.shop.provider.list(self.began)}
        for order_id, order in zip(self.ids, self.model.orders, strict=True):
            states = [one.state for one in order.attempts]
            found = [intents.pop(f"o:{order_id}:{n}") for n in range(1, len(states) + 1)]
            assert [intent.status for intent in found] == states
            if found:
                net = sum(intent.captured - intent.refunded for intent in found)
                assert net == order.refundable
        assert all(intent.captured == 0 for intent in intents.values()), "of failed checkouts"
        assert {intent.status for intent in intents.values()} <= {"cancelled"}


def _own(answer: Answer) -> dict[str, Any]:
    """What is a request's own in the answer to it."""
    return {name: None for name in ("request_id", "instance") if name in answer.json()}
