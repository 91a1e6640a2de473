"""The service as a process: schema, settings, steps, numbers, metrics, start."""

import asyncio
from itertools import pairwise

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import ValidationError
from sqlalchemy import CheckConstraint, Connection, inspect

from orders import checkout
from orders.models import metadata
from orders.numbers import ALPHABET, new_number
from orders.saga import ACTIONS
from orders.settings import FAILPOINTS, OrdersSettings
from orders.states import ENDS, MOVES, InvalidMove, Step, move
from services.orders.tests.shop import Shop


async def test_the_migrated_schema_is_the_models(shop: Shop) -> None:
    def differences(conn: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(conn), metadata))

    assert await shop.context.it.database.read(differences) == []


async def test_the_migrated_checks_are_the_models(shop: Shop) -> None:
    def names(conn: Connection) -> set[str | None]:
        tables = [inspect(conn).get_check_constraints(name) for name in metadata.tables]
        return {check["name"] for table in tables for check in table}

    wanted = {
        str(constraint.name)
        for table in metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    assert await shop.context.it.database.read(names) == wanted


def test_the_driver_has_an_action_for_every_step_that_is_no_end() -> None:
    assert set(ACTIONS) == set(Step) - ENDS
    assert set(MOVES) == set(Step)


def test_a_step_moves_along_the_table_only() -> None:
    path = [Step.CREATED, Step.RESERVED, Step.STOCK_COMMITTED, Step.CONFIRMED]
    for here, there in pairwise(path):
        assert move(MOVES, here, there) == there
    assert move(MOVES, Step.RESERVED, Step.STOCK_COMMITTED, Step.CONFIRMED) == Step.CONFIRMED
    for here in Step:
        for there in set(Step) - MOVES[here] - {here}:
            with pytest.raises(InvalidMove):
                move(MOVES, here, there)


def test_nothing_aborts_after_the_pivot_but_a_refused_capture() -> None:
    aborting = {step for step in Step if Step.COMPENSATING in MOVES[step]}
    before = {Step.CREATED, Step.RESERVED, Step.AWAITING_ACTION, Step.AUTHORIZED}
    assert aborting == before | {Step.STOCK_COMMITTED}


def test_numbers_are_short_unlike_and_readable() -> None:
    numbers = {new_number() for _ in range(2000)}
    assert len(numbers) == 2000
    assert all(len(number) == 8 and set(number) <= set(ALPHABET) for number in numbers)
    assert not set("ILOU") & set(ALPHABET)


async def test_a_number_that_is_taken_is_drawn_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    (await shop.buyer(shop.catalog.add()).order()).json()
    (first,) = await shop.all_stored()
    monkeypatch.setattr("orders.drafting.new_number", lambda: first.number)
    drawn = iter([first.number, "00000001"])
    monkeypatch.setattr(checkout, "new_number", lambda: next(drawn))
    answer = await shop.buyer(shop.catalog.add()).order(key="k")
    assert (answer.status_code, answer.json()["number"]) == (201, "00000001")


def made(**more: object) -> OrdersSettings:
    needed = {"database_url": "sqlite:////x.db", "listen": "unix:/x", "internal_listen": "unix:/y"}
    return OrdersSettings(**{**needed, **more})  # type: ignore[arg-type]


def test_a18_production_refuses_local_secrets_and_failpoints() -> None:
    safe = {"environment": "production", "secret_key": "s" * 32, "client_secret": "c" * 32}
    safe |= {"mail_url": "file:/data/mail"}
    assert made(**safe).failpoints == ""
    for unsafe in ({"failpoints": "after_t1:kill"}, {"client_secret": "short"}):
        with pytest.raises(ValidationError):
            made(**{**safe, **unsafe})
    for missing in ("secret_key", "client_secret", "mail_url"):
        with pytest.raises(ValidationError):
            made(**{name: value for name, value in safe.items() if name != missing})


def test_failpoints_must_exist() -> None:
    assert made(failpoints=f"{FAILPOINTS[0]}:kill,{FAILPOINTS[1]}:delay").failpoints
    for wrong in ("after_t9:kill", "after_t1:explode", "after_t1"):
        with pytest.raises(ValidationError):
            made(failpoints=wrong)


async def test_metrics_show_what_is_stuck(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkout, "ANSWER_SECONDS", 0.0)
    gate = shop.catalog.faults.hold("reserve")
    await shop.buyer(shop.catalog.add()).order()
    shop.clock.advance(seconds=9)
    await shop.context.worker.publish()
    text = (await shop.internal.get("/metrics")).text
    assert 'orders_unfinished{step="CREATED"} 1.0' in text
    assert "orders_oldest_unfinished_seconds 9.0" in text
    gate.set()
    await shop.settle()
    await shop.context.worker.publish()
    text = (await shop.internal.get("/metrics")).text
    assert 'orders_unfinished{step="CREATED"} 0.0' in text
    assert "orders_relay_lag_seconds 0.0" in text


async def test_a_start_goes_on_with_what_a_dead_process_left(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout, "ANSWER_SECONDS", 0.0)
    ada = shop.buyer(shop.catalog.add())
    database = shop.context.it.database
    shop.catalog.faults.hold("commit")
    order_id = (await ada.order(key="k")).json()["id"]
    await shop.until_called("commit")
    for task in shop.context.sagas._running:
        task.cancel()
    await asyncio.sleep(0)
    del shop.catalog.faults.gates["commit"]
    if database.dialect == "postgresql":
        shop.clock.advance(seconds=16)
    await shop.context.worker.resume()
    await shop.context.worker.work()
    await shop.context.sagas.idle(5)
    assert (await shop.stored(order_id)).step == Step.CONFIRMED
    await shop.check_invariants()
