"""What does not fit together is not acted upon: it goes on a list that staff read and close."""

from dataclasses import replace
from typing import Any

import pytest

from orders.clients.provider import Event, IntentStatus
from services.orders.tests.shop import Answer, Customer, Shop
from shopkit.ids import new_id

LIST = "/discrepancies"


async def listed(staff: Customer, query: str = "") -> list[dict[str, Any]]:
    answer = await staff.get(f"{LIST}{query}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def unknown_payment(shop: Shop, event_id: str = "e1") -> str:
    """The provider tells of a payment that is not ours; its id there."""
    intent = await shop.bank.intent(f"o:{new_id()}:1", amount=1000, currency="USD")
    assert (await shop.webhook(event_id, intent.id)).status_code == 204
    return intent.id


async def close(staff: Customer, found: dict[str, Any], **body: Any) -> Answer:
    return await staff.post(f"{LIST}/{found['id']}/close", body or None)


async def test_g6_a_payment_of_no_order_is_listed_once(shop: Shop) -> None:
    staff = shop.staff()
    assert await listed(staff) == []
    intent_id = await unknown_payment(shop)
    await shop.webhook("e1", intent_id)
    await shop.webhook("e2", intent_id)
    (found,) = await listed(staff)
    assert (found["kind"], found["subject"]) == ("unknown_payment", f"sandbox:{intent_id}")
    assert (found["order_id"], found["closed_at"], found["closed_by"]) == (None, None, None)
    assert "intent.changed" in found["detail"]


async def test_g6_an_attempt_that_an_order_has_not_made_is_listed(shop: Shop) -> None:
    staff = shop.staff()
    _, order = await shop.placed((shop.catalog.add(price=1000), 1))
    before = await shop.stored(order["id"])
    intent = await shop.bank.intent(f"o:{order['id']}:7", amount=1000, currency="USD")
    await shop.webhook("e1", intent.id)
    (found,) = await listed(staff)
    assert (found["kind"], found["order_id"]) == ("unknown_payment", order["id"])
    assert await shop.stored(order["id"]) == before


async def test_a_second_capture_is_listed_and_not_applied(shop: Shop) -> None:
    """The table has room for one: the provider's webhook must not fail for ever."""
    ada = shop.buyer(shop.catalog.add(price=1000))
    payment = {"payment": {"method": "sandbox", "token": "action"}}
    order_id = (await ada.order(payment)).json()["id"]
    assert (await ada.pay(order_id, "ok")).status_code == 200
    first = shop.intent(order_id)
    shop.bank.change(first.id, status=IntentStatus.CAPTURED, captured=1000)
    before = await shop.stored(order_id)
    assert (await shop.webhook("e1", first.id)).status_code == 204
    (found,) = await listed(shop.staff())
    assert (found["kind"], found["order_id"]) == ("paid_twice", order_id)
    assert await shop.stored(order_id) == before


@pytest.mark.parametrize("changed", [{"amount": 999}, {"currency": "EUR"}])
async def test_g6_another_amount_or_currency_is_not_applied(
    shop: Shop, changed: dict[str, Any]
) -> None:
    staff, tea = shop.staff(), shop.catalog.add(price=1000)
    eve = shop.buyer(tea)
    answer = await eve.order({"payment": {"method": "sandbox", "token": "action"}})
    order_id = answer.json()["id"]
    told = replace(shop.intent(order_id), status=IntentStatus.AUTHORIZED, **changed)
    shop.bank.telling = lambda event: replace(event, intent=told)
    await shop.webhook("e1", told.id)
    (found,) = await listed(staff)
    assert (found["kind"], found["order_id"]) == ("payment_amount", order_id)
    assert (await shop.stored(order_id)).payment_status == "unpaid"


async def test_g6_more_than_was_asked_for_is_not_applied(shop: Shop) -> None:
    _, order = await shop.placed((shop.catalog.add(price=1000), 1))
    before = await shop.stored(order["id"])
    told = replace(shop.intent(order["id"]), captured=1001)
    shop.bank.telling = lambda event: replace(event, intent=told)
    assert (await shop.webhook("e1", told.id)).status_code == 204
    (found,) = await listed(shop.staff())
    assert (found["kind"], found["order_id"]) == ("payment_amount", order["id"])
    assert await shop.stored(order["id"]) == before


async def test_g6_what_happened_in_test_mode_is_not_applied(shop: Shop) -> None:
    staff = shop.staff()
    _, order = await shop.placed((shop.catalog.add(), 1))
    before = await shop.stored(order["id"])
    told = replace(shop.intent(order["id"]), status=IntentStatus.CANCELLED)
    shop.bank.telling = lambda event: Event(event.id, event.type, told, not shop.bank.live)
    await shop.webhook("e1", told.id)
    assert [found["kind"] for found in await listed(staff)] == ["payment_mode"]
    assert await shop.stored(order["id"]) == before


async def test_staff_close_it_and_it_comes_back_should_it_still_be_so(shop: Shop) -> None:
    staff, other = shop.staff(), shop.staff()
    intent_id = await unknown_payment(shop)
    (found,) = await listed(staff)
    shop.clock.advance(hours=1)
    staff = shop.user("payments:read", "payments:write", id=staff.cart_owner)
    answer = await close(staff, found, note="Refunded at the provider's")
    assert answer.status_code == 200, answer.text
    closed = answer.json()
    assert closed["closed_at"] > closed["found_at"]
    assert (closed["closed_by"], closed["note"]) == (
        *(staff.cart_owner, "Refunded at the provider's"),
    )
    assert (await close(other, found, note="Me too")).json() == closed, "again: as it is"
    assert await listed(staff) == []
    assert await listed(staff, "?state=any") == [closed]
    await shop.webhook("e2", intent_id)
    (again,) = await listed(staff)
    assert (again["subject"], again["id"] != found["id"]) == (found["subject"], True)
    assert [one["id"] for one in await listed(staff, "?state=any")] == [again["id"], found["id"]]


async def test_the_list_comes_in_pages_newest_first(shop: Shop) -> None:
    staff = shop.staff()
    subjects = [f"sandbox:{await unknown_payment(shop, f'e{n}')}" for n in range(5)]
    seen, cursor = [], ""
    for _ in range(3):
        page = (await staff.get(f"{LIST}?limit=2{cursor}")).json()
        seen += [found["subject"] for found in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert (seen, page["next_cursor"]) == (subjects[::-1], None)
    other_list = (await staff.get(f"{LIST}?limit=2")).json()["next_cursor"]
    answer = await staff.get(f"{LIST}?state=any&cursor={other_list}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")
    for bad in ("limit=0", "limit=101", "state=closed", "what=1"):
        assert (await staff.get(f"{LIST}?{bad}")).status_code == 422


async def test_b4_only_staff_with_the_scope_read_and_close(shop: Shop) -> None:
    await unknown_payment(shop)
    (found,) = await listed(shop.staff("payments:read"))
    for visitor in (shop.user(), shop.staff("orders:read", "orders:write", "refunds:write")):
        for answer in (await visitor.get(LIST), await close(visitor, found)):
            assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    reader = shop.staff("payments:read")
    assert (await close(reader, found)).status_code == 403
    assert (await shop.guest().get(LIST)).status_code == 401
    assert (await close(shop.guest(), found)).status_code == 401
    for body in ({"note": 1}, {"closed_by": new_id()}):
        assert (await close(shop.staff(), found, **body)).status_code == 422
    unknown = await close(shop.staff(), {"id": new_id()})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    assert len(await listed(reader)) == 1
