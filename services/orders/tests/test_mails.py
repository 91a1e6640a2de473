"""What customers hear by mail about their orders: once for each thing that happened."""

import asyncio
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from orders.clients.provider import RefundStatus
from orders.models import outbox
from services.orders.tests.shop import Shop, usd
from shopkit.money import written
from shopkit.postman import MAIL

pytestmark = pytest.mark.anyio


@pytest.fixture
def options(tmp_path: Path) -> dict[str, Any]:
    return {
        "mail_url": f"file:{tmp_path}/mail",
        "shop_name": "Tea & Co",
        "storefront_url": "https://shop.example.org",
    }


async def mails(shop: Shop, folder: Path) -> list[EmailMessage]:
    """All so far, oldest first, once everything that is queued is delivered."""
    waiting = select(outbox).where(outbox.c.topic == MAIL)
    shop.context.mail_relay.wake()
    while await shop.context.it.database.read(lambda conn: conn.execute(waiting).all()):
        await asyncio.sleep(0.01)
    files = sorted((folder / "mail").glob("*.eml"))
    return [message_from_bytes(file.read_bytes(), policy=default) for file in files]


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


async def test_an_order_is_confirmed_by_mail_with_all_it_costs(shop: Shop, tmp_path: Path) -> None:
    tea, cup = shop.catalog.add(price=1050), shop.catalog.add(price=9)
    _, order = await shop.placed((tea, 2), (cup, 1), discount=100, shipping=490, tax=300)
    [mail] = await mails(shop, tmp_path)
    assert (mail["to"], mail["subject"]) == ("ada@example.com", f"Your order {order['number']}")
    text = text_of(mail)
    for line in (
        "2 x A thing: 21.00 USD",
        "1 x A thing: 0.09 USD",
        "Subtotal: 21.09 USD",
        "Discount: -1.00 USD",
        "Shipping: 4.90 USD",
        "Tax: 3.00 USD",
        "Total: 27.99 USD",
        f"https://shop.example.org/orders/{order['id']}",
    ):
        assert f"\n{line}\n" in text
    assert "not paid" not in text
    html = text_of(mail, "html")
    for words in ("27.99 USD", "Tea &amp; Co", order["number"], order["id"]):
        assert words in html


async def test_what_is_paid_later_is_said_to_be_unpaid(shop: Shop, tmp_path: Path) -> None:
    await shop.placed((shop.catalog.add(price=1050), 2), token=None)
    [mail] = await mails(shop, tmp_path)
    assert "It is not paid yet:" in text_of(mail)
    assert "Shipping" not in text_of(mail)


async def test_guests_get_mails_with_no_word_of_theirs(shop: Shop, tmp_path: Path) -> None:
    """Whoever orders for somebody else's address must not be able to write to them."""
    guest = shop.guest()
    shop.fill(guest, (shop.catalog.add(), 1))
    evil = "Visit evil.example"
    address = {"name": evil, "line1": evil, "city": evil, "postal_code": "1", "country": "DE"}
    answer = await guest.order({"note": evil, "shipping_address": address})
    assert answer.status_code == 201, answer.text
    [mail] = await mails(shop, tmp_path)
    assert mail["to"] == "gast@example.com"
    assert "evil" not in mail.as_string()


async def test_e4_a_repeated_order_is_told_once(shop: Shop, tmp_path: Path) -> None:
    ada = shop.buyer(shop.catalog.add())
    await asyncio.gather(*(ada.order(key="k") for _ in range(10)))
    await shop.settle()
    assert len(await mails(shop, tmp_path)) == 1


async def test_an_order_that_fails_is_told_to_nobody(shop: Shop, tmp_path: Path) -> None:
    ada = shop.buyer(shop.catalog.add(stock=0))
    assert (await ada.order()).status_code == 409
    await shop.settle()
    assert await mails(shop, tmp_path) == []


async def test_each_parcel_is_told_with_what_is_in_it(shop: Shop, tmp_path: Path) -> None:
    tea = shop.catalog.add()
    (_, order), staff = await shop.placed((tea, 3)), shop.staff()
    parcel = {"items": [{"product_id": tea.id, "quantity": 2}], "carrier": "DHL <b>"}
    parcel |= {"tracking_number": "JJD1", "tracking_url": "https://example.com/?a=1&b=2"}
    for _ in range(2):
        sent = await staff.post(f"/{order['id']}/fulfillments", parcel, key="k")
        assert sent.status_code == 201, sent.text
    await staff.post(f"/{order['id']}/fulfillments", {})
    _, first, second = await mails(shop, tmp_path)
    assert first["subject"] == f"Your order {order['number']} is on its way"
    for words in ("2 x A thing", "Carrier: DHL <b>", "Tracking number: JJD1", "?a=1&b=2"):
        assert words in text_of(first)
    for words in ("DHL &lt;b&gt;", 'href="https://example.com/?a=1&amp;b=2"'):
        assert words in text_of(first, "html")
    assert "1 x A thing" in text_of(second)
    assert "Carrier" not in text_of(second)


async def test_a_refund_is_told_when_it_is_made(shop: Shop, tmp_path: Path) -> None:
    (_, order), staff = await shop.placed((shop.catalog.add(price=1000), 1)), shop.staff()
    shop.bank.refund_status = RefundStatus.PENDING
    body = {"amount": usd(250), "reason": "evil.example"}
    for _ in range(2):
        assert (await staff.post(f"/{order['id']}/refunds", body, key="k")).status_code == 201
    assert len(await mails(shop, tmp_path)) == 1
    shop.bank.refund_status = RefundStatus.SUCCEEDED
    await shop.settle()
    *_, mail = await mails(shop, tmp_path)
    assert mail["subject"] == f"A refund for your order {order['number']}"
    assert "we have paid back 2.50 USD" in text_of(mail)
    assert "evil" not in mail.as_string()
    await shop.settle()
    assert len(await mails(shop, tmp_path)) == 2


async def test_a_refund_that_fails_is_told_to_staff_only(shop: Shop, tmp_path: Path) -> None:
    (_, order), staff = await shop.placed((shop.catalog.add(), 1)), shop.staff()
    shop.bank.refund_status = RefundStatus.FAILED
    await staff.post(f"/{order['id']}/refunds", {"amount": usd(1)})
    await shop.settle()
    assert len(await mails(shop, tmp_path)) == 1


@pytest.mark.parametrize("options", [{"mail_url": ""}])
async def test_mails_that_wait_are_no_discrepancy(shop: Shop) -> None:
    await shop.placed((shop.catalog.add(), 1))
    await shop.settle()
    shop.clock.advance(hours=3)
    assert (await shop.compare()).reported == {}


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (0, "USD", "0.00 USD"),
        (5, "USD", "0.05 USD"),
        (123450, "EUR", "1234.50 EUR"),
        (1234, "JPY", "1234 JPY"),
        (1234, "KWD", "1.234 KWD"),
    ],
)
def test_money_is_written_the_same_everywhere(amount: int, currency: str, text: str) -> None:
    assert written(amount, currency) == text
