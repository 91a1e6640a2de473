"""G1, G2: webhooks come shuffled, up to five times and forged; their effect is there once."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from shopkit.webhooks import WebhookSecret
from tests.faults.journeys import STOCK, Traveller
from tests.faults.memory import Memory
from tests.faults.plan import scaled, seed_of
from tests.faults.proxy import Fate
from tests.faults.scenario import hold, kept
from tests.faults.staging import WEBHOOK_PATH, WEBHOOK_SECRET, Staging
from tests.shop_clients import Staff
from tests.shop_invariants import query

ORDERS, WEBHOOKS, AT_ONCE = scaled(150), scaled(1000), 32
TRIES = 10
FORGER = WebhookSecret("whsec_" + "forger00" * 4)
SHOP = WebhookSecret(WEBHOOK_SECRET)


@dataclass(frozen=True)
class Webhook:
    body: bytes
    headers: dict[str, str]
    forged: bool


def nothing_arrives(_: bytes) -> Fate:
    return Fate.LOST_REQUEST


async def orders_with_events(shop: Staging, staff: Staff, memory: Memory) -> list[Traveller]:
    """Paid, and some confirmed by their customers on the provider's page; nothing was told."""
    shop.turn({"sandbox-orders": nothing_arrives})
    price = {"stock": STOCK, "price": 1000}
    found = [Traveller(shop, staff, await staff.product(**price), memory) for _ in range(ORDERS)]
    for start in range(0, ORDERS, AT_ONCE):
        await asyncio.gather(*(go(one) for one in found[start : start + AT_ONCE]))
    return found


async def go(one: Traveller) -> None:
    if one.guest.random.random() < 0.7:
        where = await one.placed()
        part = {"amount": {"amount": 300, "currency": "USD"}}
        await one.clerk.do(f"{where}/refunds", part)
        return
    order = (await one.asked("tok_action_required")).json()
    page = "/pay/" + order["next_action"]["url"].rpartition("/")[2]
    await one.guest.insist(one.guest.sent("sandbox", "POST", page, form={"action": "confirm"}))


async def webhooks(shop: Staging, random: Random) -> list[Webhook]:
    """What the provider wants to tell: signed as it would, in any order, again and again."""
    rows = await query(shop.databases["sandbox"], "SELECT payload FROM outbox")
    found = [
        signed(json.loads(payload), random, forged=False)
        for (payload,) in rows
        for _ in range(random.randint(1, 5))
    ]
    found = random.sample(found, min(WEBHOOKS, len(found)))
    events = [json.loads(payload) for (payload,) in rows]
    forged = max(1, len(found) // 100)
    found += [signed(random.choice(events), random, forged=True) for _ in range(forged)]
    random.shuffle(found)
    return found


def signed(event: dict[str, object], random: Random, *, forged: bool) -> Webhook:
    body, now = json.dumps(event).encode(), datetime.now(UTC)
    if not forged:
        return Webhook(body, SHOP.headers(str(event["id"]), body, now), forged)
    headers = [
        FORGER.headers(str(event["id"]), body, now),
        SHOP.headers(str(event["id"]), body, now - timedelta(minutes=6)),
        SHOP.headers(str(event["id"]), body + b" ", now),
        {},
    ]
    return Webhook(body, random.choice(headers), forged)


async def deliver(shop: Staging, hook: Webhook, limit: asyncio.Semaphore) -> int:
    """As a provider does it: once more when the shop is busy."""
    headers = {"content-type": "application/json", **hook.headers}
    async with limit:
        for _ in range(TRIES):
            answer = await shop.client("orders").post(
                WEBHOOK_PATH, content=hook.body, headers=headers
            )
            if answer.status_code != 503:
                break
            await asyncio.sleep(float(answer.headers["Retry-After"]))
    return answer.status_code


@pytest.mark.torture
async def test_g2_shuffled_repeated_and_forged_webhooks(shop: Staging, staff: Staff) -> None:
    seed, memory, limit = seed_of("webhooks"), Memory(), asyncio.Semaphore(AT_ONCE)
    async with kept("webhooks", shop, {"seed": seed}, memory):
        travellers = await orders_with_events(shop, staff, memory)
        sent = await webhooks(shop, Random(seed))
        answers = await asyncio.gather(*(deliver(shop, hook, limit) for hook in sent))
        seen = Counter((hook.forged, status) for hook, status in zip(sent, answers, strict=True))
        forged = sum(hook.forged for hook in sent)
        assert seen == {(False, 204): len(sent) - forged, (True, 400): forged}
        told = {json.loads(hook.body)["id"] for hook in sent if not hook.forged}
        stored = await query(shop.databases["orders"], "SELECT id FROM provider_events")
        assert {id for (id,) in stored} == told
        await shop.clear()
        for one in travellers:
            await one.finished()
        figures = {"webhooks": len(sent), "forged": forged, "orders": len(memory.orders)}
        await hold("webhooks", shop, seed, memory, figures)
