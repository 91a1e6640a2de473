"""A10: carts of tokens that are void before they expire."""

from services.cart.tests.conftest import Shop
from shopkit.ids import new_id


async def test_a10_a_cart_is_closed_to_a_token_whose_session_is_over(shop: Shop) -> None:
    session, product = new_id(), shop.catalog.add()
    ada = shop.user(session_id=session)
    again = shop.user(ada.id, version=1)
    assert (await ada.add(product)).status_code == 201
    shop.auth.end_session(session)
    shop.auth.void_tokens(ada.id, 1)
    await shop.service.public.state.verifier._revocations.catch_up()
    for answer in (await ada.add(product), await ada.send("GET")):
        assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")
    assert await again.quantities() == {product: 1}


async def test_a10_customers_never_wait_for_auth(shop: Shop) -> None:
    ada, product = shop.user(), shop.catalog.add()
    shop.auth.down = True
    assert (await ada.add(product)).status_code == 201
    assert await ada.quantities() == {product: 1}
