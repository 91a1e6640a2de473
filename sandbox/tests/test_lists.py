"""Pages of intents and of the ledger, and who may see them."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest

from sandbox.tests.conftest import API_KEY, Shop
from shopkit.clock import FrozenClock
from shopkit.ids import new_id


async def all_of(shop: Shop, path: str, **query: Any) -> list[Any]:
    found, cursor = [], None
    while True:
        page = await shop.get(path, **query, **({"cursor": cursor} if cursor else {}))
        found += page["items"]
        if (cursor := page["next_cursor"]) is None:
            return found


async def test_pages_have_every_intent_once(shop: Shop) -> None:
    made = [await shop.intent() for _ in range(7)]
    for limit in (1, 3, 7, 100):
        assert [intent["id"] for intent in await all_of(shop, "intents", limit=limit)] == made


async def test_intents_since_a_moment(shop: Shop, clock: FrozenClock) -> None:
    await shop.intent()
    clock.advance(seconds=1)
    moment = clock.now()
    made = [await shop.intent() for _ in range(3)]
    since = moment.isoformat().replace("+00:00", "Z")
    found = await all_of(shop, "intents", created_after=since, limit=2)
    assert [intent["id"] for intent in found] == made
    later = (moment + timedelta(seconds=1)).isoformat()
    assert await all_of(shop, "intents", created_after=later) == []


async def test_the_ledger_counts_what_was_charged(shop: Shop) -> None:
    intents = [await shop.captured(amount) for amount in (100, 200, 300)]
    entries = await all_of(shop, "ledger", limit=2)
    taken = {entry["intent"]: entry["amount"] for entry in entries if entry["kind"] == "capture"}
    assert taken == dict(zip(intents, (100, 200, 300), strict=True))
    assert len(entries) == 6


async def test_what_is_asked_for_is_checked(shop: Shop) -> None:
    for query in ("limit=0", "limit=101", "cursor=x", "created_after=yesterday", "other=1"):
        answer = await shop.http.get(
            f"/v1/intents?{query}", headers={"authorization": f"Bearer {API_KEY}"}
        )
        assert answer.status_code in (400, 422), query
    for body in (
        {"reference": "a", "amount": 0, "currency": "USD"},
        {"reference": "a", "amount": True, "currency": "USD"},
        {"reference": "a", "amount": 1, "currency": "XXQ"},
        {"reference": "", "amount": 1, "currency": "USD"},
        {"reference": "a", "amount": 1, "currency": "USD", "token": "tok_success"},
    ):
        assert (await shop.post("intents", body)).status_code == 422, body


@pytest.mark.parametrize(
    "sent", [None, "Bearer nonsense", f"Basic {API_KEY}", f"Bearer {API_KEY}x"]
)
async def test_without_the_key_nothing_is_told(http: httpx2.AsyncClient, sent: str | None) -> None:
    headers = {"authorization": sent} if sent else {}
    intent = f"/v1/intents/{new_id()}"
    for method, path in (
        ("GET", "/v1/intents"),
        ("GET", "/v1/ledger"),
        ("GET", intent),
        ("POST", "/v1/intents"),
        *(("POST", f"{intent}/{verb}") for verb in ("authorize", "capture", "cancel", "refunds")),
    ):
        answer = await http.request(method, path, headers=headers)
        assert answer.status_code == 401, path
        assert API_KEY not in answer.text


async def test_what_is_not_there(shop: Shop) -> None:
    for intent in (new_id(), "nonsense"):
        for answer in (
            await shop.authorize(intent),
            await shop.capture(intent),
            await shop.cancel(intent),
            await shop.refund(intent, 1),
        ):
            assert answer.status_code == 404
