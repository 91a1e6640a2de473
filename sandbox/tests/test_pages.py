"""The page of a customer who has to confirm."""

from urllib.parse import urlsplit

import pytest

from sandbox.tests.conftest import Shop
from shopkit.ids import new_id


async def waiting(shop: Shop, token: str = "tok_action_required") -> str:
    intent = await shop.intent(reference="order <1>")
    answer = (await shop.authorize(intent, token)).json()
    assert answer["status"] == "requires_action"
    assert answer["next_action"]["type"] == "redirect"
    assert answer["next_action"]["url"] == f"http://127.0.0.1:8090/pay/{intent}"
    return urlsplit(answer["next_action"]["url"]).path


@pytest.mark.parametrize(
    ("action", "status", "decline", "moved"),
    [
        ("confirm", "authorized", None, [("authorize", 1999)]),
        ("refuse", "created", "authentication_failed", []),
    ],
)
async def test_the_customer_decides_once(
    shop: Shop, action: str, status: str, decline: str | None, moved: list[tuple[str, int]]
) -> None:
    path = await waiting(shop)
    page = await shop.http.get(path)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.text.count("<button") == 2
    assert "sandbox" in page.text
    assert "19.99 USD" in page.text
    assert "order &lt;1&gt;" in page.text
    for decision in (action, action, "confirm", "refuse"):
        answer = await shop.http.post(path, data={"action": decision})
        assert answer.status_code == 303
        shown = await shop.http.get(str(answer.url.join(answer.headers["location"])))
        assert shown.status_code == 200
        assert "<button" not in shown.text
    intent = await shop.get(f"intents/{path.rpartition('/')[2]}")
    assert (intent["status"], intent["decline"]) == (status, decline)
    assert intent["next_action"] is None
    assert await shop.moved(intent["id"]) == moved


async def test_a_page_needs_nothing_from_outside(shop: Shop) -> None:
    page = (await shop.http.get(await waiting(shop))).text
    for word in ("http://", "https://", "<script", "src=", "href="):
        assert word not in page


async def test_what_cannot_be_a_decision_changes_nothing(shop: Shop) -> None:
    path = await waiting(shop)
    for data in ({}, {"action": "pay"}, {"action": ["confirm", "refuse"]}):
        assert (await shop.http.post(path, data=data)).status_code in (415, 422)
    assert (await shop.http.post(path, json={"action": "confirm"})).status_code == 415
    assert (await shop.http.get(f"/pay/{new_id()}")).status_code == 404
    assert await shop.status(path.rpartition("/")[2]) == "requires_action"


async def test_another_means_may_be_tried_instead(shop: Shop) -> None:
    intent = (await waiting(shop)).rpartition("/")[2]
    answer = (await shop.authorize(intent)).json()
    assert (answer["status"], answer["next_action"]) == ("authorized", None)


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [(5, "USD", "0.05 USD"), (500, "JPY", "500 JPY"), (1, "KWD", "0.001 KWD")],
)
async def test_amounts_are_readable(shop: Shop, amount: int, currency: str, shown: str) -> None:
    intent = await shop.intent(amount, currency)
    assert shown in (await shop.http.get(f"/pay/{intent}")).text
