"""I1 to I8 after a run: all of them, with everything that is wrong and not only the first."""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

from tests import shop_invariants as invariants
from tests.faults.ledger import check_payments
from tests.faults.memory import Memory, same
from tests.faults.staging import COPY, SERVICES, Staging
from tests.shop_invariants import query

REPLAYED = 100
FIXED = ("id", "number", "items", "total", "email", "placed_at")
Verdict = dict[str, list[str]]


async def judge(shop: Staging, memory: Memory) -> tuple[Verdict, float]:
    """What is wrong, by invariant; and how many seconds it took until all was at rest."""
    began = time.monotonic()
    verdict = {"I6, I8 nothing is unfinished": await _found(_rest(shop))}
    rested = round(time.monotonic() - began, 1)
    checks: dict[str, Callable[[Any], Awaitable[None]]] = {
        "I1 reserved is what is held": invariants.i1_reserved_is_what_is_held,
        "I2 stock is conserved": invariants.i2_stock_is_conserved,
        "I4 one key, one cart, one order": invariants.i4_one_key_and_one_cart_make_one_order,
        "I7 carts are converted": invariants.i7_a_cart_is_converted_when_its_order_is_confirmed,
    }
    for name, check in checks.items():
        verdict[name] = await _found(check(shop))
    verdict["I3 answers stay true"] = await answers_stay_true(shop, memory)
    verdict["I5 money"] = await check_payments(shop.databases)
    verdict["no 5xx but 503"] = memory.wrong
    verdict["no error in the logs"] = errors_in_logs(shop)
    return verdict, rested


async def _found(check: Awaitable[None]) -> list[str]:
    try:
        await check
    except AssertionError as failed:
        return [str(failed)[:5000] or repr(failed)]
    return []


async def _rest(shop: Staging) -> None:
    await invariants.i6_everything_comes_to_an_end(shop)
    told = "SELECT topic FROM outbox"
    deadline = time.monotonic() + invariants.REST_SECONDS
    while left := await query(shop.databases["sandbox"], told):
        assert time.monotonic() < deadline, f"{len(left)} webhooks are not delivered"
        await asyncio.sleep(0.1)


async def answers_stay_true(shop: Staging, memory: Memory) -> list[str]:
    rows = await query(
        shop.databases["orders"],
        "SELECT o.id, o.number, o.status, o.email, o.total, k.status, k.body FROM orders o "
        "LEFT JOIN checkout_keys k ON k.order_id = o.id",
    )
    stored, wrong = {row[0]: row[1:] for row in rows}, []
    for id, told in memory.orders.items():
        if id not in stored:
            wrong.append(f"{id} was confirmed, and is gone")
            continue
        number, status, email, total, key_status, body = stored[id]
        now = (number, email, total, key_status, json.loads(body or "null"))
        if now != (told["number"], told["email"], told["total"]["amount"], 201, told):
            wrong.append(f"{id} was {told}, and is {now}")
        if id in memory.cancelled and status != "cancelled":
            wrong.append(f"{id} was cancelled, and is {status}")
    return wrong + await _papers(shop, memory) + await _replays(shop, memory)


async def _papers(shop: Staging, memory: Memory) -> list[str]:
    """Whatever refund, parcel or return somebody was told of is there."""
    there = set()
    for table in ("refunds", "fulfillments", "returns"):
        rows = await query(shop.databases["orders"], f"SELECT order_id, id FROM {table}")
        there |= set(rows)
    told = {(id, paper) for id, papers in memory.papers.items() for paper in papers}
    return [f"order {id}: {paper} is gone" for id, paper in told - there]


async def _replays(shop: Staging, memory: Memory) -> list[str]:
    """The same request once more gets the same answer."""
    wrong, kept = [], list(memory.final.values())
    for sent, answer in random.sample(kept, min(REPLAYED, len(kept))):
        again = await shop.front(sent.service).request(
            sent.method, sent.path, headers=sent.headers, json=sent.json
        )
        if not same(answer, again):
            wrong.append(f"{sent.path} {sent.key}: {answer.text} then, {again.text} now")
    return wrong


def errors_in_logs(shop: Staging) -> list[str]:
    """What a service itself calls an error, or could not even say in its own words; what was
    found before is not found again."""
    lines = [line for name in (*SERVICES, COPY) for line in shop.new_in_log(name).splitlines()]
    bad = ('"level": "error"', '"level":"error"', "Traceback", "ERROR")
    return [line[:2000] for line in lines if any(word in line for word in bad)][:20]
