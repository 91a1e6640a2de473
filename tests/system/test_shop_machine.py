"""The public API of real services against a simple model of a shop: whatever customers, staff, the
payment provider and time do, in whatever order, the answers agree, and I1 to I8 hold."""

import asyncio
import os
from collections.abc import Coroutine
from typing import Any, TypeVar

import httpx2
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from orders import delivery
from shopkit.clock import FrozenClock
from shopkit.ids import new_id
from shopkit.testing import TestDatabases, TokenFactory
from tests.shop_invariants import check_invariants
from tests.system import shop_model as model
from tests.system.in_process import ShopInProcess, shop_in_process

RUNS = int(os.environ.get("MACHINE_RUNS", "20"))
STEPS = 40
STAFF = [
    *("products:write", "inventory:read", "inventory:write"),
    *("orders:read", "orders:write", "refunds:write", "payments:write"),
]
KEPT = 30 * 86_400
WHO, WHAT, ANY = st.integers(0, 1), st.integers(0, 1), st.integers(0, 99)
COUNTS, PRICES = st.integers(1, 3), st.sampled_from([0, 1, 250, 999])
TOKENS = st.sampled_from(
    [
        *(model.LATER, "tok_success", "tok_success", "tok_lapses", *model.ACTING),
        *(*model.ACTING, *model.DECLINED),
    ]
)
ITEMS = st.dictionaries(WHAT, COUNTS, min_size=1)
T = TypeVar("T")
Answer = httpx2.Response


def usd(amount: int) -> dict[str, object]:
    return {"amount": amount, "currency": "USD"}


class ShopMachine(RuleBasedStateMachine):
    """Two customers, two products, one member of the staff."""

    runner: asyncio.Runner
    shop: ShopInProcess
    capture_at: str

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    @initialize(prices=st.tuples(PRICES, PRICES), stock=st.tuples(*[st.integers(0, 9)] * 2))
    def open(self, prices: tuple[int, int], stock: tuple[int, int]) -> None:
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

    # What the catalog and the cart are told

    @rule(what=WHAT, price=PRICES)
    def change_price(self, what: int, price: int) -> None:
        body = {"price": usd(price)}
        self.agree(
            self.send("catalog", "PATCH", f"/api/products/{self.products[what]}", body), model.OK
        )
        self.model.prices[what] = price

    @rule(what=WHAT, delta=st.sampled_from([-4, -1, 2, 5]))
    def adjust_stock(self, what: int, delta: int) -> None:
        path = f"/api/products/{self.products[what]}/stock/adjust"
        answer = self.send("catalog", "POST", path, {"delta": delta, "reason": "counted"})
        self.agree(answer, self.model.adjust(what, delta))

    @rule(who=WHO, what=WHAT, count=COUNTS)
    def add(self, who: int, what: int, count: int) -> None:
        body = {"product_id": self.products[what], "quantity": count}
        answer = self.send("cart", "POST", "/api/cart", body, who=who)
        self.agree(answer, self.model.add(who, what, count))

    @rule(who=WHO, what=WHAT, count=st.integers(0, 4))
    def set_quantity(self, who: int, what: int, count: int) -> None:
        path = f"/api/cart/{self.products[what]}"
        answer = self.send("cart", "PATCH", path, {"quantity": count}, who=who)
        self.agree(answer, self.model.set(who, what, count))

    @rule(who=WHO)
    def clear(self, who: int) -> None:
        answer = self.send("cart", "DELETE", "/api/cart", who=who)
        self.agree(answer, self.model.clear(who))

    # Checkout and payment

    @rule(who=WHO, token=TOKENS, off=st.sampled_from([None, None, 0, 1]), full=st.booleans())
    def order(self, who: int, token: str, off: int | None, full: bool) -> None:
        """Mostly with something in the cart."""
        if full and not self.model.carts[who].lines:
            self.add(who, 0, 1)
            self.add(who, 1, 2)
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

    @precondition(lambda self: self.keys)
    @rule(number=ANY, other=st.booleans())
    def repeat(self, number: int, other: bool) -> None:
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

    def chosen(self, number: int, *, wanted: str = "") -> tuple[int, model.Order, str]:
        """One of the orders, one that is waiting or placed rather than not."""
        found = [n for n, order in enumerate(self.model.orders) if order.step == wanted]
        found = found or list(range(len(self.ids)))
        self.touched = n = found[number % len(found)]
        return n, self.model.orders[n], f"/api/orders/{self.ids[n]}"

    has_orders = precondition(lambda self: self.ids)

    @has_orders
    @rule(number=ANY, token=TOKENS.filter(lambda token: token != model.LATER))
    def pay_again(self, number: int, token: str) -> None:
        _, order, path = self.chosen(number, wanted="waiting")
        body = {"method": "sandbox", "token": token}
        answer = self.send("orders", "POST", f"{path}/payment", body, who=order.customer)
        self.agree(answer, self.model.pay(order, token))

    @has_orders
    @rule(number=ANY, confirm=st.booleans(), tell=st.booleans())
    def act(self, number: int, confirm: bool, tell: bool) -> None:
        """The customer at the bank; sometimes they come back to the shop at once."""
        n, order, _ = self.chosen(number, wanted="waiting")
        for attempt, shown in enumerate(order.attempts, start=1):
            intent = self.call(self._intent(self.ids[n], attempt))
            self.call(self._decide(intent, confirm))
            self.model.act(shown, confirm=confirm)

    async def _intent(self, order_id: str, attempt: int) -> str:
        async for intent in self.shop.provider.list(self.began):
            if intent.reference == f"o:{order_id}:{attempt}":
                return intent.id
        raise AssertionError("the provider does not know it")

    async def _decide(self, intent_id: str, confirm: bool) -> None:
        form = {"action": "confirm" if confirm else "refuse"}
        answer = await self.shop.clients["bank"].post(f"/pay/{intent_id}", data=form)
        assert answer.status_code == 303
        await self.shop.calm()

    @precondition(lambda self: self.shop.told)
    @rule(number=ANY, again=st.booleans(), forged=st.booleans())
    def hear(self, number: int, again: bool, forged: bool) -> None:
        """A webhook arrives: any of those that were sent, late, and perhaps not for the last
        time; sometimes somebody else sends something like it."""
        told = self.shop.told
        event = told[number % len(told)] if again else told.pop(number % len(told))
        if forged:
            assert self.call(self.shop.deliver(event, forged=True)) == 400
        assert self.call(self._delivered(event)) == 204
        order_id = event["data"]["intent"]["reference"].split(":")[1]
        if event["id"] not in self.known and order_id in self.ids:
            self.touched = self.ids.index(order_id)
            order = self.model.orders[self.touched]
            if order.step == "waiting":
                self.model.look(order)
        self.known.add(event["id"])

    async def _delivered(self, event: Any) -> int:
        status = await self.shop.deliver(event)
        await self.shop.work()
        await self.shop.calm()
        return status

    @rule(seconds=st.sampled_from([1, 11, 11, 300, 600, 900, 15 * 86_400]), stock=st.booleans())
    def wait(self, seconds: int, stock: bool) -> None:
        self.shop.clock.advance(seconds=seconds)
        self.call(self._worked(stock_first=stock))
        self.model.wait(seconds, stock_first=stock)

    async def _worked(self, *, stock_first: bool) -> None:
        works = [self.shop.sweeper.drain, self.shop.work]
        for work in works if stock_first else works[::-1]:
            await work()
        await self.shop.calm()

    # The life of an order

    def items(self, found: model.Items) -> list[dict[str, object]]:
        return [{"product_id": self.products[p], "quantity": n} for p, n in found.items()]

    @has_orders
    @rule(number=ANY, by_staff=st.booleans(), restock=st.booleans())
    def cancel(self, number: int, by_staff: bool, restock: bool) -> None:
        _, order, path = self.chosen(number)
        body = {"restock": restock or not by_staff}
        who = None if by_staff else order.customer
        answer = self.send("orders", "POST", f"{path}/cancel", body, who=who)
        self.agree(answer, self.model.cancel(order, restock=body["restock"]))

    @has_orders
    @rule(number=ANY, items=st.none() | ITEMS)
    def fulfil(self, number: int, items: model.Items | None) -> None:
        _, order, path = self.chosen(number, wanted="placed")
        body = None if items is None else {"items": self.items(items)}
        answer = self.send("orders", "POST", f"{path}/fulfillments", body, key=new_id())
        self.agree(answer, self.model.fulfil(order, items))

    @has_orders
    @rule(number=ANY, parcel=ANY)
    def deliver(self, number: int, parcel: int) -> None:
        _, order, path = self.chosen(number, wanted="placed")
        if order.parcels:
            parcel %= len(order.parcels)
            shown = self.send("orders", "GET", path).json()["fulfillments"][parcel]
            answer = self.send("orders", "POST", f"{path}/fulfillments/{shown['id']}/deliver")
            self.agree(answer, model.OK)
            order.parcels[parcel].delivered = True

    @has_orders
    @rule(number=ANY)
    def mark_paid(self, number: int) -> None:
        _, order, path = self.chosen(number, wanted="placed")
        answer = self.send("orders", "POST", f"{path}/mark-paid", key=new_id())
        self.agree(answer, self.model.mark_paid(order))

    @has_orders
    @rule(
        number=ANY,
        items=st.just({}) | ITEMS,
        amount=st.sampled_from([0, 0, 1, 250, 600]),
        shipping=st.booleans(),
    )
    def refund(self, number: int, items: model.Items, amount: int, shipping: bool) -> None:
        _, order, path = self.chosen(number, wanted="placed")
        body: dict[str, Any] = {"shipping": shipping}
        if items:
            body["items"] = self.items(items)
        if amount:
            body["amount"] = usd(amount)
        answer = self.send("orders", "POST", f"{path}/refunds", body, key=new_id())
        self.agree(answer, self.model.refund(order, items, amount))

    @has_orders
    @rule(number=ANY, items=st.none() | ITEMS)
    def ask_return(self, number: int, items: model.Items | None) -> None:
        _, order, path = self.chosen(number, wanted="placed")
        body = None if items is None else {"items": self.items(items)}
        answer = self.send("orders", "POST", f"{path}/returns", body, who=order.customer)
        self.agree(answer, self.model.ask_return(order, items))

    @has_orders
    @rule(
        number=ANY, one=ANY, what=st.sampled_from(["receive", "receive", "reject"]), data=st.data()
    )
    def close_return(self, number: int, one: int, what: str, data: Any) -> None:
        _, order, path = self.chosen(number, wanted="placed")
        if not order.returns:
            return
        one %= len(order.returns)
        shown = self.send("orders", "GET", path).json()["returns"][one]
        path = f"{path}/returns/{shown['id']}/{what}"
        if what == "reject":
            self.agree(self.send("orders", "POST", path), self.model.reject(order, one))
            return
        body = {name: data.draw(st.booleans(), name) for name in ("restock", "refund")}
        said = self.model.receive(order, one, **body)
        self.agree(self.send("orders", "POST", path, body), said)

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
        self.wait(900, stock=False)
        for n in range(len(self.ids)):
            self._compare(n)
        self.call(self._money_agrees())
        for number in range(len(self.keys)):
            self.repeat(number, other=False)

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


@pytest.mark.parametrize("capture_at", ["order", "shipment"])
def test_the_shop_does_what_the_model_does(
    capture_at: str,
    databases: TestDatabases,
    tokens: TokenFactory,
    clock: FrozenClock,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery, "PATIENCE_SECONDS", 0)  # there is no relay to wait for
    machine = type("BoundMachine", (ShopMachine,), {"capture_at": capture_at})
    options = {"capture_at": capture_at, "ship_unpaid": capture_at == "shipment"}
    with asyncio.Runner() as runner:
        opened = shop_in_process(databases, tokens, clock, tmp_path, **options)
        machine.runner, machine.shop = runner, runner.run(opened.__aenter__())
        try:
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=max(1, RUNS // 2),
                    stateful_step_count=STEPS,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
            runner.run(check_invariants(machine.shop))
        finally:
            runner.run(opened.__aexit__(None, None, None))
