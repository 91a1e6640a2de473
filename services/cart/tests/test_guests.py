"""Guests: who has the token has the cart, and nobody else."""

import re

from sqlalchemy import Connection, select, text

from cart.models import carts
from services.cart.tests.conftest import Shop, Shopper
from shopkit.ids import new_id

UNKNOWN = "A" * 43
MALFORMED = ["", "x", "A" * 42, "A" * 44, "A" * 42 + "=", "A" * 42 + "\t", "A" * 5000, "ä" * 43]


def owners(conn: Connection) -> list[str]:
    return list(conn.execute(select(carts.c.owner).order_by(carts.c.id)).scalars())


async def test_the_first_write_answers_a_token_that_opens_the_cart(shop: Shop) -> None:
    guest, product = shop.guest(), shop.catalog.add()
    first = await guest.add(product, 2)
    assert first.status_code == 201
    assert re.fullmatch("[A-Za-z0-9_-]{43}", first.headers["x-cart-token"])
    second = await guest.add(product)
    assert "x-cart-token" not in second.headers
    assert await guest.quantities() == {product: 3}
    assert len(await shop.database.read(owners)) == 1


async def test_only_a_keyed_hash_of_the_token_is_stored(shop: Shop) -> None:
    guest = shop.guest()
    await guest.add(shop.catalog.add(), Idempotency_Key="k")
    await guest.add(shop.catalog.add(), Idempotency_Key="l")

    def everything(conn: Connection) -> str:
        tables = ("carts", "cart_lines", "cart_merges", "claims", "idempotency_keys")
        return str([conn.execute(text(f"SELECT * FROM {name}")).all() for name in tables])

    assert guest.token not in await shop.database.read(everything)
    [owner] = await shop.database.read(owners)
    assert re.fullmatch("guest:[0-9a-f]{64}", owner)


async def test_guests_do_not_share(shop: Shop) -> None:
    one, two, product = shop.guest(), shop.guest(), shop.catalog.add()
    await one.add(product, 2)
    await two.add(product, 3)
    assert one.token != two.token
    assert (await one.quantities(), await two.quantities()) == ({product: 2}, {product: 3})


async def test_with_both_the_bearer_s_cart_counts(shop: Shop) -> None:
    guest, ada = shop.guest(), shop.user()
    mine, theirs = shop.catalog.add(), shop.catalog.add()
    await guest.add(theirs)
    both = Shopper(shop.http, {**ada.headers, "x-cart-token": guest.token})
    answer = await both.add(mine)
    assert "x-cart-token" not in answer.headers
    assert await both.quantities() == await ada.quantities() == {mine: 1}
    assert await guest.quantities() == {theirs: 1}


async def test_an_unknown_token_reads_as_empty_and_is_replaced_by_a_write(shop: Shop) -> None:
    guest, product = Shopper(shop.http, {"x-cart-token": UNKNOWN}), shop.catalog.add()
    assert (await guest.cart())["id"] is None
    assert (await guest.set(product, 1)).status_code == 404
    answer = await guest.add(product)
    assert answer.headers["x-cart-token"] == guest.token != UNKNOWN
    assert await guest.quantities() == {product: 1}
    assert (await Shopper(shop.http, {"x-cart-token": UNKNOWN}).cart())["items"] == []


async def test_b1_a_malformed_token_is_refused(shop: Shop) -> None:
    product = shop.catalog.add()
    calls = (("GET", ""), ("POST", ""), ("DELETE", ""), ("DELETE", f"/{product}"))
    for token in MALFORMED:
        headers = {b"x-cart-token": token.encode("latin-1")}
        for method, path in calls:
            body = {"product_id": product} if method == "POST" else None
            url = f"/api/cart{path}"
            answer = await shop.http.request(method, url, json=body, headers=headers)
            assert answer.status_code == 422, token
            assert answer.json()["errors"][0]["pointer"] == "header:X-Cart-Token"


async def test_b1_two_tokens_are_refused(shop: Shop) -> None:
    headers = [("x-cart-token", UNKNOWN), ("x-cart-token", "B" * 43)]
    assert (await shop.http.get("/api/cart", headers=headers)).status_code == 422


async def test_b1_ids_hashes_and_near_misses_open_nothing(shop: Shop) -> None:
    guest = shop.guest()
    cart = (await guest.add(shop.catalog.add())).json()
    [owner] = await shop.database.read(owners)
    flipped = ("B" if guest.token[0] != "B" else "C") + guest.token[1:]
    guesses = [
        owner.removeprefix("guest:")[:43],
        (cart["id"] * 2)[:43],
        flipped,
        guest.token.swapcase(),
    ]
    for guess in guesses:
        answer = await Shopper(shop.http, {"x-cart-token": guess}).cart()
        assert answer["id"] is None
        merged = await shop.user().merge(guess)
        assert (merged.json()["items"], merged.json()["report"]) == ([], [])
    assert (await guest.cart())["id"] == cart["id"]


async def test_b2_a_cart_s_id_opens_no_cart(shop: Shop) -> None:
    ada, product = shop.user(), shop.catalog.add()
    cart = (await ada.add(product)).json()
    eve = shop.user()
    assert (await eve.set(product, 5)).status_code == 404
    assert (await eve.remove(product)).status_code == 404
    assert (await eve.remove(cart["id"])).status_code == 404
    assert await ada.quantities() == {product: 1}


async def test_a_bad_bearer_token_is_401_even_with_a_cart_token(shop: Shop) -> None:
    guest = shop.guest()
    await guest.add(shop.catalog.add())
    guest.headers["authorization"] = "Bearer nonsense"
    assert (await guest.send("GET")).status_code == 401


async def test_a_service_token_is_no_user(shop: Shop) -> None:
    headers = {"authorization": shop.tokens.service("orders")}
    assert (await shop.http.get("/api/cart", headers=headers)).status_code == 401


async def test_internal_calls_are_for_orders_only(shop: Shop) -> None:
    path, body = f"/internal/claims/{new_id()}", {"user_id": new_id()}
    assert (await shop.internal.put(path, json=body)).status_code == 401
    headers = {"authorization": shop.tokens.user()}
    assert (await shop.internal.put(path, json=body, headers=headers)).status_code == 401
    assert (await shop.call("PUT", path, body, caller="cart")).status_code == 403
    assert (await shop.http.put(path, json=body)).status_code == 404
