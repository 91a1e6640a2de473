"""A10: staff whose tokens are void before they expire."""

import pytest

from shopkit.ids import new_id

from .conftest import STAFF, Shop

pytestmark = pytest.mark.anyio


async def test_a10_staff_change_nothing_from_the_moment_their_session_ends(shop: Shop) -> None:
    session, product = new_id(), await shop.product()
    shop.staff_headers = {"Authorization": shop.tokens.user(scopes=STAFF, session_id=session)}
    path = f"/api/products/{product['id']}"
    assert (await shop.staff("PATCH", path, json={"name": "Seen"})).status_code == 200
    shop.auth.end_session(session)
    for method, at, body in (
        ("PATCH", path, {"name": "Unseen"}),
        ("PUT", f"{path}/stock", {"on_hand": 5}),
        ("DELETE", path, None),
        ("POST", "/api/categories", {"name": "Lamps", "parent_id": None}),
    ):
        answer = await shop.staff(method, at, json=body)
        assert (answer.status_code, answer.json()["code"]) == (401, "token_expired"), at
    shop.staff_headers = {"Authorization": shop.tokens.user(scopes=STAFF)}
    assert (await shop.staff("GET", path)).json()["name"] == "Seen"


async def test_a10_without_auth_staff_read_and_what_they_change_waits(shop: Shop) -> None:
    product = await shop.product()
    shop.auth.down = True
    path = f"/api/products/{product['id']}"
    waits = await shop.staff("PATCH", path, json={"name": "Late"})
    assert (waits.status_code, waits.json()["code"]) == (503, "service_unavailable")
    assert waits.headers["retry-after"] == "1"
    shown = await shop.staff("GET", path)
    assert (shown.status_code, shown.json()["name"]) == (200, product["name"])
    assert (await shop.guest.get("/api/products")).status_code == 200
    shop.auth.down = False
    assert (await shop.staff("PATCH", path, json={"name": "Late"})).status_code == 200
