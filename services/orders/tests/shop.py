"""The orders service in process, and everything around it that a test moves."""

import asyncio
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx2
from sqlalchemy import Connection, Executable

from orders.clients.provider import Intent
from orders.context import Context
from orders.domain import Order
from orders.metrics import measure
from orders.reconciling.rounds import Round
from orders.repository.orders import find_order
from orders.states import Step
from services.orders.tests.fake_provider import FakeProvider
from services.orders.tests.fakes import FakeCart, FakeCatalog, Product
from shopkit.clock import FrozenClock
from shopkit.fake_auth import FakeAuth
from shopkit.ids import new_id
from shopkit.testing import TokenFactory

Answer = httpx2.Response
Wanted = tuple[Product, int]
SOLD = ("confirmed", "completed")
STAFF = ("orders:read", "orders:write", "refunds:write", "payments:read", "payments:write")


def usd(amount: int) -> dict[str, object]:
    return {"amount": amount, "currency": "USD"}


@dataclass
class Customer:
    """A client of the public app: a user, or a guest with a cart token."""

    http: httpx2.AsyncClient
    headers: dict[str, str]
    cart_owner: str
    defaults: dict[str, Any] = field(default_factory=dict)

    async def order(self, json: Any = None, *, key: str | None = None) -> Answer:
        more = {"idempotency-key": key} if key else {}
        body = {**self.defaults, **(json or {})} or None
        return await self.http.post("/api/orders", json=body, headers=self.headers | more)

    async def pay(self, order_id: str, token: str, key: str | None = None) -> Answer:
        path = f"/api/orders/{order_id}/payment"
        body = {"method": "sandbox", "token": token}
        more = {"idempotency-key": key} if key else {}
        return await self.http.post(path, json=body, headers=self.headers | more)

    async def post(self, path: str, json: Any = None, *, key: str | None = None) -> Answer:
        more = {"idempotency-key": key} if key else {}
        return await self.http.post(f"/api/orders{path}", json=json, headers=self.headers | more)

    async def get(self, path: str, **headers: str) -> Answer:
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.get(f"/api/orders{path}", headers=self.headers | more)

    async def cancel(self, order_id: str, json: Any = None) -> Answer:
        path = f"/api/orders/{order_id}/cancel"
        return await self.http.post(path, json=json, headers=self.headers)


@dataclass
class Shop:
    http: httpx2.AsyncClient
    internal: httpx2.AsyncClient
    context: Context
    cart: FakeCart
    catalog: FakeCatalog
    bank: FakeProvider
    clock: FrozenClock
    tokens: TokenFactory
    auth: FakeAuth

    def user(self, *scopes: str, id: str | None = None, email: str = "ada@example.com") -> Customer:
        id = id or new_id()
        token = self.tokens.user(id=id, scopes=scopes, email=email)
        return Customer(self.http, {"authorization": token}, id)

    def guest(self) -> Customer:
        token = secrets.token_urlsafe(32)
        return Customer(self.http, {"x-cart-token": token}, token, {"email": "gast@example.com"})

    def staff(self, *scopes: str) -> Customer:
        """Somebody with these scopes, or with all there are."""
        return self.user(*(scopes or STAFF), email="staff@example.com")

    def fill(self, customer: Customer, *wanted: Wanted, **costs: Any) -> None:
        lines = [product.line(quantity) for product, quantity in wanted]
        self.cart.fill(customer.cart_owner, *lines, **costs)

    def buyer(self, product: Product, quantity: int = 1) -> Customer:
        customer = self.user()
        self.fill(customer, (product, quantity))
        return customer

    async def placed(
        self, *wanted: Wanted, token: str | None = "ok", **costs: Any
    ) -> tuple[Customer, dict[str, Any]]:
        """A customer and their order, paid with `token`, or to be paid later without one."""
        customer = self.user()
        self.fill(customer, *wanted, **costs)
        payment = {"payment": {"method": "sandbox", "token": token}} if token else None
        answer = await customer.order(payment)
        assert answer.status_code == 201, answer.text
        return customer, answer.json()

    async def shipped(
        self, *wanted: Wanted, **more: Any
    ) -> tuple[Customer, dict[str, Any], Customer]:
        """As `placed`, all of it sent; and who has sent it."""
        (customer, order), staff = await self.placed(*wanted, **more), self.staff()
        answer = await staff.post(f"/{order['id']}/fulfillments")
        assert answer.status_code == 201, answer.text
        return customer, answer.json(), staff

    async def webhook(self, event_id: str, intent_id: str, signature: str = "mine") -> Answer:
        """The provider tells that an intent has changed; the saga that is woken runs to its end."""
        answer = await self.http.post(
            "/api/payments/webhooks/sandbox",
            content=f"{event_id} {intent_id}",
            headers={"x-signature": signature, "content-type": "application/json"},
        )
        await self.work()
        return answer

    def intent(self, order_id: str, attempt: int = 1) -> Intent:
        """As the provider has it."""
        reference = f"o:{order_id}:{attempt}"
        return next(i for i in self.bank.intents.values() if i.reference == reference)

    async def stored(self, order_id: str) -> Order:
        order = await self.context.it.database.read(find_order, order_id)
        assert order is not None
        return order

    async def all_stored(self) -> list[Order]:
        return [await self.stored(order_id) for order_id in await self.ids()]

    async def ids(self) -> list[str]:
        def select_ids(conn: Any) -> list[str]:
            rows = conn.exec_driver_sql("SELECT id FROM orders ORDER BY id")
            return [str(row[0]) for row in rows]

        return await self.context.it.database.read(select_ids)

    async def work(self) -> int:
        """One round of the worker, and what it takes over to its end."""
        taken = await self.context.worker.take(self.clock.now(), at_most=1000)
        await self.context.sagas.idle(5)
        return taken

    async def settle(self) -> None:
        """What another process would do once every lease is over."""
        await self.context.sagas.idle(5)
        for _ in range(10):
            self.clock.advance(seconds=61)
            await self.work()
            await self.context.relay.drain()
            if not await self.unfinished():
                return

    async def reconcile(self) -> Round:
        """A whole round, and what it began to its end."""
        self.clock.advance(minutes=2)
        round = self.context.reconciler.ask()
        async with asyncio.timeout(20):
            while round.finished_at is None:
                await asyncio.sleep(0.001)
        await self.settle()
        return round

    async def compare(self) -> Round:
        """A whole round, without anybody working on what it finds."""
        round = self.context.reconciler.new_round(whole=True)
        await self.context.reconciler.go(round)
        return round

    async def execute(self, *statements: Executable) -> None:
        """Change orders' database behind its back."""

        def run(conn: Connection) -> None:
            for statement in statements:
                conn.execute(statement)

        await self.context.it.database.run(run)

    async def discrepancies(self, state: str = "open") -> list[dict[str, Any]]:
        staff = self.user("payments:read")
        return list((await staff.get(f"/discrepancies?state={state}&limit=100")).json()["items"])

    async def unfinished(self) -> int:
        """Orders with a lease and events not delivered."""

        def count(conn: Any) -> int:
            sagas, undelivered = measure(conn)
            waiting = sum(count for step, count, _ in sagas if step == Step.AWAITING_ACTION)
            return sum(count for _, count, _ in sagas) - waiting + (undelivered is not None)

        return await self.context.it.database.read(count)

    async def until_called(self, call: str, times: int = 1) -> None:
        async with asyncio.timeout(10):
            while [*self.cart.faults.calls, *self.catalog.faults.calls].count(call) < times:
                await asyncio.sleep(0)

    async def check_invariants(self) -> None:
        """I1, I2, I4, I6 and I7 of checkout.md, once everything has come to rest."""
        found = {order.id: order for order in await self.all_stored()}
        assert not [order.step for order in found.values() if order.unfinished]
        confirmed = {id for id, o in found.items() if o.status in (*SOLD, "cancelled")}
        sold = {id for id in confirmed if found[id].status in SOLD or not found[id].restock}
        states = {id: r.state for id, r in self.catalog.reservations.items()}
        assert {id for id, state in states.items() if state == "committed"} == sold
        assert "held" not in states.values()
        assert all(product.reserved == 0 for product in self.catalog.products.values())
        claims = {id: claim.state for id, claim in self.cart.claims.items()}
        assert {id for id, state in claims.items() if state == "converted"} == confirmed
        assert "claimed" not in claims.values()
        self._check_money(found.values())
        carts = [(order.cart_id, order.cart_version) for id, order in found.items() if id in sold]
        assert len(carts) == len(set(carts))

    def _check_money(self, orders: Iterable[Order]) -> None:
        """I5: what the provider has is what the order says; nothing is held for what has failed."""
        for order in orders:
            intents = [i for i in self.bank.intents.values() if i.reference[2:38] == order.id]
            paid = sum(p.captured - p.refunded for p in order.payments if p.method == "sandbox")
            assert sum(i.captured - i.refunded for i in intents) == paid
            assert sum(i.captured > 0 for i in intents) <= 1
            if order.status in ("failed", "cancelled"):
                assert paid == 0
                assert all(i.status in ("cancelled", "captured") for i in intents)
