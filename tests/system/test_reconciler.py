"""Rule 9 with the real catalog and cart: in process, and as the command of an operator."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Executable, delete, update

from orders.models import checkout_keys, order_lines, orders, outbox
from orders.reconciling.rounds import Round
from orders.states import Step
from shopkit.http_client import ServiceClient, ServiceToken
from shopkit.ids import first_id
from tests.shop_processes import ShopProcesses
from tests.system.test_lost_messages import TRIES, Shop
from tests.system.test_lost_messages import shop as in_process

__all__ = ["in_process"]


async def change(shop: Shop, *statements: Executable) -> None:
    """Orders' database, behind its back."""

    def run(conn: Connection) -> None:
        for statement in statements:
            conn.execute(statement)

    await shop.context.it.database.run(run)


async def confirmed(shop: Shop, product: str) -> str:
    answer = await shop.order(await shop.customer(product))
    assert answer.status_code == 201, answer.text
    await shop.settle()
    return str(answer.json()["id"])


async def reserved(shop: Shop, product: str) -> str:
    """One that came no further: its stock is held and its cart claimed."""
    headers = await shop.customer(product)
    shop.networks["catalog"].lost["PUT"] = TRIES
    order_id = str((await shop.order(headers)).json()["id"])
    await shop.context.sagas.idle(10)
    return order_id


async def reconcile(shop: Shop) -> Round:
    shop.clock.advance(minutes=2)
    round = shop.context.reconciler.new_round(whole=True)
    await shop.context.reconciler.go(round)
    return round


def ended(order_id: str, step: Step, **more: Any) -> Executable:
    changes = {"step": step, "lease_until": None, **more}
    return update(orders).where(orders.c.id == order_id).values(**changes)


async def test_what_real_catalog_and_cart_have_is_mended_or_reported(in_process: Shop) -> None:
    shop, product = in_process, await in_process.product(stock=10)
    sold_and_failed = await confirmed(shop, product)
    kept = await confirmed(shop, product)
    lost = await confirmed(shop, product)
    held_and_failed = await reserved(shop, product)
    not_consumed = await reserved(shop, product)
    assert (await reconcile(shop)).incomplete == {}
    await shop.context.it.catalog.commit(not_consumed)
    amounts = {"currency": "USD", "subtotal": 0, "discount": 0, "shipping": 0, "tax": 0, "total": 0}
    of_lost = (order_lines.c.order_id == lost, orders.c.id == lost)
    await change(
        shop,
        ended(sold_and_failed, Step.FAILED, status="failed"),
        ended(held_and_failed, Step.FAILED, status="failed"),
        ended(not_consumed, Step.CONFIRMED, status="confirmed", **amounts),
        delete(checkout_keys).where(checkout_keys.c.order_id == lost),
        delete(order_lines).where(of_lost[0]),
        delete(orders).where(of_lost[1]),
        delete(outbox),
    )
    assert await shop.on_hand(product) == 2
    round = await reconcile(shop)
    assert round.incomplete == {}
    assert round.mended == {"stock_released": 2, "cart_released": 1, "cart_consumed": 1}
    assert {(one.kind, one.order_id) for one in round.findings.values()} == {
        *(("cart_converted", sold_and_failed), ("stock_without_order", lost)),
        *(("cart_without_order", lost), ("stock_differs", not_consumed)),
    }
    assert await shop.on_hand(product) == 4
    ids = [sold_and_failed, kept, lost, held_and_failed, not_consumed]
    stock = await shop.context.it.catalog.find_reservations(ids)
    assert [stock[id] for id in ids] == [
        *("released", "committed", "committed", "released", "committed"),
    ]
    carts = await shop.context.it.cart.find_claims(ids)
    assert [carts[id] for id in ids] == [
        *("converted", "converted", "converted", "released", "converted"),
    ]
    again = await reconcile(shop)
    assert (dict(again.mended), again.reported) == ({}, round.reported)


def run(shop: ShopProcesses) -> tuple[int | None, str]:
    """`shop-orders reconcile` while the service runs: its exit code, and what it says."""
    before = len(shop.log("orders"))
    process = shop.spawn("orders", "reconcile")
    process.join(30)
    return process.exitcode, shop.log("orders")[before:]


async def test_the_command_asks_the_service_that_runs(shop: ShopProcesses, staff: Any) -> None:
    code, said = run(shop)
    assert (code, "compared: nothing" in said) == (0, True), said
    product = await staff.product(stock=10)
    lost = first_id(datetime.now(UTC) - timedelta(minutes=5))
    await sell(shop, lost, product)
    code, said = run(shop)
    assert code == 1, said
    assert "compared: 1 stock" in said
    assert f"stock_without_order {lost}: 3 pieces are sold" in said


async def sell(shop: ShopProcesses, order_id: str, product: str) -> None:
    """To an order that orders does not have."""
    settings = shop.settings("orders")
    auth = ServiceClient(settings["ORDERS_AUTH_URL"])
    token = ServiceToken(auth, "orders", settings["ORDERS_CLIENT_SECRET"])
    catalog = ServiceClient(settings["ORDERS_CATALOG_URL"], tokens=token)
    price = {"amount": 1000, "currency": "USD"}
    line = {"product_id": product, "quantity": 3, "unit_price": price}
    path = f"/internal/reservations/{order_id}"
    body = {"lines": [line], "ttl_seconds": 60}
    assert (await catalog.call("PUT", path, json=body)).status == 200
    assert (await catalog.call("POST", f"{path}/commit")).status == 200
    await catalog.close()
    await auth.close()


async def test_the_command_says_when_there_is_no_service(shop: ShopProcesses) -> None:
    await shop.stop("orders")
    code, said = run(shop)
    assert code == 2
    assert "Do orders and auth run?" in said
