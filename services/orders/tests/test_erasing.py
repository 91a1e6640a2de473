"""What becomes of the orders of who has deleted the account."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from orders import erasing
from orders.erasing import erase
from orders.models import erasure, metadata, outbox
from services.orders.tests.shop import Customer, Shop
from services.orders.tests.test_addresses import ADDRESS, add
from shopkit import erasure as kit
from shopkit.erasure import Eraser, Left
from shopkit.errors import Unavailable

PERSON = ("ada@example.com", "Ada", "Street 1", "Berlin", "Please ring", "TRACK-1", "too small")
BODY = {"shipping_address": ADDRESS, "note": "Please ring twice"}


@pytest.fixture(autouse=True)
def _nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's own eraser would come in between on a slow machine."""
    monkeypatch.setattr("shopkit.erasure.EVERY_SECONDS", 3600)


def eraser(shop: Shop, erase: Any = erase) -> Eraser:
    """Another process, which knows nothing but the database."""
    return Eraser(shop.context.it.database, erasure, shop.auth.client, erase, shop.clock)


async def stored(shop: Shop) -> str:
    """All that the database has, but for mails that wait: they are gone once they are sent."""

    def dump(conn: Any) -> str:
        tables = [table for table in metadata.sorted_tables if table is not outbox]
        rows = [[*map(str, row)] for table in tables for row in conn.execute(select(table))]
        return json.dumps(rows)

    return await shop.context.it.database.read(dump)


async def left_of(shop: Shop, who: Customer) -> list[str]:
    found = await stored(shop)
    return [text for text in (*PERSON, who.cart_owner) if text in found]


async def notes(shop: Shop) -> list[str]:
    """Whom it still has to look at."""
    rows = select(erasure.erasures.c.user_id)
    return await shop.context.it.database.read(lambda conn: list(conn.execute(rows).scalars()))


async def completed(shop: Shop) -> tuple[Customer, dict[str, Any]]:
    """Everything that an order can have, and an address."""
    ada, staff = shop.user(), shop.staff()
    shop.fill(ada, (shop.catalog.add(price=1000), 2))
    paid = BODY | {"payment": {"method": "sandbox", "token": "ok"}}
    order = (await ada.order(paid, key="k")).json()
    parcel = {"carrier": "Post", "tracking_number": "TRACK-1"}
    await staff.post(f"/{order['id']}/fulfillments", parcel)
    item = {"product_id": order["items"][0]["product_id"], "quantity": 1}
    returned = await ada.post(f"/{order['id']}/returns", {"items": [item], "reason": "too small"})
    await add(ada, idempotency_key="a")
    shop.clock.advance(minutes=2)
    assert returned.status_code == 201, returned.text
    return ada, returned.json()


async def close_return(shop: Shop, order: dict[str, Any]) -> None:
    """As staff do, without what they say to it."""
    path = f"/{order['id']}/returns/{order['returns'][0]['id']}/reject"
    assert (await shop.staff().post(path)).status_code == 200


async def test_what_was_sold_stays_and_whose_it_was_goes(shop: Shop) -> None:
    ada, order = await completed(shop)
    bob, kept = await shop.placed((shop.catalog.add(), 1))
    await close_return(shop, order)
    before = (await shop.staff().get(f"/{order['id']}")).json()
    shop.auth.delete_user(ada.cart_owner)
    await eraser(shop).work()
    after = (await shop.staff().get(f"/{order['id']}")).json()
    for name in ("number", "status", "items", "total", "payments", "refunds", "placed_at"):
        assert after[name] == before[name]
    assert [entry["event"] for entry in after["timeline"]] == [
        entry["event"] for entry in before["timeline"]
    ]
    assert (after["email"], after["note"], after["shipping_address"]) == ("", None, None)
    assert (after["billing_address"], after["version"]) == (None, before["version"] + 1)
    found = await stored(shop)
    mine = await shop.stored(order["id"])
    assert mine.owner == f"erased:{order['id']}"
    assert f"user:{ada.cart_owner}" not in found
    assert (await ada.get(f"/{order['id']}")).status_code == 404
    assert (await bob.get(f"/{kept['id']}")).json() == kept, "nothing of others"


async def test_nobody_is_written_to_about_an_order_that_is_nobodys(shop: Shop) -> None:
    ada, order = await completed(shop)
    await close_return(shop, order)
    shop.auth.delete_user(ada.cart_owner)
    await eraser(shop).work()
    body = {"amount": {"amount": 300, "currency": "USD"}}
    assert (await shop.staff().post(f"/{order['id']}/refunds", body)).status_code == 201
    await shop.settle()
    [refund] = (await shop.staff().get(f"/{order['id']}")).json()["refunds"]
    assert refund["status"] == "succeeded"
    rows = await shop.context.it.database.read(lambda conn: conn.execute(select(outbox)).all())
    assert {row.payload["to"] for row in rows} == {"ada@example.com"}, "those of before"


async def test_an_order_keeps_what_it_needs_until_it_is_over(shop: Shop) -> None:
    ada, order = await completed(shop)
    shop.fill(ada, (shop.catalog.add(), 1))
    waiting = (await ada.order(BODY)).json()
    shop.clock.advance(minutes=2)
    shop.auth.delete_user(ada.cart_owner)
    await eraser(shop).work()
    for one in (order, waiting):
        address = (await shop.stored(one["id"])).shipping_address
        assert address is not None
        assert address.items() >= ADDRESS.items()
    assert (await shop.staff().post(f"/{waiting['id']}/cancel")).status_code == 200
    await close_return(shop, order)
    await shop.settle()
    shop.clock.advance(hours=1)
    await eraser(shop).work()
    assert {(await shop.stored(one["id"])).email for one in (order, waiting)} == {""}
    shop.clock.advance(hours=2)
    await eraser(shop).work()
    assert await notes(shop) == [], "and then it is done with"


async def test_nothing_of_the_person_is_left_anywhere(shop: Shop) -> None:
    """But for what staff's own repeated requests are answered with, for 30 days."""
    ada, order = await completed(shop)
    await close_return(shop, order)
    assert len(await left_of(shop, ada)) == len(PERSON) + 1
    shop.auth.delete_user(ada.cart_owner)
    await eraser(shop).work()
    shop.clock.advance(hours=2)
    await eraser(shop).work()
    assert await left_of(shop, ada) == []


async def test_what_a_token_still_makes_is_erased_too(shop: Shop) -> None:
    ada = shop.user()
    shop.auth.delete_user(ada.cart_owner)
    await eraser(shop).work()
    await add(ada)
    shop.clock.advance(hours=2)
    await eraser(shop).work()
    assert await left_of(shop, ada) == []


@pytest.mark.parametrize("dies", ["before it is noted", "before it is erased", "in between"])
async def test_whatever_dies_it_is_done_once_it_lives_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    monkeypatch.setattr(erasing, "BATCH", 1)
    ada, first = await completed(shop)
    await close_return(shop, first)
    shop.fill(ada, (shop.catalog.add(stock=0), 1))
    await ada.order(BODY)
    shop.clock.advance(minutes=2)
    shop.auth.delete_user(ada.cart_owner)
    batches = 0

    def dying(conn: Any, owner: str, now: Any) -> Left:
        nonlocal batches
        left = erase(conn, owner, now)
        batches += 1
        if dies == "before it is erased" or batches == 2:
            raise Unavailable
        return left

    if dies == "before it is noted":
        monkeypatch.setattr(kit, "insert_or_ignore", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await eraser(shop).work()
        monkeypatch.undo()
    else:
        with pytest.raises(Unavailable):
            await eraser(shop, dying).work()
    assert await left_of(shop, ada)
    for hours in (0, 2, 2):
        shop.clock.advance(hours=hours)
        await eraser(shop).work()
    assert (await left_of(shop, ada), await notes(shop)) == ([], [])
    versions = [order.version for order in await shop.all_stored()]
    await eraser(shop).work()
    assert [order.version for order in await shop.all_stored()] == versions


async def test_while_auth_is_down_what_is_noted_is_erased(shop: Shop) -> None:
    ada, order = await completed(shop)
    shop.auth.delete_user(ada.cart_owner)
    await eraser(shop).work()
    await close_return(shop, order)
    shop.auth.down = True
    shop.clock.advance(hours=3)
    with pytest.raises(Unavailable):
        await eraser(shop).work()
    assert await left_of(shop, ada) == []


async def test_one_that_cannot_be_erased_holds_up_nobody(shop: Shop) -> None:
    ada, bob = shop.user(), shop.user()
    for one in (ada, bob):
        await add(one)
        shop.auth.delete_user(one.cart_owner)

    def broken(conn: Any, owner: str, now: Any) -> Left:
        if owner.endswith(ada.cart_owner):
            raise ZeroDivisionError
        return erase(conn, owner, now)

    await eraser(shop, broken).work()
    assert f"user:{bob.cart_owner}" not in await stored(shop)
    assert f"user:{ada.cart_owner}" in await stored(shop)
    shop.clock.advance(seconds=timedelta(hours=1).total_seconds())
    await eraser(shop).work()
    assert f"user:{ada.cart_owner}" not in await stored(shop)
