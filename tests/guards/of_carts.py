"""Cart: claim, consume and release, and one order for one version of a cart."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

import pytest
from sqlalchemy import bindparam, update

from cart import claims, domain, lanes, repository
from cart.context import Context
from cart.domain import CartState, ClaimState, Offers
from cart.lanes import Attempt, Lanes
from cart.models import carts
from shopkit.errors import Unavailable
from tests.guards.faults import PATIENCE_SECONDS, TRIES
from tests.guards.guard import Guard, both
from tests.guards.stage import Shop
from tests.guards.taking import Taking
from tests.model.guards import Guard as Modelled
from tests.shop_invariants import (
    i4_one_key_and_one_cart_make_one_order,
    i6_everything_comes_to_an_end,
    i7_a_cart_is_converted_when_its_order_is_confirmed,
    query,
)


async def one_cart_is_ordered_twice_at_once(shop: Shop) -> None:
    """Both look at the cart before either has claimed it, unless they wait for each other."""
    ada = await shop.customer(await shop.product())
    carts: Context = shop.services["cart"].internal.state.context
    find_offers, looking = carts.catalog_once.find_offers, list[str]()

    async def meet(product_ids: Iterable[str]) -> Offers:
        looking.extend(product_ids)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(looking) == 1 and not somebody_waits(carts.lanes):
                await asyncio.sleep(0.001)
        return await find_offers(product_ids)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(carts.catalog_once, "find_offers", meet)
        await asyncio.gather(*(ada.order("tok_success", key=key) for key in ("a", "b")))
    await shop.settle()


def somebody_waits(lanes: Lanes) -> bool:
    return any(lock._waiters for lock in lanes._locks.values())


async def a_claim_is_late_for_a_failed_order(shop: Shop) -> None:
    """It failed since the cart was empty, which it is not any more."""
    product = await shop.product()
    ada = await shop.customer(product)
    shop.networks["cart"].delayed["PUT"] = TRIES
    await ada.begun()
    await ada.empty_cart()
    await shop.settle()
    await ada.add(product)
    await shop.networks["cart"].deliver_late()


async def a_consume_comes_after_a_release(shop: Shop) -> None:
    ada = await shop.customer(await shop.product())
    assert (await ada.order("tok_declined")).status_code == 402
    orders = await query(shop.databases["orders"], "SELECT id FROM orders")
    with suppress(Unavailable):  # that it is refused
        await shop.context.it.cart.consume(orders[0][0])


def claim_whatever_it_is(taking: Taking) -> None:
    of_cart = update(carts).where(carts.c.id == bindparam("cart"))
    values = {"state": CartState.CLAIMED, "order_id": bindparam("taken_by")}
    taking.replace(repository, "_CLAIM", of_cart.values(values))


def no_lanes(taking: Taking) -> None:
    async def run(self: Lanes, attempt: Attempt[object], *owners: str) -> object:
        return await lanes._persistently(attempt)

    taking.replace(Lanes, "run", run)


def two_orders_allowed(taking: Taking) -> None:
    taking.drop_index("orders", "uq_orders_cart_id_cart_version")


def release_without_trace(taking: Taking) -> None:
    taking.replace(claims, "insert_tombstone", lambda conn, **row: False)


def consume_whatever_it_is(taking: Taking) -> None:
    taking.change(domain._AFTER, (ClaimState.RELEASED, "consume"), ClaimState.CONVERTED)
    taking.drop_check("cart", "claims", "ck_claims_cart_id")


GUARDS = (
    Guard(
        name="an open cart is claimed once, by one at a time, and ordered once",
        of=Modelled.CLAIM_OPEN_ONLY,
        out=both(claim_whatever_it_is, no_lanes, two_orders_allowed),
        script=one_cart_is_ordered_twice_at_once,
        noticed_by=i4_one_key_and_one_cart_make_one_order,
    ),
    Guard(
        name="an open cart is claimed once, by one at a time",
        out=both(claim_whatever_it_is, no_lanes),
        script=one_cart_is_ordered_twice_at_once,
        noticed_by=i6_everything_comes_to_an_end,
    ),
    Guard(
        name="claim is compare-and-set on open",
        out=claim_whatever_it_is,
        script=one_cart_is_ordered_twice_at_once,
        because="within one process the owner's lane lets one in at a time",
    ),
    Guard(
        name="a cart is changed by one at a time",
        out=no_lanes,
        script=one_cart_is_ordered_twice_at_once,
        because="claim is compare-and-set; lanes save tries",
    ),
    Guard(
        name="one version of a cart is ordered once",
        out=two_orders_allowed,
        script=one_cart_is_ordered_twice_at_once,
        because="it can be claimed once",
    ),
    Guard(
        name="release of the unknown leaves a tombstone in cart",
        of=Modelled.CART_TOMBSTONE,
        out=release_without_trace,
        script=a_claim_is_late_for_a_failed_order,
        noticed_by=i6_everything_comes_to_an_end,
    ),
    Guard(
        name="only what is claimed is consumed",
        of=Modelled.CONSUME_ONCE,
        out=consume_whatever_it_is,
        script=a_consume_comes_after_a_release,
        noticed_by=i7_a_cart_is_converted_when_its_order_is_confirmed,
    ),
)
