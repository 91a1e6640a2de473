"""The public API of real services against a simple model of a shop: whatever customers, staff, the
payment provider and time do, in whatever order, the answers agree, and I1 to I8 hold."""

import asyncio
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from orders import delivery
from shopkit.clock import FrozenClock
from shopkit.ids import new_id
from shopkit.testing import TestDatabases, TokenFactory
from tests.shop_invariants import check_invariants
from tests.system import shop_model as model
from tests.system.in_process import shop_in_process
from tests.system.shop_choices import (
    ANY,
    COUNTS,
    ITEMS,
    PRICES,
    RARELY,
    SOME,
    STOCKED,
    TOKENS,
    WHAT,
    WHO,
    asked_back,
    is_paid,
    is_sent,
    may_end,
    may_go,
    owes,
    some,
    under_way,
    waits,
)
from tests.system.shop_walk import Pair, ShopWalk, usd

RUNS = int(os.environ.get("MACHINE_RUNS", "20"))
STEPS = 40


class ShopMachine(ShopWalk):
    """Two customers, two products, one member of the staff."""

    @initialize(
        prices=st.tuples(PRICES, PRICES),
        stock=st.tuples(STOCKED, STOCKED),
        tokens=st.tuples(TOKENS, TOKENS, TOKENS),
    )
    def open(self, prices: Pair, stock: Pair, tokens: tuple[str, ...]) -> None:
        """With a few orders, so that much can be done from the beginning."""
        self.start(prices, stock)
        for who, token in enumerate(tokens):
            self.checkout(who % 2, token, None, empty=False)

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
            self.add(who, what, count)
        elif how == "set":
            count = count % 5
            body = {"quantity": count}
            answer = self.send("cart", "PATCH", f"/api/cart/{product}", body, who=who)
            self.agree(answer, self.model.set(who, what, count))
        else:
            answer = self.send("cart", "DELETE", "/api/cart", who=who)
            self.agree(answer, self.model.clear(who))

    # Checkout and payment

    @rule(who=WHO, token=TOKENS, off=st.sampled_from([None, None, 0, 1]), empty=RARELY)
    def order(self, who: int, token: str, off: int | None, empty: bool) -> None:
        """Mostly with something in the cart."""
        self.checkout(who, token, off, empty=empty)

    @precondition(lambda self: self.keys)
    @rule(number=ANY, other=st.booleans())
    def repeat(self, number: int, other: bool) -> None:
        self.check_again(number, other=other)

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
        self.pass_time(seconds, stock_first=stock)

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
