"""Crashes, lost answers, late messages and paused workers, in process."""

import asyncio
import gc
import weakref
from dataclasses import replace

import pytest

from orders import checkout, running
from orders.errors import CartEmpty, FenceLost
from orders.repository.orders import postpone, save, take_over
from orders.saga import drive, store_confirmed
from orders.states import InvalidMove, Step
from services.orders.tests.shop import Shop

CALLS = ["claim", "reserve", "commit"]
CANCELS = ["release_stock", "release_cart"]


def fault(shop: Shop, call: str, *faults: str) -> None:
    side = shop.cart if call in ("claim", "consume", "release_cart") else shop.catalog
    side.faults.then(call, *faults)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkout, "ANSWER_SECONDS", 0.0)
    monkeypatch.setattr(checkout, "KEY_WAIT_SECONDS", 0.02)


@pytest.mark.parametrize("kind", ["lost", "down"])
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.usefixtures("impatient")
async def test_f4_a_lost_message_has_no_second_effect(shop: Shop, call: str, kind: str) -> None:
    tea = shop.catalog.add(stock=10)
    ada = shop.buyer(tea, 3)
    fault(shop, call, kind, kind)
    answer = await ada.order(key="k")
    assert answer.status_code == 202
    await shop.settle()
    final = await ada.order(key="k")
    assert (final.status_code, final.json()["id"]) == (201, answer.json()["id"])
    assert (tea.on_hand, tea.reserved) == (7, 0)
    await shop.check_invariants()


@pytest.mark.parametrize("kind", ["lost", "down"])
async def test_f4_i8_an_event_is_delivered_until_it_arrives(shop: Shop, kind: str) -> None:
    fault(shop, "consume", kind, kind)
    answer = await shop.buyer(shop.catalog.add()).order()
    assert answer.status_code == 201
    await shop.settle()
    assert shop.cart.faults.calls.count("consume") == 3
    await shop.check_invariants()


@pytest.mark.parametrize("kind", ["lost", "down"])
@pytest.mark.parametrize("call", CANCELS)
@pytest.mark.usefixtures("impatient")
async def test_f4_a_compensation_insists(shop: Shop, call: str, kind: str) -> None:
    ada = shop.buyer(shop.catalog.add(stock=1), 2)
    fault(shop, call, kind, kind)
    assert (await ada.order(key="k")).status_code == 202
    await shop.settle()
    final = await ada.order(key="k")
    assert (final.status_code, final.json()["code"]) == (409, "insufficient_stock")
    await shop.check_invariants()


@pytest.mark.usefixtures("impatient")
async def test_the_reason_is_on_disk_before_anything_is_undone(shop: Shop) -> None:
    """Stock comes back while a compensation is cut off: the order still fails for good."""
    tea = shop.catalog.add(stock=1)
    ada = shop.buyer(tea, 2)
    fault(shop, "release_stock", "down")
    answer = await ada.order(key="k")
    await shop.context.sagas.idle(5)  # also where the answer did not wait for that
    tea.on_hand = 10
    await shop.settle()
    order = await shop.stored(answer.json()["id"])
    assert (order.step, order.failure and order.failure["code"]) == (
        Step.FAILED,
        "insufficient_stock",
    )
    await shop.check_invariants()


@pytest.mark.usefixtures("impatient")
async def test_f13_a_paused_worker_wakes_up_and_writes_nothing(shop: Shop) -> None:
    tea = shop.catalog.add()
    ada = shop.buyer(tea)
    gate = shop.catalog.faults.hold("commit")
    pending = (await ada.order()).json()
    await shop.until_called("commit")
    zombie = await shop.stored(pending["id"])
    shop.clock.advance(seconds=16)
    assert await shop.context.worker.take(shop.clock.now(), at_most=10) == 1
    gate.set()
    await shop.context.sagas.idle(5)
    confirmed = await shop.stored(zombie.id)
    assert (confirmed.step, confirmed.fence) == (Step.CONFIRMED, zombie.fence + 1)
    it = shop.context.it
    with pytest.raises(FenceLost):
        await drive(it, zombie)
    with pytest.raises(FenceLost):
        await it.database.run(save, zombie, Step.COMPENSATING, lease_until=zombie.lease_until)
    await it.database.run(postpone, zombie, shop.clock.now())
    assert await shop.stored(zombie.id) == confirmed
    await shop.settle()
    await shop.check_invariants()


@pytest.mark.usefixtures("impatient")
async def test_f13_a_zombie_cannot_confirm_what_was_aborted(shop: Shop) -> None:
    tea = shop.catalog.add()
    ada = shop.buyer(tea)
    gate = shop.catalog.faults.hold("commit")
    order_id = (await ada.order()).json()["id"]
    await shop.until_called("commit")
    zombie, it = await shop.stored(order_id), shop.context.it
    mine = await it.database.run(take_over, zombie, shop.context.it.lease_end())
    assert mine is not None
    aborted = await it.database.run(
        save,
        mine,
        Step.COMPENSATING,
        failure=CartEmpty("made up").stored(),
        lease_until=mine.lease_until,
    )
    await drive(it, aborted)
    gate.set()
    await shop.context.sagas.idle(5)
    assert (await shop.stored(zombie.id)).step == Step.FAILED
    await shop.check_invariants()


@pytest.mark.usefixtures("impatient")
async def test_two_drivers_of_one_order_confirm_it_once(shop: Shop) -> None:
    ada = shop.buyer(shop.catalog.add())
    gate = shop.catalog.faults.hold("commit")
    order_id = (await ada.order(key="k")).json()["id"]
    await shop.until_called("commit")
    order, it = await shop.stored(order_id), shop.context.it
    results = await asyncio.gather(
        *(it.database.run(take_over, order, it.lease_end()) for _ in range(2))
    )
    assert [bool(result) for result in results].count(True) == 1
    gate.set()
    await shop.settle()
    await shop.check_invariants()


@pytest.mark.usefixtures("impatient")
async def test_a_driver_whose_order_was_taken_over_here_runs_to_its_end(shop: Shop) -> None:
    """Nothing but its own task knows what it waits for; a collected task would never release it."""
    ada = shop.buyer(shop.catalog.add())
    gate = weakref.ref(shop.catalog.faults.hold("reserve"))
    await ada.order()
    await shop.until_called("reserve")
    del shop.catalog.faults.gates["reserve"]
    shop.clock.advance(seconds=16)
    assert await shop.context.worker.work() == 1
    await shop.until_called("commit")
    gc.collect()
    event = gate()
    assert event is not None, "the first driver is gone"
    event.set()
    await shop.settle()
    await shop.check_invariants()


async def test_after_the_pivot_nothing_aborts(shop: Shop) -> None:
    ada = shop.buyer(shop.catalog.add())
    order = await shop.stored((await ada.order()).json()["id"])
    with pytest.raises(InvalidMove):
        await shop.context.it.database.run(save, order, Step.COMPENSATING)


@pytest.mark.usefixtures("impatient")
async def test_the_worker_leaves_living_leases_alone(shop: Shop) -> None:
    ada = shop.buyer(shop.catalog.add())
    gate = shop.cart.faults.hold("claim")
    await ada.order()
    shop.clock.advance(seconds=14)
    assert await shop.context.worker.take(shop.clock.now(), at_most=10) == 0
    shop.clock.advance(seconds=2)
    assert await shop.context.worker.take(shop.clock.now(), at_most=10) == 1
    gate.set()
    await shop.settle()
    await shop.check_invariants()


@pytest.mark.usefixtures("impatient")
async def test_f5_a_late_try_after_the_failure_holds_nothing(shop: Shop) -> None:
    """The reserve of a driver that was paused arrives when another one has failed the order."""
    tea = shop.catalog.add(stock=1)
    ada = shop.buyer(tea, 2)
    gate = shop.catalog.faults.hold("reserve")
    order_id = (await ada.order(key="k")).json()["id"]
    await shop.until_called("reserve")
    del shop.catalog.faults.gates["reserve"]
    shop.clock.advance(seconds=16)
    assert await shop.context.worker.work() == 1
    await shop.context.sagas.wait(order_id, 5)
    failed = await shop.stored(order_id)
    tea.on_hand = 10
    gate.set()
    await shop.context.sagas.idle(5)
    assert shop.catalog.faults.calls.count("reserve") == 2
    assert (failed.step, failed.fence) == (Step.FAILED, 2)
    assert await shop.stored(order_id) == failed
    assert (await ada.order(key="k")).json()["code"] == "insufficient_stock"
    await shop.check_invariants()


async def test_e12_a_client_that_hangs_up_changes_nothing(shop: Shop) -> None:
    ada = shop.buyer(shop.catalog.add())
    gate = shop.catalog.faults.hold("reserve")
    request = asyncio.create_task(ada.order(key="k"))
    await shop.until_called("reserve")
    request.cancel()
    gate.set()
    await shop.context.sagas.idle(5)
    (order,) = await shop.all_stored()
    assert order.step == Step.CONFIRMED
    assert (await ada.order(key="k")).json()["id"] == order.id
    await shop.check_invariants()


@pytest.mark.usefixtures("impatient")
async def test_t5_confirms_answers_and_tells_cart_in_one_transaction(shop: Shop) -> None:
    """The order's write fails: neither is the key answered, nor the event there."""
    ada = shop.buyer(shop.catalog.add())
    gate = shop.catalog.faults.hold("commit")
    order = await shop.stored((await ada.order(key="k")).json()["id"])
    stale = replace(order, step=Step.STOCK_COMMITTED, fence=order.fence - 1)
    with pytest.raises(FenceLost):
        await shop.context.it.database.run(store_confirmed, stale, None, now=shop.clock.now())
    assert await shop.context.relay.drain() == 0
    again = await ada.order(key="k")
    assert (again.status_code, again.json()["code"]) == (409, "request_in_progress")
    gate.set()
    await shop.settle()
    await shop.check_invariants()


@pytest.mark.usefixtures("impatient")
async def test_a_bug_in_one_order_does_not_end_the_worker(shop: Shop) -> None:
    bad, good = shop.buyer(shop.catalog.add()), shop.buyer(shop.catalog.add())

    def explode() -> None:
        raise ZeroDivisionError

    shop.cart.faults.before["claim"] = explode
    assert (await bad.order()).status_code == 202
    del shop.cart.faults.before["claim"]
    await good.order()
    await shop.settle()
    assert {order.status for order in await shop.all_stored()} == {"confirmed"}
    await shop.check_invariants()


@pytest.mark.usefixtures("impatient")
async def test_f12_a_stop_leaves_the_order_to_the_next_process_at_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "DRAIN_SECONDS", 0.01)
    ada = shop.buyer(shop.catalog.add())
    gate = shop.catalog.faults.hold("reserve")
    order_id = (await ada.order()).json()["id"]
    await shop.context.sagas.close()
    assert (await shop.stored(order_id)).lease_until == shop.clock.now()
    gate.set()
    assert await shop.work() == 1
    assert (await shop.stored(order_id)).step == Step.CONFIRMED
