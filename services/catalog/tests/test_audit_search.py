"""How the log is searched: the same in every service that has one."""

from typing import Any

import pytest

from shopkit.ids import new_id

from .conftest import STAFF, Shop

pytestmark = pytest.mark.anyio
LOG = "/api/audit/catalog"


async def search(shop: Shop, **query: Any) -> Any:
    headers = {"Authorization": shop.tokens.user(scopes=["audit:read"])}
    return await shop.guest.get(LOG, params=query, headers=headers)


async def found(shop: Shop, **query: Any) -> list[tuple[str, str]]:
    answer = await search(shop, **query)
    assert answer.status_code == 200, answer.text
    return [(entry["action"], entry["object"]["id"]) for entry in answer.json()["items"]]


@pytest.mark.parametrize("scopes", [[], STAFF, ["audit:write"]])
async def test_b4_only_who_has_the_scope_reads_it(shop: Shop, scopes: list[str]) -> None:
    assert (await shop.guest.get(LOG)).status_code == 401
    headers = {"Authorization": shop.tokens.user(scopes=scopes)}
    answer = await shop.guest.get(LOG, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert "audit:read" in answer.json()["detail"]


async def test_filters(shop: Shop) -> None:
    tea = (await shop.product())["id"]
    start = shop.clock.now()
    shop.clock.advance(minutes=1)
    other, request = new_id(), {"X-Request-ID": "req-12345678"}
    shop.staff_headers["Authorization"] = shop.tokens.user(id=other, scopes=STAFF)
    later = shop.clock.now()
    answer = await shop.staff("PATCH", f"/api/products/{tea}", json={"name": "X"}, headers=request)
    assert answer.status_code == 200
    cup = (await shop.product())["id"]
    made, changed, cups = ("product.create", tea), ("product.update", tea), ("product.create", cup)
    assert await found(shop) == [cups, changed, made], "newest first"
    assert await found(shop, object=tea) == [changed, made]
    assert await found(shop, actor=other) == [cups, changed]
    assert await found(shop, action="product.create") == [cups, made]
    assert await found(shop, request_id="req-12345678") == [changed]
    assert await found(shop, **{"from": later.isoformat()}) == [cups, changed], "the moment too"
    assert await found(shop, to=later.isoformat()) == [made], "not the moment itself"
    both = {"from": start.isoformat().replace("+00:00", "Z"), "to": "2999-01-01T00:00:00+01:00"}
    assert await found(shop, action="product.create", **both) == [cups, made]
    assert await found(shop, object=new_id()) == []


async def test_pages_neither_repeat_nor_leave_out(shop: Shop) -> None:
    """Also when entries of the same moment are parted, and others come in between."""
    made = [(await shop.product())["id"] for _ in range(5)]
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = (await search(shop, **query)).json()
        seen += [entry["object"]["id"] for entry in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
        await shop.product()
    assert seen == made[::-1]


async def test_c8_a_cursor_fits_its_own_search_only(shop: Shop) -> None:
    for _ in range(2):
        await shop.product()
    cursor = (await search(shop, limit=1)).json()["next_cursor"]
    forged = ("A" if cursor[0] != "A" else "B") + cursor[1:]
    for query in ({"cursor": forged}, {"cursor": ""}, {"cursor": cursor, "actor": new_id()}):
        answer = await search(shop, limit=1, **query)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor"), query


@pytest.mark.parametrize(
    "query",
    [
        {"from": "yesterday"},
        {"from": "2026-01-31"},
        {"from": "2026-01-31T12:00:00"},
        {"to": "2026-02-30T12:00:00Z"},
        {"to": "0001-01-01T00:00:00+12:00"},
        {"actor": "a\0b"},
        {"object": "x" * 65},
        {"limit": 0},
        {"since": "2026-01-31T12:00:00Z"},
    ],
)
async def test_what_is_not_valid_is_refused(shop: Shop, query: dict[str, Any]) -> None:
    answer = await search(shop, **query)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")
    assert answer.json()["errors"][0]["pointer"] == f"?{next(iter(query))}"
