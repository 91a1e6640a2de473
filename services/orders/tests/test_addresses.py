"""The address book."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from orders.models import addresses
from services.orders.tests.shop import Answer, Customer, Shop
from shopkit.ids import new_id

ADDRESS = {"name": "Ada", "line1": "Street 1", "city": "Berlin", "country": "DE"}
EMPTY = dict.fromkeys(("company", "line2", "region", "postal_code", "phone"))
Defaults = tuple[bool, bool]


async def call(who: Customer, method: str, path: str = "", json: Any = None, **more: str) -> Answer:
    headers = who.headers | {name.replace("_", "-"): value for name, value in more.items()}
    return await who.http.request(method, f"/api/addresses{path}", json=json, headers=headers)


async def add(who: Customer, json: Any = None, **more: str) -> dict[str, Any]:
    answer = await call(who, "POST", json=ADDRESS | (json or {}), **more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def defaults(who: Customer) -> dict[str, Defaults]:
    """Which are, by id."""
    items = (await call(who, "GET", "?limit=100")).json()["items"]
    flags = {one["id"]: (one["default_shipping"], one["default_billing"]) for one in items}
    return {id: both for id, both in flags.items() if any(both)}


async def test_an_address_is_kept_shown_changed_and_deleted(shop: Shop) -> None:
    ada = shop.user()
    made = await call(ada, "POST", json=ADDRESS | {"phone": "+49 30 1"})
    address = made.json()
    path = f"/{address['id']}"
    assert made.headers["location"] == f"/api/addresses{path}"
    assert address.items() >= (ADDRESS | EMPTY | {"phone": "+49 30 1", "version": 1}).items()
    read = await call(ada, "GET", path)
    assert (read.json(), read.headers["etag"]) == (address, made.headers["etag"])
    known = await call(ada, "GET", path, if_none_match=read.headers["etag"])
    assert known.status_code == 304
    patched = await call(ada, "PATCH", path, {"phone": None, "company": "Ada GmbH"})
    shown = {"phone": None, "company": "Ada GmbH", "name": "Ada", "version": 2}
    assert patched.json().items() >= shown.items()
    assert patched.headers["etag"] == '"2"'
    put = await call(ada, "PUT", path, ADDRESS | {"city": "Bonn"})
    assert put.json().items() >= (EMPTY | {"city": "Bonn", "version": 3}).items()
    assert (put.json()["default_shipping"], put.json()["default_billing"]) == (True, True)
    assert (await call(ada, "DELETE", path)).status_code == 204
    assert (await call(ada, "GET", path)).status_code == 404


async def test_who_saw_an_older_one_changes_nothing(shop: Shop) -> None:
    ada = shop.user()
    path = f"/{(await add(ada))['id']}"
    await call(ada, "PATCH", path, {"city": "Bonn"}, if_match='"1"')
    for method, body in (("PATCH", {"city": "Ulm"}), ("PUT", ADDRESS), ("DELETE", None)):
        stale = await call(ada, method, path, body, if_match='"1"')
        assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert (await call(ada, "GET", path)).json()["city"] == "Bonn"


async def test_the_first_is_the_default_and_another_takes_its_place(shop: Shop) -> None:
    ada = shop.user()
    first = await add(ada)
    second = await add(ada)
    assert await defaults(ada) == {first["id"]: (True, True)}
    shop.clock.advance(minutes=1)
    third = await add(ada, {"default_shipping": True})
    assert await defaults(ada) == {first["id"]: (False, True), third["id"]: (True, False)}
    await call(ada, "PATCH", f"/{second['id']}", {"default_billing": True})
    assert await defaults(ada) == {second["id"]: (False, True), third["id"]: (True, False)}
    lost = (await call(ada, "GET", f"/{first['id']}")).json()
    assert lost["version"] == 3, "what it shows has changed twice, and so has its ETag"
    assert lost["updated_at"] > first["updated_at"]
    await call(ada, "DELETE", f"/{third['id']}")
    await call(ada, "PATCH", f"/{second['id']}", {"default_billing": False})
    assert await defaults(ada) == {}, "nothing takes its place unasked"


async def test_a_first_one_can_be_no_default(shop: Shop) -> None:
    ada = shop.user()
    await add(ada, {"default_shipping": False, "default_billing": False})
    assert await defaults(ada) == {}


async def test_b1_addresses_of_others_do_not_exist(shop: Shop) -> None:
    ada, mallory = shop.user(), shop.user("orders:read", "orders:write")
    path, nowhere = f"/{(await add(ada))['id']}", f"/{new_id()}"
    own = await add(mallory)
    for method, body in (("GET", None), ("PUT", ADDRESS), ("PATCH", {}), ("DELETE", None)):
        refused = await call(mallory, method, path, body)
        unknown = await call(mallory, method, nowhere, body)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
        assert refused.json()["detail"] == unknown.json()["detail"]
    listed = (await call(mallory, "GET", "?count=true")).json()
    assert ([one["id"] for one in listed["items"]], listed["total"]) == ([own["id"]], 1)
    assert (await call(ada, "GET", path)).json()["version"] == 1


async def test_guests_have_none(shop: Shop) -> None:
    guest = shop.guest()
    for method, path in (("GET", ""), ("POST", ""), ("GET", f"/{new_id()}")):
        answer = await call(guest, method, path, ADDRESS if method == "POST" else None)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"owner": "user:1"}, "/owner"),
        ({"id": "019a0000-0000-7000-8000-000000000000"}, "/id"),
        ({"version": 7}, "/version"),
        ({"default_shipping": None}, "/default_shipping"),
        ({"default_billing": 1}, "/default_billing"),
        ({"country": "XX"}, "/country"),
        ({"name": None}, "/name"),
        ({"city": "a\nb"}, "/city"),
    ],
)
async def test_b3_an_address_takes_only_what_it_knows(
    shop: Shop, body: dict[str, Any], pointer: str
) -> None:
    ada = shop.user()
    path = f"/{(await add(ada))['id']}"
    for answer in (
        await call(ada, "POST", json=ADDRESS | body),
        await call(ada, "PUT", path, ADDRESS | body),
        await call(ada, "PATCH", path, body),
    ):
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert (await call(ada, "GET", "?count=true")).json()["total"] == 1


async def test_a_list_has_pages_newest_first(shop: Shop) -> None:
    ada = shop.user()
    made = [(await add(ada))["id"] for _ in range(3)]
    first = (await call(ada, "GET", "?limit=2")).json()
    rest = (await call(ada, "GET", f"?limit=2&cursor={first['next_cursor']}")).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == made[::-1]
    assert rest["next_cursor"] is None
    other = await call(shop.user(), "GET", f"?cursor={first['next_cursor']}")
    assert (other.status_code, other.json()["code"]) == (400, "invalid_cursor")


async def test_a_key_makes_one_address_only(shop: Shop) -> None:
    ada = shop.buyer(shop.catalog.add())
    first = await add(ada, idempotency_key="k")
    again = await call(ada, "POST", json=ADDRESS, idempotency_key="k")
    assert (again.json(), again.headers["idempotent-replayed"]) == (first, "true")
    other = await call(ada, "POST", json=ADDRESS | {"city": "Bonn"}, idempotency_key="k")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert (await ada.order(key="k")).json()["code"] == "idempotency_key_reused"
    assert (await ada.order(key="of-an-order")).status_code == 201
    reused = await call(ada, "POST", json=ADDRESS, idempotency_key="of-an-order")
    assert reused.json()["code"] == "idempotency_key_reused"
    assert len((await call(ada, "GET")).json()["items"]) == 1


@pytest.mark.parametrize("options", [{"most_addresses": 3}])
async def test_a_book_is_full_exactly_however_many_add_at_once(shop: Shop) -> None:
    ada = shop.user()
    answers = await asyncio.gather(*(call(ada, "POST", json=ADDRESS) for _ in range(10)))
    assert sorted(one.status_code for one in answers) == [201] * 3 + [409] * 7
    refused = next(one for one in answers if one.status_code == 409)
    assert refused.json()["code"] == "too_many_addresses"
    assert (await call(ada, "GET", "?count=true")).json()["total"] == 3
    assert (await call(shop.user(), "POST", json=ADDRESS)).status_code == 201
    [first, *_] = (await call(ada, "GET")).json()["items"]
    assert (await call(ada, "DELETE", f"/{first['id']}")).status_code == 204
    assert (await call(ada, "POST", json=ADDRESS)).status_code == 201


async def test_one_default_remains_however_many_become_it_at_once(shop: Shop) -> None:
    ada = shop.user()
    made = [(await add(ada))["id"] for _ in range(8)]
    become = {"default_shipping": True, "default_billing": True}
    answers = await asyncio.gather(*(call(ada, "PATCH", f"/{id}", become) for id in made))
    assert {one.status_code for one in answers} == {200}
    assert list((await defaults(ada)).values()) == [(True, True)]


@pytest.mark.parametrize("default", ["default_shipping", "default_billing"])
async def test_two_defaults_are_none_that_the_database_takes(shop: Shop, default: str) -> None:
    now = shop.clock.now()
    rows = [
        {
            "id": new_id(),
            "owner": "user:1",
            "address": ADDRESS,
            "default_shipping": False,
            "default_billing": False,
            "version": 1,
            "created_at": now,
            "updated_at": now,
        }
        | {default: True}
        for _ in range(2)
    ]
    with pytest.raises(IntegrityError):
        await shop.execute(*(insert(addresses).values(row) for row in rows))
