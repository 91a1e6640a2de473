"""The public API of real services against a simple model of a shop: whatever customers, staff, the
payment provider and time do, in whatever order, the answers agree, and I1 to I8 hold."""

import asyncio
import os
from collections.abc import Callable, Coroutine
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
COUNTS, PRICES = st.sampled_from([1, 1, 2, 5]), st.sampled_from([999, 250, 250, 999, 1, 0])
TOKENS = st.sampled_from(
    [
        *(model.LATER, "tok_success", "tok_success", "tok_lapses", *model.ACTING),
        *(*model.ACTING, *model.DECLINED),
    ]
)
ITEMS = st.dictionaries(WHAT, st.sampled_from([1, 1, 2, 4]), min_size=1)
SOME = st.one_of(st.none(), st.none(), ITEMS)
"""All that is left, or these."""
STOCKED = st.integers(0, 9).map(lambda less: 15 - less)
RARELY = st.integers(0, 7).map(lambda number: number == 7)
T = TypeVar("T")
Answer = httpx2.Response
Pair = tuple[int, int]
Fits = Callable[[model.Order], object]


def waits(order: model.Order) -> bool:
    return order.step == "waiting"


def may_go(order: model.Order) -> bool:
    return order.step == "placed" and order.sent != order.lines and order.payment != "unpaid"


def owes(order: model.Order) -> bool:
    return order.step == "placed" and order.payment == "unpaid"


def is_paid(order: model.Order) -> bool:
    return order.refundable > 0


def is_sent(order: model.Order) -> bool:
    return bool(order.sent)


def may_end(order: model.Order) -> bool:
    return order.step in ("waiting", "placed") and not order.sent


def under_way(order: model.Order) -> bool:
    return any(not parcel.delivered for parcel in order.parcels)


def asked_back(order: model.Order) -> bool:
    return any(one.state == "requested" for one in order.returns)


def some(fits: Fits) -> Callable[[Any], Any]:
    """For rules that are about orders of a kind."""
    return precondition(lambda machine: any(map(fits, machine.model.orders)))


def usd(amount: int) -> dict[str, object]:
    return {"amount": amount, "currency": "USD"}


class ShopMachine(RuleBasedStateMachine):
    """Two customers, two products, one member of the staff."""

    runner: asyncio.Runner
    shop: ShopInProcess
    capture_at: str

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    @initialize(
        prices=st.tuples(PRICES, PRICES),
        stock=st.tuples(STOCKED, STOCKED),
        tokens=st.tuples(TOKENS, TOKENS, TOKENS),
    )
    def open(self, prices: Pair, stock: Pair, tokens: tuple[str, ...]) -> None:
        """With a few orders, so that much can be done from the beginning."""
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
        for who, token in enumerate(tokens):
            self.order(who % 2, token, None, empty=False)

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

    @rule(what=WHAT, price=st.none() | PRICES, delta=st.sampled_from([5, 2, -1, -4, -9]))
    def change_product(self, what: int, price: int | None, delta: int) -> None:
        """Its price, or its stock."""
        path = f"/api/products/{self.products[what]}"
        if price is None:
            body = {"delta": delta, "reason": "counted"}
            answer = self.send("catalog", "POST", f"{path}/stock/adjust", body)
            self.agree(answer, self.model.adjust(what, delta))
        else:
            self.agree(self.send("catalog", "PATCH", path, {"price": usd(price)}), model.OK)
            self.model.prices[what] = price

    @rule(who=WHO, what=WHAT, how=st.sampled_from(["add", "set", "clear"]), count=COUNTS)
    def change_cart(self, who: int, what: int, how: str, count: int) -> None:
        product = self.products[what]
        if how == "add":
            self._add(who, what, count)
        elif how == "set":
            count = count % 5
            body = {"quantity": count}
            answer = self.send("cart", "PATCH", f"/api/cart/{product}", body, who=who)
            self.agree(answer, self.model.set(who, what, count))
        else:
            answer = self.send("cart", "DELETE", "/api/cart", who=who)
            self.agree(answer, self.model.clear(who))

    def _add(self, who: int, what: int, count: int) -> None:
        body = {"product_id": self.products[what], "quantity": count}
        answer = self.send("cart", "POST", "/api/cart", body, who=who)
        self.agree(answer, self.model.add(who, what, count))

    # Checkout and payment

    @rule(who=WHO, token=TOKENS, off=st.sampled_from([None, None, 0, 1]), empty=RARELY)
    def order(self, who: int, token: str, off: int | None, empty: bool) -> None:
        """Mostly with something in the cart."""
        if not empty and not self.model.carts[who].lines:
            self._add(who, 0, 2)
            self._add(who, 1, 3)
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

    def chosen(self, number: int, fits: Fits) -> tuple[int, model.Order, str]:
        """One of the orders; mostly one with which it can be done."""
        found = [n for n, order in enumerate(self.model.orders) if number % 8 != 7 and fits(order)]
        found = found or list(range(len(self.ids)))
        self.touched = n = found[number % len(found)]
        return n, self.model.orders[n], f"/api/orders/{self.ids[n]}"

    @some(waits)
    @rule(number=ANY, token=TOKENS.filter(lambda token: token != model.LATER))
    def pay_again(self, number: int, token: str) -> None:
        _, order, path = self.chosen(number, waits)
        body = {"method": "sandbox", "token": token}
        answer = self.send("orders", "POST", f"{path}/payment", body, who=order.customer)
        self.agree(answer, self.model.pay(order, token))

    @some(waits)
    @rule(number=ANY, confirm=st.sampled_from([True, True, False]))
    def act(self, number: int, confirm: bool) -> None:
        """The customer at the bank, on all the pages that they were sent to."""
        n, order, _ = self.chosen(number, waits)
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

    @rule(seconds=st.sampled_from([11, 1, 11, 300, 600, 900, 15 * 86_400]), stock=st.booleans())
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

    @some(may_end)
    @rule(number=ANY, by_staff=st.booleans(), restock=st.booleans())
    def cancel(self, number: int, by_staff: bool, restock: bool) -> None:
        """Once in a while: not much can be done with it afterwards."""
        if number % 3:
            return
        _, order, path = self.chosen(number, may_end)
        body = {"restock": restock or not by_staff}
        who = None if by_staff else order.customer
        answer = self.send("orders", "POST", f"{path}/cancel", body, who=who)
        self.agree(answer, self.model.cancel(order, restock=body["restock"]))

    @some(may_go)
    @rule(number=ANY, items=SOME)
    def fulfil(self, number: int, items: model.Items | None) -> None:
        _, order, path = self.chosen(number, may_go)
        body = None if items is None else {"items": self.items(items)}
        answer = self.send("orders", "POST", f"{path}/fulfillments", body, key=new_id())
        self.agree(answer, self.model.fulfil(order, items))

    @some(under_way)
    @rule(number=ANY, parcel=ANY)
    def deliver(self, number: int, parcel: int) -> None:
        _, order, path = self.chosen(number, under_way)
        if not order.parcels:
            return
        parcel %= len(order.parcels)
        shown = self.send("orders", "GET", path).json()["fulfillments"][parcel]
        answer = self.send("orders", "POST", f"{path}/fulfillments/{shown['id']}/deliver")
        self.agree(answer, model.OK)
        order.parcels[parcel].delivered = True

    @some(owes)
    @rule(number=ANY)
    def mark_paid(self, number: int) -> None:
        _, order, path = self.chosen(number, owes)
        answer = self.send("orders", "POST", f"{path}/mark-paid", key=new_id())
        self.agree(answer, self.model.mark_paid(order))

    @some(is_paid)
    @rule(
        number=ANY,
        items=st.one_of(st.just({}), ITEMS),
        amount=st.sampled_from([0, 0, 1, 250, 600]),
        shipping=st.booleans(),
    )
    def refund(self, number: int, items: model.Items, amount: int, shipping: bool) -> None:
        _, order, path = self.chosen(number, is_paid)
        body: dict[str, Any] = {"shipping": shipping}
        if items:
            body["items"] = self.items(items)
        if amount:
            body["amount"] = usd(amount)
        answer = self.send("orders", "POST", f"{path}/refunds", body, key=new_id())
        self.agree(answer, self.model.refund(order, items, amount))

    @some(is_sent)
    @rule(number=ANY, items=SOME)
    def ask_return(self, number: int, items: model.Items | None) -> None:
        _, order, path = self.chosen(number, is_sent)
        body = None if items is None else {"items": self.items(items)}
        answer = self.send("orders", "POST", f"{path}/returns", body, who=order.customer)
        self.agree(answer, self.model.ask_return(order, items))

    @some(asked_back)
    @rule(
        number=ANY, one=ANY, what=st.sampled_from(["receive", "receive", "reject"]), data=st.data()
    )
    def close_return(self, number: int, one: int, what: str, data: Any) -> None:
        _, order, path = self.chosen(number, asked_back)
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
