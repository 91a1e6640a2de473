"""F1: orders is killed at every step of every saga; the client repeats, and all is as if it had
not been: one order or a definite refusal, nothing held, nothing sold twice."""

from contextlib import suppress

import httpx2
import pytest

from orders.settings import FAILPOINTS
from shopkit.ids import new_id
from tests.faults.conftest import LEASE_SECONDS
from tests.shop_clients import Guest, Staff
from tests.shop_invariants import check_invariants
from tests.shop_processes import ShopProcesses

CHECKOUT = [name for name in FAILPOINTS if name.split("_")[1] in ("t1", "r1", "r2", "t2", "r4")]
CHECKOUT += [name for name in FAILPOINTS if name.split("_")[1] in ("t5", "consume")]
COMPENSATION = [name for name in FAILPOINTS if name.split("_")[1] in ("c1", "c2", "c3", "c4")]
CANCELLATION = [name for name in FAILPOINTS if name.split("_")[1] in ("x1", "x2", "x3")]
TOO_LITTLE = {"expected_total": {"amount": 1, "currency": "USD"}}
"""Refused in T2, when the cart is claimed and the stock is held."""


def test_every_failpoint_is_tried() -> None:
    assert sorted(CHECKOUT + COMPENSATION + CANCELLATION) == sorted(FAILPOINTS)


async def restart(shop: ShopProcesses, failpoint: str = "") -> None:
    if "orders" in shop.processes:
        await shop.stop("orders")
    failpoints = f"{failpoint}:kill" if failpoint else ""
    await shop.start("orders", lease_seconds=LEASE_SECONDS, failpoints=failpoints)


@pytest.mark.parametrize("failpoint", CHECKOUT)
async def test_f1_a_checkout_that_is_killed_becomes_one_order(
    shop: ShopProcesses, staff: Staff, failpoint: str
) -> None:
    product, guest, key = await staff.product(stock=5), Guest(shop), new_id()
    await guest.add(product, 2)
    await restart(shop, failpoint)
    with suppress(httpx2.TransportError):
        await guest.order(key=key)
    await shop.dies("orders")
    await restart(shop)
    answer = await guest.insist(key)
    assert answer.status_code == 201, answer.text
    await check_invariants(shop, [guest])
    assert (await staff.stock(product))["on_hand"] == 3
    assert (await guest.cart())["items"] == []


@pytest.mark.parametrize("failpoint", COMPENSATION)
async def test_f1_a_compensation_that_is_killed_is_finished(
    shop: ShopProcesses, staff: Staff, failpoint: str
) -> None:
    product, guest, key = await staff.product(stock=5), Guest(shop), new_id()
    await guest.add(product, 2)
    await restart(shop, failpoint)
    with suppress(httpx2.TransportError):
        await guest.order(key=key, payload=TOO_LITTLE)
    await shop.dies("orders")
    await restart(shop)
    answer = await guest.insist(key, TOO_LITTLE)
    assert (answer.status_code, answer.json()["code"]) == (409, "price_changed")
    await check_invariants(shop, [guest])
    assert (await staff.stock(product))["available"] == 5
    assert (await guest.insist(new_id())).status_code == 201, "the cart is usable again"
    await check_invariants(shop)


@pytest.mark.parametrize("failpoint", CANCELLATION)
async def test_f1_a_cancellation_that_is_killed_is_finished(
    shop: ShopProcesses, staff: Staff, failpoint: str
) -> None:
    product, guest = await staff.product(stock=5), Guest(shop)
    await guest.add(product, 2)
    order_id = (await guest.insist(new_id())).json()["id"]
    await restart(shop, failpoint)
    with suppress(httpx2.TransportError):
        await guest.cancel(order_id)
    await shop.dies("orders")
    await restart(shop)
    answer = await guest.cancel(order_id)
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    await check_invariants(shop, [guest])
    assert (await staff.stock(product))["on_hand"] == 5
