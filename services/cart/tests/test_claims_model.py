"""Whatever orders do in whatever order: claims follow the model, and no cart is sold twice."""

import asyncio
from typing import Any

from hypothesis import HealthCheck
from hypothesis import settings as limits
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from cart.main import build
from cart.settings import CartSettings
from services.cart.tests.conftest import Answer, Shop
from services.cart.tests.fake_catalog import FakeCatalog
from shopkit.clock import FrozenClock
from shopkit.fake_auth import FakeAuth
from shopkit.ids import new_id
from shopkit.service import Service
from shopkit.testing import TokenFactory, client_for

ORDERS = st.integers(0, 3)


class Claims(RuleBasedStateMachine):
    """One owner, one product and four orders, whose calls come in any order and any number."""

    runner: asyncio.Runner
    service: Service
    catalog: FakeCatalog
    tokens: TokenFactory
    auth: FakeAuth

    def __init__(self) -> None:
        super().__init__()
        clients = client_for(self.service.public), client_for(self.service.internal)
        database, clock = self.service.database, FrozenClock()
        self.shop = Shop(
            *clients, self.catalog, clock, self.tokens, database, self.service, self.auth
        )
        self.owner = self.shop.user()
        self.product = self.catalog.add(available=10**6)
        self.orders = [new_id() for _ in range(4)]
        self.states: dict[str, str] = {}
        self.snapshots: dict[str, bytes] = {}
        self.quantity = 0
        self.last_order: str | None = None
        """The order that has the owner's newest cart; None while that one is open."""
        self.versions: list[tuple[str, int]] = []

    def call(self, coroutine: Any) -> Answer:
        answer: Answer = self.runner.run(coroutine)
        return answer

    @property
    def locked(self) -> bool:
        return self.states.get(self.last_order or "") == "claimed"

    @rule()
    def add(self) -> None:
        answer = self.call(self.owner.add(self.product))
        if self.locked:
            assert answer.json()["code"] == "cart_locked"
            return
        assert answer.status_code == 201
        self.quantity = 1 if self.last_order else self.quantity + 1
        self.last_order = None

    @rule()
    def clear(self) -> None:
        answer = self.call(self.owner.send("DELETE"))
        if self.locked:
            assert answer.json()["code"] == "cart_locked"
            return
        assert answer.status_code == 200
        if not self.last_order:
            self.quantity = 0

    @rule(number=ORDERS)
    def claim(self, number: int) -> None:
        order = self.orders[number]
        answer = self.call(self.shop.claim(order, self.owner))
        if order in self.states:
            self._check_repeat(order, answer)
        elif self.last_order:
            assert answer.json()["code"] == "cart_already_checked_out"
            assert answer.json()["order_id"] == self.last_order
        elif not self.quantity:
            assert answer.json()["code"] == "cart_empty"
        else:
            assert answer.json()["items"][0]["quantity"] == self.quantity
            self.states[order], self.snapshots[order] = "claimed", answer.content
            self.last_order = order
            self.versions.append((answer.json()["cart_id"], answer.json()["version"]))

    def _check_repeat(self, order: str, answer: Answer) -> None:
        if self.states[order] == "released":
            assert answer.json()["code"] == "claim_gone"
        else:
            assert answer.content == self.snapshots[order]

    @rule(number=ORDERS)
    def consume(self, number: int) -> None:
        order = self.orders[number]
        answer = self.call(self.shop.consume(order))
        state = self.states.get(order)
        assert answer.status_code == {None: 404, "released": 410}.get(state, 200)
        if state == "claimed":
            self.states[order] = "converted"

    @rule(number=ORDERS)
    def release(self, number: int) -> None:
        order = self.orders[number]
        answer = self.call(self.shop.release(order))
        if self.states.get(order) == "claimed":
            self.last_order = None
        if self.states.get(order) != "converted":
            self.states[order] = "released"
        assert answer.json()["status"] == self.states[order]

    @invariant()
    def i4_a_version_is_claimed_once(self) -> None:
        assert len(set(self.versions)) == len(self.versions)

    @invariant()
    def the_owner_sees_what_is_theirs(self) -> None:
        cart = self.call(self.owner.send("GET")).json()
        visible = not self.last_order or self.locked
        assert cart["item_count"] == (self.quantity if visible else 0)


def test_claims_follow_the_model(tokens: TokenFactory, settings: CartSettings) -> None:
    catalog = FakeCatalog()
    auth = FakeAuth(tokens)
    service = build(settings, auth=auth.client, catalog=catalog)
    machine = type("BoundClaims", (Claims,), {})
    with asyncio.Runner() as runner:
        machine.runner, machine.service = runner, service
        machine.catalog, machine.tokens, machine.auth = catalog, tokens, auth
        running = service.running()
        runner.run(running.__aenter__())
        run_state_machine_as_test(
            machine,
            settings=limits(
                max_examples=30,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        runner.run(running.__aexit__(None, None, None))
