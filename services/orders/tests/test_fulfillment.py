"""Parcels: what is sent, by whom, and what has to be paid before."""

import asyncio
from typing import Any

import pytest

from orders.clients.provider import RefundStatus
from services.orders.tests.shop import Shop
from shopkit.ids import new_id

DHL = {
    "carrier": "DHL",
    "tracking_number": "JJD000390007",
    "tracking_url": "https://example.com/track",
}


def item(product: Any, quantity: int = 1) -> dict[str, object]:
    return {"product_id": product.id, "quantity": quantity}


def events(order: dict[str, Any]) -> list[str]:
    return [entry["event"] for entry in order["timeline"]]


async def test_a_paid_order_is_sent_and_arrives(shop: Shop) -> None:
    tea, cup, staff = shop.catalog.add(), shop.catalog.add(), shop.staff()
    ada, order = await shop.placed((tea, 2), (cup, 1))
    answer = await staff.post(f"/{order['id']}/fulfillments", DHL)
    assert answer.status_code == 201, answer.text
    sent = answer.json()
    assert answer.headers["etag"] == f'"{sent["version"]}"'
    assert sent["version"] == order["version"] + 1
    assert (sent["status"], sent["fulfillment_status"]) == ("completed", "fulfilled")
    (parcel,) = sent["fulfillments"]
    assert {name: parcel[name] for name in DHL} == DHL
    assert (parcel["status"], parcel["delivered_at"]) == ("shipped", None)
    assert parcel["items"] == [item(tea, 2), item(cup, 1)]
    path = f"/{order['id']}/fulfillments/{parcel['id']}/deliver"
    arrived = await staff.post(path)
    assert (arrived.status_code, arrived.json()["fulfillment_status"]) == (200, "delivered")
    assert arrived.json()["fulfillments"][0]["status"] == "delivered"
    assert arrived.json()["fulfillments"][0]["delivered_at"].endswith("Z")
    assert (await staff.post(path)).json() == arrived.json(), "again: as it is"
    assert events(arrived.json())[-2:] == ["fulfilled", "delivered"]
    assert (await ada.get(f"/{order['id']}")).json()["fulfillment_status"] == "delivered"
    await shop.settle()
    await shop.check_invariants()


async def test_who_has_sent_it_is_for_staff_only(shop: Shop) -> None:
    ada, order, staff = await shop.shipped((shop.catalog.add(), 1))
    for seen, by in ((order, staff.cart_owner), ((await ada.get(f"/{order['id']}")).json(), None)):
        last = seen["timeline"][-1]
        assert (last["event"], last["actor"], last["by"]) == ("fulfilled", "staff", by)
    listed = (await ada.get("/history")).json()["items"][0]
    assert listed["timeline"][-1]["by"] is None
    everybodys = (await staff.get("")).json()["items"][0]
    assert everybodys["timeline"][-1]["by"] == staff.cart_owner


async def test_an_order_goes_out_in_parcels(shop: Shop) -> None:
    tea, cup, staff = shop.catalog.add(), shop.catalog.add(), shop.staff()
    _, order = await shop.placed((tea, 3), (cup, 1))
    path = f"/{order['id']}/fulfillments"
    first = (await staff.post(path, {"items": [item(tea), item(tea)]})).json()
    assert (first["status"], first["fulfillment_status"]) == ("confirmed", "partially_fulfilled")
    assert first["fulfillments"][0]["items"] == [item(tea, 2)]
    parcel = first["fulfillments"][0]["id"]
    early = (await staff.post(f"{path}/{parcel}/deliver")).json()
    assert early["fulfillment_status"] == "partially_fulfilled", "not all of it is on its way"
    rest = (await staff.post(path)).json()
    assert rest["fulfillments"][1]["items"] == [item(tea), item(cup)]
    assert (rest["status"], rest["fulfillment_status"]) == ("completed", "fulfilled")
    second = rest["fulfillments"][1]["id"]
    last = (await staff.post(f"{path}/{second}/deliver")).json()
    assert last["fulfillment_status"] == "delivered"
    stored = await shop.stored(order["id"])
    assert [line.fulfilled for line in stored.lines] == [3, 1]
    assert stored.fulfillment_status == "delivered"


async def test_wrong_items_are_all_told_and_nothing_is_sent(shop: Shop) -> None:
    tea, other, staff = shop.catalog.add(), shop.catalog.add(), shop.staff()
    _, order = await shop.placed((tea, 3))
    path = f"/{order['id']}/fulfillments"
    before = await shop.stored(order["id"])
    items = [item(tea, 2), item(other), item(tea, 2)]
    answer = await staff.post(path, {"items": items})
    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [
        ("/items/1/product_id", "not_found"),
        ("/items/2/quantity", "too_many"),
    ]
    bad: list[Any] = [{"items": []}, {"items": [item(tea, 0)]}, {"items": [item(tea, -1)]}, []]
    for body in [*bad, {"tracking_url": "javascript:alert(1)"}, {"status": "shipped"}]:
        assert (await staff.post(path, body)).status_code == 422, body
    assert await shop.stored(order["id"]) == before


async def test_what_was_sent_is_not_sent_again(shop: Shop) -> None:
    tea = shop.catalog.add()
    _, order, staff = await shop.shipped((tea, 1))
    path = f"/{order['id']}/fulfillments"
    again = await staff.post(path)
    assert (again.status_code, again.json()["code"]) == (409, "invalid_state")
    named = await staff.post(path, {"items": [item(tea)]})
    assert (named.status_code, named.json()["errors"][0]["code"]) == (422, "too_many")
    assert (await staff.get(f"/{order['id']}")).json() == order


async def test_b10_what_is_not_paid_is_not_sent(shop: Shop) -> None:
    staff = shop.staff()
    _, order = await shop.placed((shop.catalog.add(), 1), token=None)
    answer = await staff.post(f"/{order['id']}/fulfillments")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_paid")
    assert answer.json()["payment_status"] == "unpaid"
    assert (await shop.stored(order["id"])).fulfillment_status == "unfulfilled"


@pytest.mark.parametrize("options", [{"ship_unpaid": True}])
async def test_with_ship_unpaid_an_invoice_goes_along(shop: Shop) -> None:
    _, order, staff = await shop.shipped((shop.catalog.add(), 1), token=None)
    assert (order["status"], order["payment_status"]) == ("confirmed", "unpaid")
    assert order["fulfillment_status"] == "fulfilled"
    paid = (await staff.post(f"/{order['id']}/mark-paid")).json()
    assert (paid["status"], paid["payment_status"]) == ("completed", "paid")
    assert (await shop.stored(order["id"])).status == "completed"


async def test_b10_what_has_ended_or_not_begun_is_not_sent(shop: Shop) -> None:
    staff = shop.staff()
    ada, cancelled = await shop.placed((shop.catalog.add(), 1))
    await ada.cancel(cancelled["id"])
    eve = shop.buyer(shop.catalog.add())
    waiting = await eve.order({"payment": {"method": "sandbox", "token": "action"}})
    assert (await shop.user().order()).json()["code"] == "cart_empty"
    (failed,) = [order.id for order in await shop.all_stored() if order.status == "failed"]
    states = {cancelled["id"]: "cancelled", waiting.json()["id"]: "pending", failed: "failed"}
    for order_id, status in states.items():
        answer = await staff.post(f"/{order_id}/fulfillments")
        assert (answer.status_code, answer.json()["code"]) == (409, "invalid_state")
        assert answer.json()["order_status"] == status


async def test_b10_what_is_refunded_is_not_sent_and_what_is_in_part_is(shop: Shop) -> None:
    staff = shop.staff()
    tea = shop.catalog.add(price=1000)
    _, order = await shop.placed((tea, 2))
    path = f"/{order['id']}"
    await staff.post(f"{path}/refunds", {"items": [item(tea)]})
    await shop.settle()
    part = await staff.post(f"{path}/fulfillments", {"items": [item(tea)]})
    assert (part.status_code, part.json()["payment_status"]) == (201, "partially_refunded")
    await staff.post(f"{path}/refunds", {"items": [item(tea)]})
    await shop.settle()
    answer = await staff.post(f"{path}/fulfillments")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_paid")
    assert answer.json()["payment_status"] == "refunded"


async def test_b10_what_is_being_refunded_is_not_sent_unless_that_fails(shop: Shop) -> None:
    staff, shop.bank.refund_status = shop.staff(), RefundStatus.PENDING
    _, order = await shop.placed((shop.catalog.add(price=1000), 2))
    path = f"/{order['id']}"
    asked = await staff.post(f"{path}/refunds", {"amount": order["total"]})
    answer = await staff.post(f"{path}/fulfillments")
    assert (answer.status_code, answer.json()["code"]) == (409, "invalid_state")
    shop.bank.failing.add(asked.json()["refunds"][0]["id"])
    await shop.settle()
    assert (await staff.post(f"{path}/fulfillments")).status_code == 201


async def test_b4_only_staff_with_the_scope_send_and_deliver(shop: Shop) -> None:
    tea = shop.catalog.add()
    ada, order = await shop.placed((tea, 2))
    _, _, staff = await shop.shipped((tea, 1))
    parcels = f"/{order['id']}/fulfillments"
    await staff.post(parcels, {"items": [item(tea)]})
    before = await shop.stored(order["id"])
    paths = parcels, f"{parcels}/{before.fulfillments[0].id}/deliver"
    reader, cashier = shop.staff("orders:read"), shop.staff("refunds:write", "payments:write")
    for path in paths:
        for visitor in (ada, shop.user(), reader, cashier):
            answer = await visitor.post(path)
            assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
        for nobody in (shop.guest(), shop.guest()):
            assert (await nobody.post(path)).status_code == 401
        unknown = path.replace(order["id"], new_id())
        assert (await staff.post(unknown)).status_code == 404
    assert await shop.stored(order["id"]) == before


async def test_a_parcel_of_another_order_is_not_found(shop: Shop) -> None:
    tea = shop.catalog.add()
    _, one, staff = await shop.shipped((tea, 1))
    _, other, _ = await shop.shipped((tea, 1))
    for parcel in (other["fulfillments"][0]["id"], new_id()):
        answer = await staff.post(f"/{one['id']}/fulfillments/{parcel}/deliver")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_key_sends_once(shop: Shop) -> None:
    tea, staff = shop.catalog.add(), shop.staff()
    _, order = await shop.placed((tea, 3))
    _, second = await shop.placed((tea, 1))
    path, body = f"/{order['id']}/fulfillments", {"items": [item(tea)]}
    first = await staff.post(path, body, key="k")
    await staff.post(f"/{order['id']}/refunds", {"items": [item(tea)]})
    again = await staff.post(path, body, key="k")
    assert (again.status_code, again.json()) == (201, first.json()), "as it was then"
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert again.headers["etag"] == first.headers["etag"]
    for other_path, other in ((path, {"items": [item(tea, 2)]}), (path, None)):
        refused = await staff.post(other_path, other, key="k")
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    elsewhere = await staff.post(f"/{second['id']}/fulfillments", body, key="k")
    assert elsewhere.status_code == 422, "another order"
    assert (await shop.stored(order["id"])).lines[0].fulfilled == 1
    assert (await shop.staff().post(path, body, key="k")).status_code == 201, "their own key"
    assert (await shop.stored(order["id"])).lines[0].fulfilled == 2


async def test_a_refusal_keeps_no_key(shop: Shop) -> None:
    staff = shop.staff()
    _, order = await shop.placed((shop.catalog.add(), 1), token=None)
    path = f"/{order['id']}"
    assert (await staff.post(f"{path}/fulfillments", key="k")).json()["code"] == "not_paid"
    assert (await staff.post(f"{path}/mark-paid")).status_code == 201
    assert (await staff.post(f"{path}/fulfillments", key="k")).status_code == 201


async def test_e4_twenty_at_once_with_one_key_send_one_parcel(shop: Shop) -> None:
    tea, staff = shop.catalog.add(stock=30), shop.staff()
    _, order = await shop.placed((tea, 30))
    path, body = f"/{order['id']}/fulfillments", {"items": [item(tea)]}
    answers = await asyncio.gather(*(staff.post(path, body, key="k") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert (await shop.stored(order["id"])).lines[0].fulfilled == 1


async def test_twenty_at_once_never_send_more_than_was_bought(shop: Shop) -> None:
    tea, staff = shop.catalog.add(stock=10), shop.staff()
    _, order = await shop.placed((tea, 7))
    path, body = f"/{order['id']}/fulfillments", {"items": [item(tea)]}
    answers = await asyncio.gather(*(staff.post(path, body) for _ in range(20)))
    codes = [answer.status_code for answer in answers]
    assert (codes.count(201), codes.count(422)) == (7, 13)
    stored = await shop.stored(order["id"])
    assert (stored.lines[0].fulfilled, len(stored.fulfillments)) == (7, 7)
    assert stored.status == "completed"
