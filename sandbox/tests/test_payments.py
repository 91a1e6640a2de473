"""The life of an intent, and what was charged at its end."""

import asyncio
import time

import pytest

from sandbox.tests.conftest import Answer, Shop


def problem(answer: Answer) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


async def test_a_reference_has_one_intent(shop: Shop) -> None:
    first = await shop.intent(reference="order-1")
    assert await shop.intent(reference="order-1") == first
    for amount, currency in ((2000, "USD"), (1999, "EUR")):
        body = {"reference": "order-1", "amount": amount, "currency": currency}
        assert problem(await shop.post("intents", body)) == (422, "reference_reused")


async def test_a_payment_is_authorized_captured_and_given_back(shop: Shop) -> None:
    intent = await shop.intent()
    authorized = (await shop.authorize(intent)).json()
    assert (authorized["status"], authorized["captured"]) == ("authorized", 0)
    captured = (await shop.capture(intent)).json()
    assert (captured["status"], captured["captured"]) == ("captured", 1999)
    assert (await shop.refund(intent, 500)).json()["status"] == "succeeded"
    assert (await shop.get(f"intents/{intent}"))["refunded"] == 500
    expected = [("authorize", 1999), ("capture", 1999), ("refund", 500)]
    assert await shop.moved(intent) == expected


async def test_the_same_key_gives_the_same_answer(shop: Shop) -> None:
    intent = await shop.intent()
    firsts = [
        await shop.authorize(intent, key="a"),
        await shop.capture(intent, 1500, key="c"),
        await shop.refund(intent, 500, key="r"),
    ]
    again = [
        await shop.authorize(intent, key="a"),
        await shop.capture(intent, 1500, key="c"),
        await shop.refund(intent, 500, key="r"),
    ]
    assert [answer.json() for answer in again] == [answer.json() for answer in firsts]
    assert [answer.headers["idempotent-replayed"] for answer in again] == ["true"] * 3
    expected = [("authorize", 1999), ("capture", 1500), ("refund", 500)]
    assert await shop.moved(intent) == expected


async def test_a_key_belongs_to_one_request(shop: Shop) -> None:
    intent = await shop.intent()
    await shop.authorize(intent, key="a")
    reused = (422, "idempotency_key_reused")
    assert problem(await shop.authorize(intent, "tok_slow", key="a")) == reused
    assert problem(await shop.authorize(await shop.intent(), key="a")) == reused
    assert problem(await shop.capture(intent, key="a")) == reused
    without = await shop.post(f"intents/{intent}/capture", {"amount": 1999})
    assert problem(without) == (400, "idempotency_key_missing")
    assert await shop.status(intent) == "authorized"


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("tok_declined", "card_declined"),
        ("tok_insufficient_funds", "insufficient_funds"),
        ("nonsense", "invalid_token"),
    ],
)
async def test_a_decline_stays_one_for_its_key(shop: Shop, token: str, code: str) -> None:
    intent = await shop.intent()
    for _ in range(2):
        answer = await shop.authorize(intent, token, key="a")
        assert problem(answer) == (402, "payment_declined")
        assert answer.json()["decline_code"] == code
    shown = await shop.get(f"intents/{intent}")
    assert (shown["status"], shown["decline"]) == ("created", code)
    assert (await shop.authorize(intent, key="b")).json()["decline"] is None
    declined_once = await shop.authorize(intent, token, key="a")
    assert problem(declined_once) == (402, "payment_declined")
    assert await shop.moved(intent) == [("authorize", 1999)]


async def test_what_is_done_is_not_done_again_with_another_key(shop: Shop) -> None:
    intent = await shop.intent()
    for token in ("tok_success", "tok_declined"):
        assert (await shop.authorize(intent, token)).json()["status"] == "authorized"
    for amount in (1500, 1999):
        assert (await shop.capture(intent, amount)).json()["captured"] == 1500
    assert (await shop.authorize(intent)).json()["status"] == "captured"
    assert await shop.moved(intent) == [("authorize", 1999), ("capture", 1500)]


async def test_only_what_is_authorized_is_captured(shop: Shop) -> None:
    intent = await shop.intent()
    assert problem(await shop.capture(intent)) == (409, "not_authorized")
    await shop.authorize(intent, "tok_action_required")
    assert problem(await shop.capture(intent)) == (409, "not_authorized")
    await shop.authorize(intent)
    too_much = await shop.capture(intent, 2000)
    assert problem(too_much) == (409, "capture_exceeds_authorization")
    assert await shop.status(intent) == "authorized"


async def test_cancel_is_absorbing(shop: Shop) -> None:
    fresh, held = await shop.intent(), await shop.intent()
    await shop.authorize(held)
    for intent in (fresh, held):
        for _ in range(2):
            assert (await shop.cancel(intent)).json()["status"] == "cancelled"
        assert problem(await shop.authorize(intent)) == (409, "intent_cancelled")
        assert problem(await shop.capture(intent)) == (409, "not_authorized")
    assert await shop.moved(fresh) == []
    assert await shop.moved(held) == [("authorize", 1999), ("void", 1999)]
    captured = await shop.captured()
    assert (await shop.cancel(captured)).json()["status"] == "captured"


async def test_never_more_is_given_back_than_was_taken(shop: Shop) -> None:
    intent = await shop.captured(1000)
    answers = await asyncio.gather(*(shop.refund(intent, 300) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [409] * 5
    refused = await shop.refund(intent, 101)
    assert problem(refused) == (409, "refund_exceeds_capture")
    assert refused.json()["refundable"] == 100
    assert (await shop.refund(intent, 100)).status_code == 200
    assert (await shop.get(f"intents/{intent}"))["refunded"] == 1000
    assert problem(await shop.refund(await shop.intent(), 1)) == (409, "refund_exceeds_capture")


async def test_an_authorization_that_lapses(shop: Shop) -> None:
    intent = await shop.intent()
    assert (await shop.authorize(intent, "tok_lapses")).status_code == 200
    for _ in range(2):
        assert problem(await shop.capture(intent, key="c")) == (409, "authorization_lapsed")
    assert problem(await shop.capture(intent, key="d")) == (409, "not_authorized")
    assert await shop.status(intent) == "cancelled"
    assert await shop.moved(intent) == [("authorize", 1999), ("void", 1999)]


async def test_the_first_answer_is_slow(shop: Shop) -> None:
    intent = await shop.intent()
    started = time.monotonic()
    assert (await shop.authorize(intent, "tok_slow", key="a")).json()["status"] == "authorized"
    assert time.monotonic() - started >= 0.2
    for key in ("a", "b"):
        assert (await shop.authorize(intent, "tok_slow", key=key)).status_code == 200
    assert await shop.moved(intent) == [("authorize", 1999)]


async def test_an_error_after_the_charge(shop: Shop) -> None:
    """G4: what is repeated with the same key is charged once."""
    intent = await shop.intent()
    token = "tok_error_after_charge"
    assert problem(await shop.authorize(intent, token, key="a")) == (500, "internal_error")
    assert await shop.status(intent) == "authorized"
    assert (await shop.authorize(intent, token, key="a")).json()["status"] == "authorized"
    assert problem(await shop.capture(intent, key="c")) == (500, "internal_error")
    assert (await shop.capture(intent, key="c")).json()["captured"] == 1999
    assert await shop.moved(intent) == [("authorize", 1999), ("capture", 1999)]


async def test_calls_at_the_same_time_charge_once(shop: Shop) -> None:
    ids = await asyncio.gather(*(shop.intent(reference="order-1") for _ in range(5)))
    intent = ids[0]
    assert ids == [intent] * 5
    await asyncio.gather(*(shop.authorize(intent) for _ in range(5)))
    await asyncio.gather(*(shop.capture(intent) for _ in range(5)))
    assert await shop.moved(intent) == [("authorize", 1999), ("capture", 1999)]
