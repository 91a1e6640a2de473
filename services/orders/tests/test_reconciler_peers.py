"""Rule 9 with catalog and cart, and what moves while it is looked at."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from orders.models import checkout_keys, order_lines, orders, payments
from orders.states import Step
from services.orders.tests.shop import Shop
from services.orders.tests.test_reconciler import (
    LATER,
    by,
    cancelled,
    nothing_left,
    ordered,
    reported,
    tea,
)


async def test_stock_that_is_held_or_sold_for_a_failed_order_goes_back(shop: Shop) -> None:
    for state in ("held", "committed"):
        _, order_id = await ordered(shop, by("declined"))
        found = shop.catalog.reservations[order_id]
        found.state = state
        shop.catalog._move(found.lines, reserved=+1)
        if state == "committed":
            shop.catalog._move(found.lines, reserved=-1, on_hand=-1)
    assert (await shop.reconcile()).mended == {"stock_released": 2}
    assert [p.on_hand - p.reserved for p in shop.catalog.products.values()] == [10, 10]
    await nothing_left(shop)


@pytest.mark.parametrize(("restock", "left"), [(True, 10), (False, 9)])
async def test_stock_of_a_cancelled_order_goes_back_unless_staff_said_otherwise(
    shop: Shop, restock: bool, left: int
) -> None:
    order_id = await cancelled(shop, LATER)
    await shop.execute(update(orders).values(restock=restock))
    found = shop.catalog.reservations[order_id]
    found.state = "committed"
    shop.catalog._move(found.lines, on_hand=-1)
    assert (await shop.reconcile()).mended == ({"stock_released": 1} if restock else {})
    assert tea(shop).on_hand == left
    again = await shop.reconcile()
    assert (dict(again.mended), dict(again.reported)) == ({}, {})


@pytest.mark.parametrize("state", ["held", "expired", "released", None])
async def test_stock_of_a_confirmed_order_that_is_not_sold(shop: Shop, state: str | None) -> None:
    _, order_id = await ordered(shop)
    if state is None:
        del shop.catalog.reservations[order_id]
    else:
        shop.catalog.reservations[order_id].state = state
    await reported(shop, "stock_not_sold", order_id)


async def test_another_quantity_was_sold(shop: Shop) -> None:
    _, order_id = await ordered(shop)
    await shop.execute(update(order_lines).values(quantity=2))
    await reported(shop, "stock_differs", order_id)


async def forget(shop: Shop) -> None:
    """All orders, as if they had never been stored."""
    tables = (checkout_keys, payments, order_lines, orders)
    await shop.execute(*(delete(table) for table in tables))


async def test_what_is_held_for_a_lost_order_is_left_to_expire(shop: Shop) -> None:
    _, order_id = await ordered(shop, LATER)
    await forget(shop)
    del shop.cart.claims[order_id]
    shop.catalog.reservations[order_id].state = "held"
    round = await shop.reconcile()
    assert (dict(round.mended), dict(round.reported)) == ({}, {})
    shop.catalog.reservations[order_id].state = "committed"
    await reported(shop, "stock_without_order", order_id)


async def test_a_cart_that_is_not_consumed_is_consumed(shop: Shop) -> None:
    gone = await cancelled(shop)
    _, kept = await ordered(shop)
    for order_id in (gone, kept):
        shop.cart.claims[order_id].state = "claimed"
    assert (await shop.reconcile()).mended == {"cart_consumed": 2}
    await nothing_left(shop)


async def test_a_cart_that_a_failed_order_kept_is_released(shop: Shop) -> None:
    ada, order_id = await ordered(shop, by("declined"))
    claim = shop.cart.claims[order_id]
    claim.state = "claimed"
    assert claim.cart is not None
    claim.cart.claimed_by = order_id
    assert (await shop.reconcile()).mended == {"cart_released": 1}
    assert (await ada.order(by("ok"))).status_code == 201
    await shop.settle()
    await nothing_left(shop)


async def test_a_cart_that_is_converted_for_a_failed_order(shop: Shop) -> None:
    _, order_id = await ordered(shop, by("declined"))
    shop.cart.claims[order_id].state = "converted"
    await reported(shop, "cart_converted", order_id)


@pytest.mark.parametrize("state", ["released", None])
async def test_a_confirmed_order_whose_cart_may_be_ordered_again(
    shop: Shop, state: str | None
) -> None:
    _, order_id = await ordered(shop)
    if state is None:
        del shop.cart.claims[order_id]
    else:
        shop.cart.claims[order_id].state = state
    await reported(shop, "cart_not_converted", order_id)


async def test_what_was_lost_is_not_written_down_when_the_version_moves(shop: Shop) -> None:
    _, order_id = await ordered(shop)
    await shop.execute(
        update(payments).values(state="authorized", captured=0),
        update(orders).values(payment_status="authorized"),
    )

    async def move() -> None:
        await shop.execute(update(orders).values(version=orders.c.version + 1))

    shop.bank.meanwhile = move
    round = await shop.reconcile()
    assert (dict(round.mended), round.skipped) == ({}, {order_id})
    shop.bank.meanwhile = None
    assert (await shop.reconcile()).mended == {"payment_observed": 1}
    await nothing_left(shop)


async def test_an_order_that_begins_to_change_while_it_is_looked_at_is_left(shop: Shop) -> None:
    found = [(await ordered(shop))[1] for _ in range(2)]
    for order_id in found:
        shop.bank.change(shop.intent(order_id).id, refunded=1)

    async def begin() -> None:
        far = shop.clock.now() + timedelta(hours=1)
        changes = {"step": Step.CAPTURING, "lease_until": far}
        await shop.execute(update(orders).where(orders.c.id == found[1]).values(**changes))

    shop.bank.meanwhile = begin
    round = await shop.compare()
    assert {one.order_id for one in round.findings.values()} == {found[0]}
    assert round.skipped == {found[1]}


async def test_an_order_that_is_cancelled_meanwhile_need_not_be_sold(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, order_id = await ordered(shop, LATER)
    find = shop.catalog.find_reservations

    async def cancel_and_find(order_ids: Any) -> dict[str, str]:
        await ada.cancel(order_id)
        await shop.settle()
        return await find(order_ids)

    shop.clock.advance(minutes=2)
    monkeypatch.setattr(shop.catalog, "find_reservations", cancel_and_find)
    round = await shop.compare()
    assert (dict(round.reported), round.skipped) == ({}, {order_id})
