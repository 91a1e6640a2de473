"""Rounds of the reconciler: an old backup (F15), who is down, copies, orders' own work, metrics."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Connection, Row, delete, insert, select, text, update

from orders.discrepancies import Finding, report
from orders.models import metadata, orders, outbox
from orders.reconciler import Reconciler
from orders.repository.reconciliations import take_lease
from orders.states import Step
from services.orders.tests.shop import Shop
from services.orders.tests.test_reconciler import LATER, by, cancelled, close, ordered
from shopkit.errors import Unavailable
from shopkit.ids import new_id


async def test_an_order_that_does_not_get_on(shop: Shop) -> None:
    """One that its customer has not paid is none, and one that was cancelled just now neither."""
    _, order_id = await ordered(shop, LATER)
    far = shop.clock.now() + timedelta(days=1)
    begun = {"step": Step.CANCELLING, "status": "cancelled"}
    for changes, stuck in (
        ({"attempts": 0, "lease_until": far}, False),
        ({"attempts": 20, "lease_until": far}, True),
        ({"attempts": 0, "lease_until": shop.clock.now() - timedelta(minutes=11)}, True),
    ):
        await shop.execute(update(orders).values(**begun, **changes))
        shop.clock.advance(minutes=11)
        round = await shop.compare()
        assert dict(round.reported) == ({"stuck_order": 1} if stuck else {})
    await shop.settle()
    assert (await shop.stored(order_id)).step == Step.CANCELLED
    assert (await shop.reconcile()).closed == 1


async def test_an_order_that_waits_for_its_customer_in_vain(shop: Shop) -> None:
    ada = shop.buyer(shop.catalog.add())
    order_id = (await ada.order(by("action"))).json()["id"]
    shop.clock.advance(minutes=24)
    assert (await shop.compare()).reported == {}
    shop.clock.advance(minutes=1)
    assert (await shop.compare()).reported == {"stuck_order": 1}
    await shop.settle()
    assert (await shop.stored(order_id)).status == "failed"
    assert (await shop.reconcile()).closed == 1


async def test_an_event_that_nobody_takes(shop: Shop) -> None:
    _, order_id = await ordered(shop, LATER)
    old = shop.clock.now() - timedelta(hours=2)
    event = {"id": new_id(), "topic": "cart.consume", "payload": {"order_id": order_id}}
    due = shop.clock.now() + timedelta(days=1)
    await shop.execute(
        insert(outbox).values(**event, attempts=99, created_at=old, due_at=due),
    )
    round = await shop.compare()
    assert (dict(round.mended), dict(round.reported)) == ({}, {"stuck_event": 1})
    (found,) = await shop.discrepancies()
    assert (found["order_id"], found["subject"]) == (order_id, event["id"])


async def test_a_round_that_broke_off_has_not_compared_everything(shop: Shop) -> None:
    await shop.execute(text("DROP TABLE reconciliations"))
    round = await shop.compare()
    assert round.finished_at is not None
    assert list(round.incomplete) == ["all"]


@dataclass
class Backup:
    rows: dict[str, list[Row[Any]]]


TABLES = [table for table in metadata.sorted_tables if table.name != "audit_log"]
"""Its log of staff cannot be put back, and nobody of staff acts here."""


def store(conn: Connection) -> Backup:
    return Backup({table.name: list(conn.execute(select(table)).all()) for table in TABLES})


def restore(conn: Connection, backup: Backup) -> None:
    for table in reversed(TABLES):
        conn.execute(delete(table))
    for table in TABLES:
        if rows := backup.rows[table.name]:
            conn.execute(insert(table), [dict(row._mapping) for row in rows])


async def test_f15_orders_are_five_minutes_old_and_nothing_is_destroyed(shop: Shop) -> None:
    database = shop.context.it.database
    kept, kept_id = await ordered(shop)
    _, failed = await ordered(shop, by("declined"))
    backup = await database.read(store)
    shop.clock.advance(minutes=5)
    paid = {(await ordered(shop))[1] for _ in range(2)}
    _, later = await ordered(shop, LATER)
    gone = await cancelled(shop)
    await kept.cancel(kept_id)
    await shop.settle()
    before = everything(shop)
    await database.run(restore, backup)
    round = await shop.reconcile()
    assert dict(round.mended) == {}
    assert everything(shop) == before
    found = {(one["kind"], one["order_id"]) for one in await shop.discrepancies()}
    lost = {*paid, later}
    assert found == {
        *(("payment_without_order", order_id) for order_id in paid),
        *(("stock_without_order", order_id) for order_id in lost),
        *(("cart_without_order", order_id) for order_id in {*lost, gone}),
        *(("refund_differs", kept_id), ("stock_not_sold", kept_id)),
    }
    assert (await shop.stored(kept_id)).status == "confirmed"
    assert (await shop.stored(failed)).status == "failed"
    again = await shop.reconcile()
    assert again.reported == round.reported
    assert len(await shop.discrepancies()) == len(found)


def everything(shop: Shop) -> tuple[Any, ...]:
    """What the others have."""
    return (
        dict(shop.bank.intents),
        {id: one.state for id, one in shop.catalog.reservations.items()},
        {id: (one.on_hand, one.reserved) for id, one in shop.catalog.products.items()},
        {id: one.state for id, one in shop.cart.claims.items()},
    )


@pytest.mark.parametrize(
    ("call", "part"),
    [
        ("list", "payments:sandbox"),
        ("find", "payments:sandbox"),
        ("list_reservations", "stock"),
        ("find_reservations", "stock"),
        ("list_claims", "carts"),
        ("find_claims", "carts"),
    ],
)
async def test_who_is_down_does_not_hide_the_rest(shop: Shop, call: str, part: str) -> None:
    """And what could not be looked at stays on the list."""
    _, order_id = await ordered(shop)
    shop.bank.change(shop.intent(order_id).id, refunded=1)
    del shop.catalog.reservations[order_id]
    del shop.cart.claims[order_id]
    await shop.reconcile()
    open_before = {one["kind"] for one in await shop.discrepancies()}
    assert open_before == {"refund_differs", "stock_not_sold", "cart_not_converted"}
    side = {"payments:sandbox": shop.bank, "stock": shop.catalog, "carts": shop.cart}[part]
    side.faults.then(call, "down")
    round = await shop.reconcile()
    assert list(round.incomplete) == [part]
    assert len(round.reported) == len(open_before) - 1
    assert {one["kind"] for one in await shop.discrepancies()} == open_before


async def test_a_bug_in_one_comparison_does_not_hide_the_rest(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(after: str = "") -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(shop.catalog, "list_reservations", broken)
    round = await shop.reconcile()
    assert round.incomplete == {"stock": "It failed; the log says why."}


async def test_what_is_in_the_making_is_left_to_its_saga(shop: Shop) -> None:
    ada = shop.buyer(shop.catalog.add())
    order_id = (await ada.order(by("action"))).json()["id"]
    shop.clock.advance(minutes=2)
    round = await shop.compare()
    assert (dict(round.mended), dict(round.reported)) == ({}, {})
    assert round.skipped == {order_id}


async def test_an_order_that_moves_meanwhile_is_left_to_the_next_round(shop: Shop) -> None:
    _, order_id = await ordered(shop)
    intent = shop.intent(order_id)
    shop.bank.change(intent.id, refunded=1)

    async def refund() -> None:
        await shop.execute(update(orders).values(version=orders.c.version + 1))

    await shop.reconcile()
    shop.bank.meanwhile = refund
    round = await shop.reconcile()
    assert (dict(round.reported), round.skipped, round.closed) == ({}, {order_id}, 0)


async def test_others_kinds_and_old_orders_are_not_closed(shop: Shop) -> None:
    """A round closes only what it would have seen."""
    now, new, old = shop.clock.now(), new_id(), "0190a2b4-0000-7000-8000-000000000000"
    findings = [
        Finding("payment_mode", "sandbox:x", "by a webhook", new),
        Finding("unknown_payment", "stripe:x", "of another provider", new),
        Finding("unknown_payment", "sandbox:y", "by a webhook, not ours"),
        Finding("stock_not_sold", old, "long ago", old),
        Finding("stock_not_sold", new, "gone", new),
    ]
    for finding in findings:
        await shop.context.it.database.run(report, finding, now=now)
    assert (await shop.reconcile()).closed == 1
    assert {one["detail"] for one in await shop.discrepancies()} == {
        *("by a webhook", "of another provider", "by a webhook, not ours", "long ago"),
    }


async def test_one_copy_at_a_time(shop: Shop) -> None:
    it, now = shop.context.it, shop.clock.now()
    until = now + timedelta(seconds=60)
    other = new_id()
    assert await it.database.run(take_lease, other, now=now, until=until)
    round = await shop.compare()
    assert (round.incomplete, round.compared) == (
        {"all": "Another copy of the service is at it."},
        {},
    )
    shop.clock.advance(seconds=61)
    assert (await shop.compare()).incomplete == {}
    beside = Reconciler(it, shop.context.sagas, lambda: None, 300)
    assert (await beside.work()).incomplete == {}, "it was let go"


async def test_a_round_that_cannot_begin_says_so(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone() -> bool:
        raise Unavailable("The database is gone.")

    monkeypatch.setattr(shop.context.reconciler, "_renew", gone)
    round = await shop.reconcile()
    assert round.incomplete == {"all": "The database is gone."}


async def test_a_round_is_whole_once_in_an_hour(shop: Shop) -> None:
    work = shop.context.reconciler.work
    shop.cart.faults.then("list_claims", "down")
    assert [(await work()).whole for _ in range(3)] == [True, True, False]
    shop.clock.advance(minutes=59)
    assert not (await work()).whole
    shop.clock.advance(minutes=1)
    assert (await work()).whole


async def test_metrics_tell_what_waits_for_a_person(shop: Shop) -> None:
    _, order_id = await ordered(shop)
    shop.bank.faults.then("list", "down")
    await shop.reconcile()
    await shop.context.worker.publish()
    assert value("orders_discrepancies", kind="stock_not_sold") is None
    errors = {"provider": "sandbox", "call": "list"}
    assert (value("orders_provider_errors_total", **errors) or 0) >= 1
    del shop.catalog.reservations[order_id]
    await shop.reconcile()
    await shop.context.worker.publish()
    assert value("orders_discrepancies", kind="stock_not_sold") == 1
    reconciled_at = value("orders_reconciled_timestamp_seconds")
    assert reconciled_at is not None
    assert abs(reconciled_at - shop.clock.now().timestamp()) < 600 * 61
    (found,) = await shop.discrepancies()
    await close(shop, found["id"])
    await shop.context.worker.publish()
    assert value("orders_discrepancies", kind="stock_not_sold") is None
    calls = {"provider": "sandbox", "call": "capture"}
    assert (value("orders_provider_seconds_count", **calls) or 0) >= 1


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


async def test_only_orders_itself_may_ask_for_a_round(shop: Shop) -> None:
    path = "/internal/reconciliation"
    assert (await shop.internal.post(path)).status_code == 401
    stranger = {"authorization": shop.tokens.service("cart")}
    assert (await shop.internal.post(path, headers=stranger)).status_code == 403
    ours = {"authorization": shop.tokens.service("orders")}
    assert (await shop.internal.get(path, headers=ours)).status_code == 404
    first = await shop.internal.post(path, headers=ours)
    second = await shop.internal.post(path, headers=ours)
    assert (first.status_code, second.json()["started_at"]) == (202, first.json()["started_at"])
    while (found := await shop.internal.get(path, headers=ours)).json()["finished_at"] is None:
        await asyncio.sleep(0)
    assert found.json()["compared"] == {}
    assert (await shop.http.post(path, headers=ours)).status_code == 404, "not for the gateway"
