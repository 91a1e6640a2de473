"""History and the staff's list, and who may see what."""

import pytest

from services.orders.tests.shop import Customer, Shop
from shopkit.ids import new_id


async def place(shop: Shop, customer: Customer, count: int) -> list[str]:
    ids = []
    for _ in range(count):
        shop.fill(customer, (shop.catalog.add(), 1))
        ids.append((await customer.order()).json()["id"])
    return ids


@pytest.mark.parametrize("options", [{"most_unpaid": 0}])
async def test_history_is_newest_first_and_pages_survive_new_orders(shop: Shop) -> None:
    ada = shop.user()
    placed = await place(shop, ada, 5)
    first = (await ada.get("/history?limit=2&count=true")).json()
    assert [order["id"] for order in first["items"]] == [placed[4], placed[3]]
    assert first["total"] == 5
    await place(shop, ada, 1)
    second = (await ada.get(f"/history?limit=2&cursor={first['next_cursor']}")).json()
    third = (await ada.get(f"/history?limit=2&cursor={second['next_cursor']}")).json()
    assert [order["id"] for order in second["items"] + third["items"]] == placed[2::-1]
    assert third["next_cursor"] is None
    assert "total" not in second
    read = (await ada.get(f"/{placed[2]}")).json()
    assert second["items"][0] == read, "an order is the same wherever it is read"


async def test_b1_orders_of_others_do_not_exist(shop: Shop) -> None:
    ada, mallory = shop.user(), shop.user()
    (order_id,) = await place(shop, ada, 1)
    refused, unknown = await mallory.get(f"/{order_id}"), await mallory.get(f"/{new_id()}")
    assert (refused.status_code, unknown.status_code) == (404, 404)
    assert refused.json()["code"] == unknown.json()["code"] == "not_found"
    assert refused.json()["detail"] == unknown.json()["detail"]
    assert (await mallory.get("/history")).json()["items"] == []


async def test_b1_a_guests_order_needs_the_guests_token(shop: Shop) -> None:
    guest, other = shop.guest(), shop.guest()
    (order_id,) = await place(shop, guest, 1)
    assert (await guest.get(f"/{order_id}")).status_code == 200
    assert (await other.get(f"/{order_id}")).status_code == 404
    assert (await shop.user().get(f"/{order_id}")).status_code == 404
    assert (await shop.http.get(f"/api/orders/{order_id}")).status_code == 401


async def test_staff_see_everybodys(shop: Shop) -> None:
    staff = shop.user("orders:read")
    ids = await place(shop, shop.user(), 2) + await place(shop, shop.guest(), 1)
    page = (await staff.get("?count=true")).json()
    assert [order["id"] for order in page["items"]] == ids[::-1]
    assert page["total"] == 3
    assert (await staff.get(f"/{ids[0]}")).status_code == 200


async def test_b4_the_list_needs_the_scope(shop: Shop) -> None:
    answer = await shop.user("products:write").get("")
    assert (answer.status_code, answer.json()["required_scope"]) == (403, "orders:read")
    assert (await shop.http.get("/api/orders")).status_code == 401
    assert (await shop.http.get("/api/orders/history")).status_code == 401
    assert (await shop.guest().get("/history")).status_code == 401


async def test_lists_filter_by_status(shop: Shop) -> None:
    ada = shop.user("orders:read")
    kept, cancelled = await place(shop, ada, 2)
    await ada.cancel(cancelled)
    for path in ("", "/history"):
        page = (await ada.get(f"{path}?status=cancelled&count=true")).json()
        assert ([order["id"] for order in page["items"]], page["total"]) == ([cancelled], 1)
        page = (await ada.get(f"{path}?status=confirmed")).json()
        assert [order["id"] for order in page["items"]] == [kept]
    assert (await ada.get("/history?status=failed")).status_code == 422


async def test_staff_find_an_order_by_its_number(shop: Shop) -> None:
    staff, ada = shop.user("orders:read"), shop.user()
    kept, cancelled = await place(shop, ada, 2)
    await ada.cancel(cancelled)
    shop.fill(ada, (shop.catalog.add(stock=0), 1))
    assert (await ada.order()).status_code == 409
    for order in await shop.all_stored():
        page = (await staff.get(f"?number={order.number.lower()}&count=true")).json()
        assert ([found["id"] for found in page["items"]], page["total"]) == ([order.id], 1)
    number = (await shop.stored(kept)).number
    for query in (f"{number}&status=cancelled", "00000000"):
        assert (await staff.get(f"?number={query}")).json()["items"] == []
    assert (await ada.get(f"?number={number}")).status_code == 403
    assert (await ada.get(f"/history?number={number}")).status_code == 422


@pytest.mark.parametrize("number", ["", "7KQ2M9X", "7KQ2M9XD7", "7KQ2M9XU", "7KQ2M9X%00"])
async def test_c8_what_cannot_be_a_number_is_refused(shop: Shop, number: str) -> None:
    assert (await shop.user("orders:read").get(f"?number={number}")).status_code == 422


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=-1", "limit=1e2", "status=paid", "page=2", "count=1"]
)
async def test_c8_lists_refuse_what_they_do_not_know(shop: Shop, query: str) -> None:
    for path in ("", "/history"):
        assert (await shop.user("orders:read").get(f"{path}?{query}")).status_code == 422


async def test_c8_a_cursor_fits_its_own_list_only(shop: Shop) -> None:
    ada, bob = shop.user("orders:read"), shop.user()
    await place(shop, ada, 3)
    cursor = (await ada.get("/history?limit=1")).json()["next_cursor"]
    for customer, path in ((bob, "/history"), (ada, ""), (ada, "/history?status=pending")):
        answer = await customer.get(f"{path}{'&' if '?' in path else '?'}cursor={cursor}")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


KNOWN = "01a20464-8bdc-7000-bbd8-7bb14596889e"  # the same in every process that collects


@pytest.mark.parametrize("id", ["1", "history%20", KNOWN.upper(), f"{KNOWN}%0a", "١"])
async def test_c9_an_id_that_cannot_be_is_not_found(shop: Shop, id: str) -> None:
    assert (await shop.user().get(f"/{id}")).status_code == 404
