import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import Connection, Table, func, insert, select, text

from kit.tests.conftest import boxes, keys, outbox
from shopkit.clock import FrozenClock
from shopkit.db import Database
from shopkit.errors import Conflict, IdempotencyKeyReused, Unavailable
from shopkit.idempotency import Answer, replayable
from shopkit.ids import new_id
from shopkit.outbox import Relay, emit


def create(conn: Connection, *, clock: FrozenClock, key: str | None, **other: str) -> Answer:
    def effect() -> Answer:
        new = new_id()
        conn.execute(insert(boxes).values(id=new, stock=1))
        return Answer(201, {"id": new, "at": clock.now()}, {"Location": f"/boxes/{new}"})

    who = {"caller": "ada", "route": "create_box", "fingerprint": "f"} | other
    return replayable(conn, table=keys, key=key, now=clock.now(), effect=effect, **who)


def count(conn: Connection, table: Table = boxes) -> int:
    return conn.execute(select(func.count()).select_from(table)).scalar_one()


async def test_e4_one_key_at_once_has_one_effect_and_one_answer(
    database: Database, clock: FrozenClock
) -> None:
    calls = (database.run(create, clock=clock, key="k") for _ in range(30))
    answers = await asyncio.gather(*calls)
    assert await database.read(count) == 1
    assert len({(a.status, str(a.body), str(a.headers)) for a in answers}) == 1
    assert sum(not a.replayed for a in answers) == 1


async def test_e5_another_payload_or_route_is_refused_and_another_caller_is_independent(
    database: Database, clock: FrozenClock
) -> None:
    await database.run(create, clock=clock, key="k")
    for other in ({"fingerprint": "g"}, {"route": "other"}):
        with pytest.raises(IdempotencyKeyReused):
            await database.run(create, clock=clock, key="k", **other)
    assert not (await database.run(create, clock=clock, key="k", caller="bob")).replayed


async def test_a_failed_effect_frees_the_key(database: Database, clock: FrozenClock) -> None:
    def refused(conn: Connection) -> Answer:
        def effect() -> Answer:
            raise Conflict("no")

        who = {"caller": "ada", "route": "create_box", "fingerprint": "f"}
        return replayable(conn, table=keys, key="k", now=clock.now(), effect=effect, **who)

    with pytest.raises(Conflict):
        await database.run(refused)
    assert not (await database.run(create, clock=clock, key="k")).replayed


async def test_i8_events_are_delivered_until_they_succeed(
    database: Database, clock: FrozenClock
) -> None:
    seen: list[int] = []

    async def handler(payload: Mapping[str, Any]) -> None:
        seen.append(payload["n"])
        if payload["n"] == 1 and seen.count(1) < 3:
            raise Unavailable("not yet")

    relay = Relay(database, outbox, {"ping": handler}, clock)
    for n in range(3):
        await database.run(emit, outbox, topic="ping", payload={"n": n}, now=clock.now())
    for _ in range(4):
        await relay.drain()
        clock.advance(seconds=60)
    assert sorted(seen) == [0, 1, 1, 1, 2]
    assert await relay.drain() == 0
    assert await database.read(count, outbox) == 0, "what is delivered goes"


async def test_an_event_whose_relay_died_is_taken_again(
    database: Database, clock: FrozenClock
) -> None:
    started = asyncio.Event()

    async def hangs(_: Mapping[str, Any]) -> None:
        started.set()
        await asyncio.sleep(3600)

    await database.run(emit, outbox, topic="ping", payload={}, now=clock.now())
    dying = asyncio.create_task(Relay(database, outbox, {"ping": hangs}, clock).drain())
    await started.wait()
    dying.cancel()
    delivered: list[Mapping[str, Any]] = []

    async def works(payload: Mapping[str, Any]) -> None:
        delivered.append(payload)

    relay = Relay(database, outbox, {"ping": works}, clock)
    if database.dialect == "postgresql":  # another process may be at it
        assert await relay.drain() == 0
        clock.advance(seconds=31)
    assert await relay.drain() == 1
    assert len(delivered) == 1


async def test_a_topic_that_hangs_holds_up_no_other(database: Database, clock: FrozenClock) -> None:
    delivered = asyncio.Event()

    async def hangs(_: Mapping[str, Any]) -> None:
        await asyncio.sleep(3600)

    async def works(_: Mapping[str, Any]) -> None:
        delivered.set()

    for topic in ("slow", "quick"):
        await database.run(emit, outbox, topic=topic, payload={}, now=clock.now())
    relay = Relay(database, outbox, {"slow": hangs, "quick": works}, clock)
    running = asyncio.create_task(relay.run())
    async with asyncio.timeout(10):
        await delivered.wait()
    running.cancel()


async def test_what_waits_of_others_costs_a_topic_nothing(database: Database) -> None:
    if database.dialect == "postgresql":
        pytest.skip("PostgreSQL plans by how many rows there are")

    def plan(conn: Connection) -> str:
        due = "SELECT * FROM outbox WHERE topic = 'ping' AND due_at <= 'now' ORDER BY due_at, id"
        return str(conn.execute(text(f"EXPLAIN QUERY PLAN {due} LIMIT 3")).all())

    found = await database.read(plan)
    assert "ix_outbox_topic_due_at_id (topic=? AND due_at<?)" in found
    assert "TEMP B-TREE" not in found
