"""ETags, If-Match, If-None-Match and Idempotency-Key."""

import pytest

from services.cart.tests.conftest import Shop


async def test_an_unchanged_cart_is_304(shop: Shop) -> None:
    ada = shop.user()
    written = await ada.add(shop.catalog.add())
    tag = written.headers["etag"]
    answer = await ada.send("GET", If_None_Match=tag)
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)


async def test_the_tag_covers_prices_stock_and_warnings(shop: Shop) -> None:
    ada, product = shop.user(), shop.catalog.add()
    seen = {(await ada.add(product)).headers["etag"]}
    for change in ({"amount": 1}, {"available": 3}, {"name": "New"}, {"active": False}):
        shop.catalog.change(product, **change)
        for tag in seen:
            answer = await ada.send("GET", If_None_Match=tag)
            assert answer.status_code == 200
        assert answer.headers["etag"] not in seen
        seen.add(answer.headers["etag"])


async def test_an_empty_cart_has_a_tag(shop: Shop) -> None:
    tag = (await shop.guest().send("GET")).headers["etag"]
    assert (await shop.guest().send("GET", If_None_Match=tag)).status_code == 304
    guest, product = shop.guest(), shop.catalog.add()
    assert (await guest.add(product, If_Match=tag)).status_code == 201
    assert (await guest.add(product, If_Match=tag)).status_code == 412


@pytest.mark.parametrize("method", ["add", "set", "remove", "clear"])
async def test_a_stale_if_match_is_412(shop: Shop, method: str) -> None:
    ada, product = shop.user(), shop.catalog.add()
    stale = (await ada.add(product)).headers["etag"]
    fresh = (await ada.add(product)).headers["etag"]

    async def write(tag: str) -> int:
        headers = {"If_Match": tag}
        if method == "add":
            return (await ada.add(product, **headers)).status_code
        if method == "set":
            return (await ada.set(product, 5, **headers)).status_code
        if method == "remove":
            return (await ada.remove(product, **headers)).status_code
        return (await ada.send("DELETE", **headers)).status_code

    before = await ada.cart()
    for tag in (stale, '"nonsense"', '"none.0.x"', '"*"', '"x,*,y"'):
        assert await write(tag) == 412
    for unquoted in ("", "none.0.x", fresh.strip('"'), f"{fresh}, x"):
        assert await write(unquoted) == 422
    assert await ada.cart() == before
    assert await write(f"{stale}, W/{fresh}") in (200, 201)


async def test_if_match_does_not_mind_prices(shop: Shop) -> None:
    ada, product = shop.user(), shop.catalog.add()
    tag = (await ada.add(product)).headers["etag"]
    shop.catalog.change(product, amount=5)
    assert (await ada.set(product, 2, If_Match=tag)).status_code == 200
    assert (await ada.set(product, 3, If_Match="*")).status_code == 200


async def test_if_match_of_the_cart_before_the_last_order_is_412(shop: Shop) -> None:
    ada, product, order = shop.user(), shop.catalog.add(), "0192f0a0-0000-7000-8000-00000000000a"
    tag = (await ada.add(product)).headers["etag"]
    await shop.claim(order, ada)
    await shop.consume(order)
    await ada.add(product)
    assert (await ada.set(product, 2, If_Match=tag)).status_code == 412


async def test_a_key_makes_one_addition(shop: Shop) -> None:
    ada, product = shop.user(), shop.catalog.add(available=5)
    first = await ada.add(product, 3, Idempotency_Key="k1")
    again = await ada.add(product, 3, Idempotency_Key="k1")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["etag"] == first.headers["etag"]
    assert await ada.quantities() == {product: 3}
    other = await ada.add(product, 1, Idempotency_Key="k1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_key_answers_the_same_after_the_product_or_the_cart_went(shop: Shop) -> None:
    ada, product = shop.user(), shop.catalog.add()
    first = await ada.add(product, Idempotency_Key="k1")
    await shop.claim("0192f0a0-0000-7000-8000-00000000000b", ada)
    shop.catalog.remove(product)
    assert (await ada.add(product, Idempotency_Key="k1")).content == first.content


async def test_a_refusal_is_not_kept_for_a_key(shop: Shop) -> None:
    ada, product = shop.user(), shop.catalog.add(available=0)
    assert (await ada.add(product, Idempotency_Key="k")).status_code == 409
    shop.catalog.change(product, available=1)
    assert (await ada.add(product, Idempotency_Key="k")).status_code == 201


async def test_keys_belong_to_their_owner(shop: Shop) -> None:
    product = shop.catalog.add()
    first, second = shop.guest(), shop.guest()
    for guest in (first, second):
        await guest.add(product, Idempotency_Key="same")
        await guest.add(product, Idempotency_Key="same")
    assert first.token != second.token
    assert await first.quantities() == await second.quantities() == {product: 2}
    assert (await first.add(product, Idempotency_Key="same")).headers["idempotent-replayed"]


async def test_a_bad_key_is_400(shop: Shop) -> None:
    answer = await shop.user().add(shop.catalog.add(), Idempotency_Key="x" * 256)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key")
