"""Synonyms: staff edit them, searches know them."""

from typing import Any

import pytest

from catalog import synonyms

from .conftest import Shop

pytestmark = pytest.mark.anyio
PATH = "/api/search/synonyms"
SOFAS = {"terms": ["sofa", "Couch", "love seat"]}


async def made(shop: Shop, *terms: str) -> dict[str, Any]:
    answer = await shop.staff("POST", PATH, json={"terms": list(terms)})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def found(shop: Shop, q: str) -> list[str]:
    return [one["name"] for one in await shop.listed(q=q)]


async def test_they_are_made_read_changed_and_deleted(shop: Shop) -> None:
    key = {"Idempotency-Key": "once"}
    first = await shop.staff("POST", PATH, json=SOFAS, headers=key)
    again = await shop.staff("POST", PATH, json=SOFAS, headers=key)
    assert (first.status_code, first.headers["etag"]) == (201, '"1"')
    assert again.json() == first.json() and again.headers["idempotent-replayed"] == "true"
    place = first.headers["location"]
    assert (await shop.staff("GET", place)).json() == first.json()
    unchanged = await shop.staff("GET", place, headers={"If-None-Match": '"1"'})
    assert unchanged.status_code == 304
    changed = await shop.staff(
        "PUT", place, json={"terms": ["a", "b"]}, headers={"If-Match": '"1"'}
    )
    assert (changed.json()["terms"], changed.headers["etag"]) == (["a", "b"], '"2"')
    for method, body in (("PUT", SOFAS), ("DELETE", None)):
        stale = await shop.staff(method, place, json=body, headers={"If-Match": '"1"'})
        assert stale.status_code == 412
    assert (await shop.staff("DELETE", place)).status_code == 204
    for method, body in (("GET", None), ("PUT", SOFAS), ("DELETE", None)):
        assert (await shop.staff(method, place, json=body)).status_code == 404


async def test_they_are_listed_page_by_page(shop: Shop) -> None:
    ids = [(await made(shop, f"a{n}", f"b{n}"))["id"] for n in range(3)]
    page = (await shop.staff("GET", f"{PATH}?limit=2")).json()
    rest = await shop.staff("GET", f"{PATH}?limit=2&cursor={page['next_cursor']}")
    assert [one["id"] for one in page["items"] + rest.json()["items"]] == ids[::-1]
    assert rest.json()["next_cursor"] is None


@pytest.mark.parametrize(
    "terms",
    [
        ["alone"],
        ["same", "Sáme"],
        ["t-shirt", "t shirt"],
        ["sofa", "one two three four"],
        ["sofa", "★"],
        ["sofa", " "],
        ["sofa", "a" * 61],
        [f"term{n}" for n in range(13)],
        ["sofa", 1],
    ],
)
async def test_what_is_no_group_of_terms_is_refused(shop: Shop, terms: list[Any]) -> None:
    answer = await shop.staff("POST", PATH, json={"terms": terms})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")


async def test_there_may_be_only_so_many(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synonyms, "MAX_GROUPS", 1)
    await made(shop, "sofa", "couch")
    answer = await shop.staff("POST", PATH, json={"terms": ["bike", "bicycle"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_synonyms")


async def test_searches_follow_them(shop: Shop) -> None:
    for name in ("Grey sofas", "Love seat, grey", "Seat for those who love"):
        await shop.product(name=name)
    assert await found(shop, "couch") == []
    group = await made(shop, "sofa", "couch", "love seat")
    await shop.learn()
    everything = ["Love seat, grey", "Grey sofas", "Seat for those who love"]
    for q in ("couch", "COUCHES", "sofa", "love seat", "love seats"):
        assert sorted(await found(shop, q)) == sorted(everything), q
    assert await found(shop, "grey couch") == ["Grey sofas", "Love seat, grey"]
    assert await found(shop, "couch gre") == ["Love seat, grey", "Grey sofas"]
    assert await found(shop, "love") == ["Seat for those who love", "Love seat, grey"]
    assert await found(shop, "cou") == []
    await shop.staff("PUT", f"{PATH}/{group['id']}", json={"terms": ["divan", "couch"]})
    await shop.learn()
    assert await found(shop, "couch") == [] and len(await found(shop, "sofa")) == 1
    await shop.staff("DELETE", f"{PATH}/{group['id']}")
    await shop.learn()
    assert not shop.lexicon.synonyms


async def test_pages_are_in_one_order_with_synonyms_too(shop: Shop) -> None:
    await made(shop, "tee", "t shirt")
    names = ["t shirt", "tee", "shirt t", "red tee", "t red shirt", "tea", "red t shirt", "shirt"]
    for number, name in enumerate(names * 2):
        details = {"name": "lamp", "description": name} if number % 3 == 0 else {"name": name}
        await shop.product(sku=f"S{number}", **details)
    await shop.learn()
    for q in ("tee", "red tee", "t shirt", "tees red", "red t shirts"):
        whole = [one["sku"] for one in await shop.listed(q=q, limit=100)]
        assert whole
        for limit in (1, 3):
            assert await _paged(shop, q, limit) == whole, q


async def _paged(shop: Shop, q: str, limit: int) -> list[str]:
    skus: list[str] = []
    params: dict[str, Any] = {"q": q, "limit": limit}
    while True:
        page = (await shop.guest.get("/api/products", params=params)).json()
        skus += [one["sku"] for one in page["items"]]
        if page["next_cursor"] is None:
            return skus
        params["cursor"] = page["next_cursor"]


async def test_who_may_edit_and_read_them(shop: Shop) -> None:
    group = await made(shop, "sofa", "couch")
    for token, status in (({}, 401), ({"Authorization": shop.tokens.user(scopes=[])}, 403)):
        for method, path in (("GET", PATH), ("POST", PATH), ("DELETE", f"{PATH}/{group['id']}")):
            body = SOFAS if method == "POST" else None
            answer = await shop.guest.request(method, path, json=body, headers=token)
            assert answer.status_code == status
