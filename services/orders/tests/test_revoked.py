"""A10: who moves money or goods with a token that is void before it expires."""

from typing import Any

import pytest

from services.orders.tests.shop import STAFF, Answer, Customer, Shop
from shopkit.ids import new_id


async def every_staff_write(staff: Customer, order_id: str) -> dict[str, Answer]:
    sent: dict[str, Any] = {
        "/cancel": {"reason": "Mine now"},
        "/mark-paid": None,
        "/refunds": {"amount": {"amount": 1, "currency": "USD"}},
        "/fulfillments": None,
    }
    return {path: await staff.post(f"/{order_id}{path}", body) for path, body in sent.items()}


@pytest.mark.parametrize("how", ["the session ends", "the roles change"])
async def test_a10_staff_move_nothing_from_that_moment(shop: Shop, how: str) -> None:
    tea, session, id = shop.catalog.add(stock=10), new_id(), new_id()
    _, order = await shop.placed((tea, 1))
    token = shop.tokens.user(id=id, scopes=STAFF, session_id=session)
    staff = Customer(shop.http, {"authorization": token}, id)
    assert (await staff.get(f"/{order['id']}")).status_code == 200
    if how == "the session ends":
        shop.auth.end_session(session)
    else:
        shop.auth.void_tokens(id, 1)
    for path, answer in (await every_staff_write(staff, order["id"])).items():
        assert (answer.status_code, answer.json()["code"]) == (401, "token_expired"), path
    shown = (await shop.staff().get(f"/{order['id']}")).json()
    assert (shown["version"], shown["status"]) == (order["version"], "confirmed")


async def test_a10_without_auth_staff_wait_and_customers_buy_and_cancel(shop: Shop) -> None:
    tea = shop.catalog.add(stock=10)
    _, order = await shop.placed((tea, 1))
    shop.auth.down = True
    for path, answer in (await every_staff_write(shop.staff(), order["id"])).items():
        assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable"), path
        assert answer.headers["retry-after"] == "1"
    ada, own = await shop.placed((tea, 1))
    assert (await ada.cancel(own["id"])).status_code == 200
    assert tea.on_hand == 9


async def test_a10_staff_who_cancel_their_own_order_without_restock_are_asked_for(
    shop: Shop,
) -> None:
    tea = shop.catalog.add(stock=10)
    staff = shop.staff()
    shop.fill(staff, (tea, 1))
    order = (await staff.order()).json()
    shop.auth.down = True
    refused = await staff.cancel(order["id"], {"restock": False})
    assert refused.status_code == 503
    assert (await staff.cancel(order["id"])).status_code == 200
