"""Prices that staff schedule: they begin and end once each, whoever is killed, and go back."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from catalog.schedule import bring_up_to_date
from catalog.worker import Timekeeper
from shopkit.ids import new_id

from .conftest import Shop
from .test_prices import history, patch, usd

pytestmark = pytest.mark.anyio


def at(shop: Shop, **later: float) -> str:
    return (shop.clock.now() + timedelta(**later)).isoformat()


async def schedule(shop: Shop, product: dict[str, Any], amount: int, **body: Any) -> Any:
    sent = {"price": usd(amount), **body}
    return await shop.staff("POST", f"/api/products/{product['id']}/price-changes", json=sent)


async def sale(
    shop: Shop, product: dict[str, Any], amount: int, begin: float, end: float, **body: Any
) -> Any:
    """From an hour until another."""
    times = {"starts_at": at(shop, hours=begin), "ends_at": at(shop, hours=end)}
    return await schedule(shop, product, amount, **times, **body)


async def pass_time(shop: Shop, **time: float) -> int:
    shop.clock.advance(**time)
    return await Timekeeper(shop.database, shop.clock).drain()


async def prices(shop: Shop, product: dict[str, Any]) -> tuple[int, int | None, int | None]:
    """The price, the compare-at price and the lowest before."""
    found = (await shop.guest.get(f"/api/products/{product['id']}")).json()
    compare_at, lowest = found["compare_at_price"], found["lowest_price_30d"]
    return (
        found["price"]["amount"],
        compare_at and compare_at["amount"],
        lowest and lowest["amount"],
    )


async def statuses(shop: Shop, product: dict[str, Any]) -> list[str]:
    page = await shop.staff("GET", f"/api/products/{product['id']}/price-changes")
    return [one["status"] for one in page.json()["items"]]


async def test_a_sale_begins_and_ends_by_itself(shop: Shop) -> None:
    tea = await shop.product(price=usd(2000))
    made = await sale(shop, tea, 1500, 1, 3, compare_at_price=usd(2000))
    assert made.status_code == 201
    change = made.json()
    assert (change["status"], change["product_id"]) == ("scheduled", tea["id"])
    found = await shop.staff("GET", made.headers["Location"])
    assert (found.json(), found.headers["ETag"]) == (change, made.headers["ETag"])
    assert await pass_time(shop, minutes=59) == 0
    assert await prices(shop, tea) == (2000, None, None)
    assert await pass_time(shop, minutes=1) == 1
    assert await prices(shop, tea) == (1500, 2000, 2000)
    assert (await statuses(shop, tea), await pass_time(shop, hours=1)) == (["active"], 0)
    assert await pass_time(shop, hours=1) == 1
    assert await prices(shop, tea) == (2000, None, None)
    assert await statuses(shop, tea) == ["over"]
    assert await pass_time(shop, days=9) == 0
    found = [(one["price"]["amount"], one["change_id"]) for one in await history(shop, tea)]
    assert found == [(2000, change["id"]), (1500, change["id"]), (2000, None)]


async def test_a_price_without_an_end_stays(shop: Shop) -> None:
    tea = await shop.product(price=usd(2000), compare_at_price=usd(2500))
    await schedule(shop, tea, 2200, starts_at=at(shop, hours=1))
    await pass_time(shop, hours=1)
    assert await prices(shop, tea) == (2200, 2500, None)
    assert await statuses(shop, tea) == ["over"]
    assert await pass_time(shop, days=99) == 0


async def test_a_sale_from_now_on_begins_at_once(shop: Shop) -> None:
    tea = await shop.product(price=usd(2000))
    made = await schedule(shop, tea, 1500, ends_at=at(shop, hours=1))
    assert made.json()["status"] == "active"
    assert await prices(shop, tea) == (1500, None, 2000)


async def test_carts_and_checkout_see_the_price_of_today(shop: Shop) -> None:
    tea = await shop.product(price=usd(2000), stock=9)
    await sale(shop, tea, 1500, 1, 3)
    await pass_time(shop, hours=1)
    body = {"ids": [tea["id"]]}
    answer = await shop.orders("POST", "/internal/products/lookup", json=body)
    assert answer.json()["items"][0]["price"] == usd(1500)
    refused = await shop.reserve((tea, 1))
    assert (refused.status_code, refused.json()["code"]) == (409, "price_changed")
    (item,) = refused.json()["items"]
    assert (item["old"], item["new"]) == (usd(2000), usd(1500))


async def test_what_staff_set_during_a_sale_stays_after_it(shop: Shop) -> None:
    a, b, c = [await shop.product(price=usd(2000)) for _ in range(3)]
    for one in (a, b, c):
        await sale(shop, one, 1500, 1, 3, compare_at_price=usd(2000))
    await pass_time(shop, hours=1)
    await patch(shop, a, price=usd(1800))
    await patch(shop, b, compare_at_price=usd(1900))
    await patch(shop, c, name="Other")
    await pass_time(shop, hours=2)
    assert [(await prices(shop, one))[:2] for one in (a, b, c)] == [
        (1800, None),
        (2000, 1900),
        (2000, None),
    ]


async def test_a_sale_whose_time_went_by_while_we_slept_never_was(shop: Shop) -> None:
    tea = await shop.product(price=usd(2000))
    await sale(shop, tea, 1000, 1, 2)
    await sale(shop, tea, 1500, 2, 9)
    await schedule(shop, tea, 2100, starts_at=at(shop, hours=9))
    assert await pass_time(shop, hours=5) == 1
    assert await prices(shop, tea) == (1500, None, 2000)
    assert await statuses(shop, tea) == ["scheduled", "active", "skipped"]
    await pass_time(shop, days=5)
    assert (await prices(shop, tea))[0] == 2100
    amounts = [one["price"]["amount"] for one in await history(shop, tea)]
    assert amounts == [2100, 2000, 1500, 2000]


async def test_one_sale_may_follow_another_without_a_gap(shop: Shop) -> None:
    tea = await shop.product(price=usd(2000))
    await sale(shop, tea, 1500, 3, 4)
    assert (await sale(shop, tea, 1400, 4, 5)).status_code == 201
    for hours, amount in ((3, 1500), (1, 1400), (1, 2000)):
        await pass_time(shop, hours=hours)
        assert (await prices(shop, tea))[0] == amount


async def test_two_at_a_time_are_refused(shop: Shop) -> None:
    tea, other = await shop.product(price=usd(2000)), await shop.product(price=usd(2000))
    first = (await sale(shop, tea, 1500, 2, 5)).json()
    for begin, end in ((1, 3), (3, 4), (4, 9), (1, 9), (2, 5), (2, None), (3, None)):
        times = {"starts_at": at(shop, hours=begin)}
        times |= {} if end is None else {"ends_at": at(shop, hours=end)}
        refused = await schedule(shop, tea, 1000, **times)
        assert (refused.status_code, refused.json()["code"]) == (409, "price_change_overlaps")
        assert refused.json()["item"]["id"] == first["id"]
    assert (await sale(shop, other, 1500, 2, 5)).status_code == 201
    assert (await schedule(shop, tea, 1000, starts_at=at(shop, hours=5))).status_code == 201
    assert (await sale(shop, tea, 1000, 1, 2)).status_code == 201
    at_once = [sale(shop, tea, 900, 10, 11) for _ in range(8)]
    answers = await asyncio.gather(*at_once)
    assert sorted(one.status_code for one in answers) == [201] + 7 * [409]


async def test_what_makes_no_sense_is_refused(shop: Shop) -> None:
    tea = await shop.product(price=usd(2000))
    for pointer, body in (
        ("/starts_at", {"starts_at": at(shop, seconds=-1)}),
        ("/starts_at", {"starts_at": "2030-01-01"}),
        ("/ends_at", {"starts_at": at(shop, hours=2), "ends_at": at(shop, hours=2)}),
        ("/ends_at", {"ends_at": at(shop, hours=-2)}),
        ("/price/currency", {"price": {"amount": 1, "currency": "EUR"}}),
        ("/compare_at_price/currency", {"compare_at_price": {"amount": 1, "currency": "EUR"}}),
        ("/compare_at_price", {"compare_at_price": None}),
        ("/price/amount", {"price": usd(-1)}),
        ("/status", {"status": "active"}),
    ):
        refused = await schedule(shop, tea, 1000, **body)
        assert refused.status_code == 422, body
        assert refused.json()["errors"][0]["pointer"] == pointer
    missing = {"id": new_id()}
    assert (await schedule(shop, missing, 1000)).status_code == 404
    reader = {"Authorization": shop.tokens.user(scopes=["products:read"])}
    path = f"/api/products/{tea['id']}/price-changes"
    refused = await shop.guest.post(path, headers=reader, json={"price": usd(1)})
    assert refused.json()["required_scope"] == "products:write"


async def test_a_key_schedules_once(shop: Shop) -> None:
    tea, key = await shop.product(price=usd(2000)), {"Idempotency-Key": "sale"}
    path = f"/api/products/{tea['id']}/price-changes"
    body = {"price": usd(1500), "starts_at": at(shop, hours=1)}
    first, again = [await shop.staff("POST", path, json=body, headers=key) for _ in range(2)]
    assert again.json() == first.json() and again.status_code == 201
    assert await statuses(shop, tea) == ["scheduled"]


async def test_what_is_cancelled_never_begins_and_what_has_begun_ends(shop: Shop) -> None:
    tea = await shop.product(price=usd(2000))
    later = (await sale(shop, tea, 1000, 5, 9)).headers["Location"]
    now = (await sale(shop, tea, 1500, 1, 3)).headers["Location"]
    await pass_time(shop, hours=1)
    assert (await prices(shop, tea))[0] == 1500
    for path in (now, later):
        assert (await shop.staff("DELETE", path)).status_code == 204
        again = await shop.staff("DELETE", path)
        assert (again.status_code, again.json()["code"]) == (409, "price_change_over")
    assert (await prices(shop, tea))[0] == 2000
    assert await statuses(shop, tea) == ["over", "cancelled"]
    assert await pass_time(shop, days=1) == 0
    other = await shop.product()
    strange = later.replace(tea["id"], other["id"])
    assert (await shop.staff("GET", strange)).status_code == 404
    assert (await shop.staff("DELETE", strange)).status_code == 404


async def test_what_no_longer_fits_the_product_is_skipped(shop: Shop) -> None:
    gone, yen = await shop.product(price=usd(2000)), await shop.product(price=usd(2000))
    for one in (gone, yen):
        await sale(shop, one, 1500, 1, 3)
    await shop.staff("DELETE", f"/api/products/{gone['id']}")
    await patch(shop, yen, price={"amount": 300, "currency": "JPY"})
    assert await pass_time(shop, hours=1) == 2
    assert (await prices(shop, yen))[0] == 300
    rows = await shop.query("SELECT status, due_at FROM price_changes")
    assert rows == [("skipped", None), ("skipped", None)]


async def test_several_copies_begin_and_end_it_once(shop: Shop) -> None:
    products = [await shop.product(price=usd(2000)) for _ in range(10)]
    for one in products:
        await sale(shop, one, 1500, 1, 3)
    for amounts in ([1500, 2000], [2000, 1500, 2000]):
        shop.clock.advance(hours=2)
        await asyncio.gather(*(Timekeeper(shop.database, shop.clock).drain() for _ in range(4)))
        for one in products:
            found = [past["price"]["amount"] for past in await history(shop, one)]
            assert found == amounts
    assert {(await prices(shop, one))[0] for one in products} == {2000}
    system = "SELECT count(*) FROM audit_log WHERE actor = 'system' AND action = 'product.update'"
    assert await shop.query(system) == [(20,)]


async def test_killed_in_the_middle_it_is_done_once_afterwards(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    tea = await shop.product(price=usd(2000))
    await sale(shop, tea, 1500, 1, 3)

    def kill(*_: Any, **__: Any) -> None:
        raise RuntimeError("killed")

    for amount in (1500, 2000):
        shop.clock.advance(hours=2)
        before, due = await prices(shop, tea), {"product_id": tea["id"], "now": shop.clock.now()}
        with monkeypatch.context() as patched:  # the price is written, but not that it was
            patched.setattr("catalog.repository.price_changes.move", kill)
            with pytest.raises(RuntimeError, match="killed"):
                await shop.database.run(bring_up_to_date, **due)
        assert await prices(shop, tea) == before
        assert await Timekeeper(shop.database, shop.clock).drain() == 1
        assert (await prices(shop, tea))[0] == amount
    assert [one["price"]["amount"] for one in await history(shop, tea)] == [2000, 1500, 2000]


async def test_edits_and_the_worker_at_once_lose_nothing(shop: Shop) -> None:
    tea = await shop.product(price=usd(2000))
    await sale(shop, tea, 1500, 1, 3)
    for _ in range(2):
        shop.clock.advance(hours=2)
        edits = [patch(shop, tea, attributes={f"n{n}": n}) for n in range(8)]
        await asyncio.gather(Timekeeper(shop.database, shop.clock).drain(), *edits)
    shown = (await shop.guest.get(f"/api/products/{tea['id']}")).json()
    assert shown["price"] == usd(2000) and len(shown["attributes"]) == 8
    assert len(await history(shop, tea)) == 3


async def test_drafts_become_active_and_active_archived_at_their_time(shop: Shop) -> None:
    tea = await shop.product(
        publish_at=at(shop, hours=1), archive_at=at(shop, hours=2), price=usd(2000)
    )
    assert tea["status"] == "draft"
    assert datetime.fromisoformat(tea["publish_at"]) == shop.clock.now() + timedelta(hours=1)
    path = f"/api/products/{tea['id']}"
    assert (await shop.guest.get(path)).status_code == 404 and await shop.listed() == []
    assert await pass_time(shop, minutes=59) == 0
    assert (await shop.guest.get(path)).status_code == 404
    assert await pass_time(shop, minutes=1) == 1
    shown = (await shop.guest.get(path)).json()
    assert (shown["status"], shown["publish_at"], shown["version"]) == ("active", None, 2)
    assert [one["id"] for one in await shop.listed()] == [tea["id"]]
    assert await pass_time(shop, hours=1) == 1
    assert (await shop.guest.get(path)).status_code == 404
    found = (await shop.staff("GET", path)).json()
    assert (found["status"], found["archive_at"]) == ("archived", None)
    assert await pass_time(shop, days=1) == 0


async def test_what_slept_through_both_is_archived(shop: Shop) -> None:
    tea = await shop.product(publish_at=at(shop, hours=1), archive_at=at(shop, hours=2))
    await sale(shop, tea, 500, 1, 9)
    assert await pass_time(shop, hours=3) == 1
    found = (await shop.staff("GET", f"/api/products/{tea['id']}")).json()
    assert (found["status"], found["price"], found["version"]) == ("archived", usd(500), 3)


async def test_a_price_that_comes_with_the_publication_is_no_reduction(shop: Shop) -> None:
    tea = await shop.product(price=usd(2000), publish_at=at(shop, hours=1))
    await schedule(shop, tea, 1500, starts_at=at(shop, hours=1))
    await pass_time(shop, hours=1)
    assert await prices(shop, tea) == (1500, None, None)


async def test_times_must_fit_the_status_and_go_with_it(shop: Shop) -> None:
    soon, later = at(shop, hours=1), at(shop, hours=2)
    tea = await shop.product(archive_at=later)
    path = f"/api/products/{tea['id']}"
    for pointer, body in (
        ("/publish_at", {"publish_at": soon}),
        ("/archive_at", {"status": "archived", "archive_at": soon}),
        ("/archive_at", {"status": "draft", "publish_at": later, "archive_at": soon}),
    ):
        refused = await shop.staff("PATCH", path, json=body)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == pointer
    draft = await patch(shop, tea, status="draft", publish_at=soon)
    assert draft["publish_at"] and draft["archive_at"]
    active = await patch(shop, tea, status="active")
    assert (active["publish_at"], bool(active["archive_at"])) == (None, True)
    assert (await patch(shop, tea, status="archived"))["archive_at"] is None
    await patch(shop, tea, status="draft", publish_at=soon)
    assert (await patch(shop, tea, publish_at=None))["status"] == "draft"
    await patch(shop, tea, publish_at=soon)
    whole = {"sku": tea["sku"], "name": "Tea", "price": usd(1), "status": "draft"}
    assert (await shop.staff("PUT", path, json=whole)).json()["publish_at"] is None
    await patch(shop, tea, publish_at=soon, archive_at=later)
    assert (await shop.staff("DELETE", path)).status_code == 204
    assert await pass_time(shop, days=1) == 0
