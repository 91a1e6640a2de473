"""What another process commits between two statements of a checkout's T1.

Only on PostgreSQL, whose READ COMMITTED lets a transaction see it; SQLite has one writer.
"""

import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from orders import checkout
from orders.compensation import store_compensating
from orders.domain import Order
from orders.errors import CheckoutExpired
from orders.retention import Housekeeper
from orders.saga import store_confirmed
from orders.states import Step
from services.orders.tests.shop import Customer, Shop

pytestmark = pytest.mark.skipif(
    "TEST_POSTGRES_URL" not in os.environ, reason="needs transactions that run at once"
)
READS_ORDER, TAKES_OVER = "SELECT orders.id", "UPDATE orders SET fence"
DELETES_KEY = "DELETE FROM checkout_keys"


@contextmanager
def meanwhile(shop: Shop, statement: str, action: Callable[[], Awaitable[Any]]) -> Iterator[None]:
    """Between: `action` runs to its end just before the first statement that begins like this."""
    engine = shop.context.it.database._engine.sync_engine  # type: ignore[attr-defined]
    waiting = [action]

    def before(conn: Any, _: object, sql: str, *__: object) -> None:
        if waiting and sql.startswith(statement):
            first = waiting.pop()
            conn.connection.dbapi_connection.run_async(lambda _: first())

    event.listen(engine, "before_cursor_execute", before)
    yield
    event.remove(engine, "before_cursor_execute", before)
    assert not waiting, f"nothing was sent that begins with {statement!r}"


async def paused_before_t5(shop: Shop, ada: Customer) -> Order:
    """Ada's order as its driver has it, who still lives although the lease is over."""
    shop.catalog.faults.then("commit", "lost")
    pending = await ada.order(key="k")
    assert pending.status_code == 202
    await shop.context.sagas.idle(5)
    shop.clock.advance(seconds=16)
    return replace(await shop.stored(pending.json()["id"]), step=Step.STOCK_COMMITTED)


@pytest.mark.parametrize("statement", [READS_ORDER, TAKES_OVER])
async def test_an_order_finished_since_its_key_was_read_is_replayed(
    shop: Shop, statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout, "ANSWER_SECONDS", 0.0)
    ada, database = shop.buyer(shop.catalog.add()), shop.context.it.database
    order = await paused_before_t5(shop, ada)

    async def finish() -> None:
        await database.run(store_confirmed, order, None, now=shop.clock.now())

    with meanwhile(shop, statement, finish):
        again = await ada.order(key="k")
    assert (again.status_code, again.json()["id"]) == (201, order.id)
    assert again.headers["idempotent-replayed"] == "true"
    assert (await shop.stored(order.id)).fence == order.fence, "nobody took it over"
    await shop.settle()
    await shop.check_invariants()


@pytest.mark.parametrize("statement", [READS_ORDER, TAKES_OVER])
async def test_an_order_given_up_since_its_key_was_read_does_not_go_on(
    shop: Shop, statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rule 3: what was read before would overwrite the stored COMPENSATING, and its driver's
    cancels might arrive after a commit."""
    monkeypatch.setattr(checkout, "ANSWER_SECONDS", 0.0)
    monkeypatch.setattr(checkout, "KEY_WAIT_SECONDS", 0.02)
    ada, database = shop.buyer(shop.catalog.add()), shop.context.it.database
    order = await paused_before_t5(shop, ada)
    order = replace(order, step=Step.RESERVED)
    gone, until = CheckoutExpired("gone"), shop.clock.now() + timedelta(seconds=15)

    async def give_up() -> None:
        await database.run(store_compensating, order, gone, until=until)

    with meanwhile(shop, statement, give_up):
        again = await ada.order(key="k")
    assert (again.status_code, again.json()["code"]) == (409, "request_in_progress")
    stored = await shop.stored(order.id)
    assert (stored.step, stored.fence) == (Step.COMPENSATING, order.fence)
    await shop.settle()
    await shop.check_invariants()


async def ordered_long_ago(shop: Shop) -> tuple[Customer, str]:
    """Somebody with a cart, and the order that the key `k` made for them 31 days before."""
    tea = shop.catalog.add()
    ada = shop.buyer(tea)
    old = await ada.order(key="k")
    shop.clock.advance(days=31)
    shop.fill(ada, (tea, 1))
    return ada, str(old.json()["id"])


async def test_e11_an_old_key_used_twice_at_once_makes_one_new_order(shop: Shop) -> None:
    ada, old = await ordered_long_ago(shop)
    answers = []

    async def order() -> None:
        answers.append(await ada.order(key="k"))

    with meanwhile(shop, DELETES_KEY, order):
        await order()
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert await shop.ids() == [old, answers[0].json()["id"]]
    await shop.settle()
    await shop.check_invariants()


async def test_a_key_forgotten_since_it_was_found_taken_makes_a_new_order(shop: Shop) -> None:
    ada, old = await ordered_long_ago(shop)
    housekeeper = Housekeeper(shop.context.it.database, shop.clock)
    with meanwhile(shop, "SELECT checkout_keys", housekeeper.drain):
        new = await ada.order(key="k")
    assert new.status_code == 201
    assert new.json()["id"] != old
    await shop.settle()
    await shop.check_invariants()
