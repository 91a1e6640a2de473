"""Every write of staff lands in the audit log, once; and nothing else does."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from orders.main import build
from orders.settings import OrdersSettings
from services.orders.tests.shop import Answer, Customer, Shop
from services.orders.tests.test_discrepancies import unknown_payment
from services.orders.tests.test_payments import pending
from shopkit.audit_checks import check_append_only, entries_of, writes

LOG = "/api/audit/orders"
Done = tuple[Customer, Answer, str, str, Any, Any]
"""Who did it and the answer; and action, object, before and after of the entry that is to be
there; of the papers, by kind, only how many were changed."""
CONFIRMED = {"step": "CONFIRMED", "status": "confirmed"}


async def fulfill(shop: Shop) -> Done:
    (_, order), staff = await shop.placed((shop.catalog.add(), 2)), shop.staff()
    answer = await staff.post(f"/{order['id']}/fulfillments", key="k")
    before = {"status": "confirmed", "fulfillment_status": "unfulfilled", "fulfillments": 0}
    after = {"status": "completed", "fulfillment_status": "fulfilled", "fulfillments": 1}
    return staff, answer, "order.fulfill", order["id"], before, after


async def deliver(shop: Shop) -> Done:
    _, order, staff = await shop.shipped((shop.catalog.add(), 1))
    path = f"/{order['id']}/fulfillments/{order['fulfillments'][0]['id']}/deliver"
    before = {"fulfillment_status": "fulfilled", "fulfillments": 1}
    after = {"fulfillment_status": "delivered", "fulfillments": 1}
    return staff, await staff.post(path), "order.deliver", order["id"], before, after


async def cancel(shop: Shop) -> Done:
    (_, order), staff = await shop.placed((shop.catalog.add(), 1)), shop.staff()
    answer = await staff.cancel(order["id"], {"reason": "Ada asked by phone", "restock": False})
    before = {**CONFIRMED, "restock": True, "refunds": 0}
    after = {"step": "CANCELLING", "status": "cancelled", "restock": False, "refunds": 1}
    return staff, answer, "order.cancel", order["id"], before, after


async def pay(shop: Shop) -> Done:
    (_, order_id), staff = await pending(shop), shop.staff()
    answer = await staff.pay(order_id, "ok")
    return staff, answer, "order.pay", order_id, {"payments": 0}, {"payments": 1}


async def mark_paid(shop: Shop) -> Done:
    (_, order), staff = await shop.placed((shop.catalog.add(), 1), token=None), shop.staff()
    answer = await staff.post(f"/{order['id']}/mark-paid", {"reference": "IBAN …"}, key="k")
    before, after = {"payment_status": "unpaid"}, {"payment_status": "paid"}
    papers = {"payments": 0}, {"payments": 1}
    return staff, answer, "order.mark_paid", order["id"], before | papers[0], after | papers[1]


async def refund(shop: Shop) -> Done:
    (_, order), staff = await shop.placed((shop.catalog.add(price=1000), 1)), shop.staff()
    body = {"amount": {"amount": 300, "currency": "USD"}, "reason": "Ada was cross"}
    answer = await staff.post(f"/{order['id']}/refunds", body, key="k")
    return staff, answer, "order.refund", order["id"], {"refunds": 0}, {"refunds": 1}


async def request_return(shop: Shop) -> Done:
    _, order, staff = await shop.shipped((shop.catalog.add(), 1))
    answer = await staff.post(f"/{order['id']}/returns", {"reason": "Too small"}, key="k")
    return staff, answer, "order.request_return", order["id"], {"returns": 0}, {"returns": 1}


async def asked(shop: Shop) -> tuple[Customer, str, str]:
    ada, order, staff = await shop.shipped((shop.catalog.add(), 1))
    paper = (await ada.post(f"/{order['id']}/returns")).json()["returns"][0]
    return staff, order["id"], f"/{order['id']}/returns/{paper['id']}"


async def receive_return(shop: Shop) -> Done:
    staff, order_id, path = await asked(shop)
    answer = await staff.post(f"{path}/receive", key="k")
    before = {"fulfillment_status": "fulfilled", "refunds": 0, "returns": 1}
    after = {"fulfillment_status": "returned", "refunds": 1, "returns": 1}
    return staff, answer, "order.receive_return", order_id, before, after


async def reject_return(shop: Shop) -> Done:
    staff, order_id, path = await asked(shop)
    answer = await staff.post(f"{path}/reject", {"reason": "Worn"})
    return staff, answer, "order.reject_return", order_id, {"returns": 1}, {"returns": 1}


async def close(shop: Shop) -> Done:
    await unknown_payment(shop)
    staff = shop.staff()
    found = (await shop.discrepancies())[0]["id"]
    answer = await staff.post(f"/discrepancies/{found}/close", {"note": "It was Ada's"})
    return staff, answer, "discrepancy.close", found, {"state": "open"}, {"state": "closed"}


ACTIONS: dict[str, Callable[[Shop], Awaitable[Done]]] = {
    "POST /api/orders/{order_id}/fulfillments": fulfill,
    "POST /api/orders/{order_id}/fulfillments/{fulfillment_id}/deliver": deliver,
    "POST /api/orders/{order_id}/cancel": cancel,
    "POST /api/orders/{order_id}/payment": pay,
    "POST /api/orders/{order_id}/mark-paid": mark_paid,
    "POST /api/orders/{order_id}/refunds": refund,
    "POST /api/orders/{order_id}/returns": request_return,
    "POST /api/orders/{order_id}/returns/{return_id}/receive": receive_return,
    "POST /api/orders/{order_id}/returns/{return_id}/reject": reject_return,
    "POST /api/orders/discrepancies/{discrepancy_id}/close": close,
}
NEVER_BY_STAFF = {
    "POST /api/orders": "It is for one's own cart.",
    "POST /api/addresses": "One's own, as the three below.",
    "PUT /api/addresses/{address_id}": "",
    "PATCH /api/addresses/{address_id}": "",
    "DELETE /api/addresses/{address_id}": "",
}


def counted(values: dict[str, Any]) -> dict[str, Any]:
    return {name: len(v) if isinstance(v, dict) else v for name, v in values.items()}


def auditor(shop: Shop) -> str:
    return shop.tokens.user(scopes=["audit:read"])


@pytest.mark.parametrize("route", ACTIONS)
async def test_every_write_of_staff_has_its_entry(shop: Shop, route: str) -> None:
    staff, answer, action, object_id, before, after = await ACTIONS[route](shop)
    assert answer.is_success, answer.text
    await shop.settle()
    (entry,) = await entries_of(shop.http, LOG, auditor(shop), answer)
    assert (entry["action"], entry["actor"]) == (action, {"id": staff.cart_owner})
    assert entry["object"] == {"type": action.partition(".")[0], "id": object_id}
    assert (counted(entry["before"]), counted(entry["after"])) == (before, after)
    assert entry["request_id"] == answer.headers["x-request-id"]
    words = ("Ada", "IBAN", "Too small", "Worn", "example.com")
    assert not [word for word in words if word in str(entry)], "what anybody wrote stays outside"
    await check_append_only(shop.context.it.database)


def test_no_write_of_staff_is_forgotten(settings: OrdersSettings) -> None:
    """Whoever adds one adds it to ACTIONS, with the entry that it leaves; also what customers do,
    where staff may do it for them."""
    found = writes(
        build(settings, providers={}).public, "staff", "user", "maybe_user", "maybe_person"
    )
    assert found == ACTIONS.keys() | NEVER_BY_STAFF.keys()


async def test_the_papers_are_in_the_entry(shop: Shop) -> None:
    _, answer, *_ = await refund(shop)
    (entry,) = await entries_of(shop.http, LOG, auditor(shop), answer)
    (paper,) = answer.json()["refunds"]
    shown = {"status": "pending", "amount": 300, "shipping": 0, "items": []}
    assert entry["after"] == {"refunds": {paper["id"]: shown}}


async def test_repeats_failures_and_what_changes_nothing_leave_none(shop: Shop) -> None:
    _, order, staff = await shop.shipped((shop.catalog.add(price=1000), 1))
    path, body = f"/{order['id']}/refunds", {"amount": {"amount": 300, "currency": "USD"}}
    delivery = f"/{order['id']}/fulfillments/{order['fulfillments'][0]['id']}/deliver"
    answers = [
        await staff.post(path, body, key="k"),
        await staff.post(path, body, key="k"),
        await staff.post(path, {"amount": {"amount": 9000, "currency": "USD"}}),
        await staff.cancel(order["id"]),
        await staff.post(delivery),
        await staff.post(delivery),
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 409, 409, 200, 200]
    left = [len(await entries_of(shop.http, LOG, auditor(shop), answer)) for answer in answers]
    assert left == [1, 0, 0, 0, 1, 0]


async def test_what_customers_and_the_shop_do_leaves_none(shop: Shop) -> None:
    """Also a customer who is one of the staff, with an order of their own."""
    clerk = shop.staff()
    shop.fill(clerk, (shop.catalog.add(), 1))
    order = (await clerk.order()).json()
    assert (await clerk.cancel(order["id"])).status_code == 200
    ada, order = await shop.placed((shop.catalog.add(), 1))
    assert (await ada.cancel(order["id"])).status_code == 200
    await shop.settle()
    await unknown_payment(shop)
    await shop.reconcile()
    found = await shop.http.get(LOG, headers={"Authorization": auditor(shop)})
    assert found.json()["items"] == []


@pytest.mark.parametrize("options", [{"capture_at": "shipment"}])
async def test_what_is_collected_to_send_an_order_is_an_action_of_its_own(shop: Shop) -> None:
    (_, order), staff = await shop.placed((shop.catalog.add(), 1)), shop.staff()
    answer = await staff.post(f"/{order['id']}/fulfillments")
    sent, collected = await entries_of(shop.http, LOG, auditor(shop), answer)
    assert [entry["action"] for entry in (sent, collected)] == ["order.fulfill", "order.capture"]
    assert (collected["before"], collected["after"]) == (
        {"step": "CONFIRMED"},
        {"step": "CAPTURING"},
    )


async def test_giving_up_an_order_that_waits_has_its_entry(shop: Shop) -> None:
    (_, order_id), staff = await pending(shop), shop.staff()
    answer = await staff.cancel(order_id)
    await shop.settle()
    (entry,) = await entries_of(shop.http, LOG, auditor(shop), answer)
    assert (entry["action"], entry["after"]) == ("order.cancel", {"step": "COMPENSATING"})


async def test_b4_only_who_has_the_scope_reads_it(shop: Shop) -> None:
    assert (await shop.http.get(LOG)).status_code == 401
    assert (await shop.http.get(LOG, headers=shop.staff().headers)).status_code == 403
