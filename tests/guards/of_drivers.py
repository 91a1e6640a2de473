"""Rules 1, 2, 3 and 7: fences, steps on disk, what aborts, and who goes on."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Update, bindparam, update

import orders.clients.cart
import orders.clients.catalog
from orders import cancellation, compensation, saga, worker
from orders.clients.provider import Intent
from orders.clients.sandbox import SandboxProvider
from orders.domain import Order
from orders.errors import CaptureRefused, CheckoutCancelled, Refusal
from orders.models import orders as table
from orders.parties import Parties
from orders.paying import capture
from orders.repository import orders as rows
from orders.running import Sagas
from orders.states import MOVES, STATUS_MOVES, Status, Step
from shopkit.errors import Unavailable
from shopkit.http_client import ServiceClient
from tests.guards.faults import TRIES
from tests.guards.guard import Guard, both
from tests.guards.judges import (
    i5_nobody_is_charged_for_nothing,
    i5_the_provider_has_what_orders_say,
)
from tests.guards.stage import PRICE, Shop
from tests.guards.taking import Taking
from tests.model.guards import Guard as Modelled
from tests.shop_invariants import (
    i1_reserved_is_what_is_held,
    i2_stock_is_conserved,
    i6_everything_comes_to_an_end,
    i7_a_cart_is_converted_when_its_order_is_confirmed,
)


async def a_paused_driver_wakes_after_a_refund(shop: Shop) -> None:
    ada = await shop.customer(await shop.product())
    shop.places.pause("before_t5")
    order_id = await ada.begun("tok_success")
    await shop.take_over()
    part = {"amount": {"amount": PRICE // 2, "currency": "USD"}}
    assert (await shop.post(f"/{order_id}/refunds", part)).status_code == 201
    await shop.context.relay.drain()
    await shop.settle()


async def a_customer_cancels_while_the_payment_is_looked_at(shop: Shop) -> None:
    """Two drivers at once: one has heard that it is paid, the other gives the order up."""
    ada = await shop.customer(await shop.product())
    order_id = await ada.begun("tok_action_required")
    await shop.confirm(await shop.intent(order_id))
    looking, undoing = shop.places.pause("before_t3"), shop.places.pause("before_c2")
    await shop.take_over()
    await looking.wait()
    assert (await ada.post(f"/{order_id}/cancel")).status_code == 200
    await undoing.wait()
    looking.open()
    await shop.idle()
    await shop.context.relay.drain()
    await shop.settle()


async def the_answers_of_a_capture_get_lost(shop: Shop) -> None:
    ada = await shop.customer(await shop.product())
    shop.networks["sandbox"].lost["capture"] = TRIES
    await ada.order("tok_success")
    await shop.settle()


async def the_answers_of_a_commit_get_lost(shop: Shop) -> None:
    ada = await shop.customer(await shop.product())
    shop.networks["catalog"].lost["commit"] = TRIES
    await ada.begun("tok_success")
    await shop.settle()


async def a_driver_dies(shop: Shop) -> None:
    ada = await shop.customer(await shop.product())
    shop.places.kill("after_r2")
    await ada.begun("tok_success")
    await shop.settle()


async def a_paid_order_is_cancelled(shop: Shop) -> None:
    ada = await shop.customer(await shop.product())
    order_id = await ada.ordered("tok_success")
    await shop.settle()
    assert (await ada.post(f"/{order_id}/cancel")).status_code == 200
    await shop.settle()


async def every_call_finds_its_step_on_disk(shop: Shop) -> None:
    """The tables of checkout.md, at the moment of each call."""
    seen: list[tuple[str, str]] = []

    async def look(method: str, path: str) -> None:
        found = await shop.context.it.database.read(newest_step)
        seen.append((method if method == "PUT" else path.rpartition("/")[2], found))

    for network in shop.networks.values():
        network.before = look
    product = await shop.product()
    await (await shop.customer(product)).ordered("tok_success")
    await shop.settle()
    began = [("PUT", "CREATED"), ("PUT", "CREATED"), ("intents", "RESERVED")]
    pivot = [("commit", "AUTHORIZED"), ("capture", "STOCK_COMMITTED"), ("consume", "CONFIRMED")]
    assert seen == [*began, ("authorize", "RESERVED"), *pivot]
    seen.clear()
    await (await shop.customer(product)).order("tok_declined")
    undone = [(name, "COMPENSATING") for name in ("intents", "cancel", "release", "release")]
    assert seen == [*began, ("authorize", "RESERVED"), *undone]


def newest_step(conn: Connection) -> str:
    newest = table.select().with_only_columns(table.c.step).order_by(table.c.id.desc()).limit(1)
    return str(conn.execute(newest).scalar_one())


async def a_reservation_expires_before_its_commit(shop: Shop) -> None:
    """While somebody else holds as much, so that the sums alone would not tell."""
    product = await shop.product()
    ada, bob = await shop.customer(product), await shop.customer(product)
    late = shop.places.pause("before_r4")
    await ada.begun("tok_success")
    await shop.expire()
    shop.places.pause("before_r4")
    await bob.begun("tok_success")
    late.open()
    await shop.idle()
    await i1_reserved_is_what_is_held(shop)
    await shop.settle()


async def stock_arrives_while_a_checkout_is_given_up(shop: Shop) -> None:
    product = await shop.product(stock=2)
    ada, bob = await shop.customer(product), await shop.customer(product)
    await bob.ordered()
    shop.places.pause("before_c3")
    await ada.begun()
    await shop.receive(product, 5)
    await shop.take_over()
    await shop.context.relay.drain()
    await shop.settle()


async def a_driver_dies_while_it_gives_up(shop: Shop) -> None:
    product = await shop.product(stock=2)
    ada, bob = await shop.customer(product), await shop.customer(product)
    await bob.ordered()
    shop.places.kill("before_c5")
    await ada.begun()
    await shop.settle()
    assert (await ada.order()).json()["code"] == "insufficient_stock"


async def a_release_is_slow(shop: Shop) -> None:
    ada = await shop.customer(await shop.product())
    shop.networks["catalog"].delayed["release"] = TRIES
    await ada.order("tok_declined")
    await shop.settle()


def write_without_fence(taking: Taking) -> None:
    def anybodys(columns: tuple[str, ...]) -> Update:
        any_fence = (table.c.fence == bindparam("b_fence")) | table.c.fence.is_not(None)
        values: dict[str, Any] = {name: bindparam(name) for name in columns}
        return update(table).where(table.c.id == bindparam("b_id"), any_fence).values(values)

    taking.replace(rows, "_saga_update", anybodys)


def take_over_without_raising(taking: Taking) -> None:
    def take_over(conn: Connection, order: Order, until: datetime) -> Order:
        row = table.c.id == order.id
        conn.execute(update(table).where(row).values(lease_until=until))
        return replace(order, lease_until=until)

    taking.replace(worker, "take_over", take_over)


def cancel_without_raising(taking: Taking) -> None:
    def save(conn: Connection, order: Order, *path: Step, **changes: Any) -> Order:
        return rows.save(conn, order, *path, **{**changes, "fence": order.fence})

    taking.replace(cancellation, "save", save)


def unknown_capture_is_refused(taking: Taking) -> None:
    asked = SandboxProvider.capture

    async def capture(self: SandboxProvider, intent_id: str, *, amount: int, key: str) -> Intent:
        try:
            return await asked(self, intent_id, amount=amount, key=key)
        except Unavailable:
            raise CaptureRefused("Nobody has answered.") from None

    taking.replace(SandboxProvider, "capture", capture)


def cancel_aborts(taking: Taking) -> None:
    """Whatever step it is, and against both tables of moves."""
    taking.change(MOVES, Step.CONFIRMED, MOVES[Step.CONFIRMED] | {Step.COMPENSATING})
    undone = STATUS_MOVES[Status.CONFIRMED] | {Status.PENDING}
    taking.change(STATUS_MOVES, Status.CONFIRMED, undone)

    def abort(
        conn: Connection, order_id: str, wanted: object, *, now: datetime, until: datetime
    ) -> tuple[Order, bool]:
        order = rows.lock_order(conn, order_id)
        failure = CheckoutCancelled("The order was cancelled.").stored()
        changes = {"fence": order.fence + 1, "lease_until": until}
        return rows.save(conn, order, Step.COMPENSATING, failure=failure, **changes), True

    taking.replace(cancellation, "store_cancelling", abort)


def pivot_in_memory(taking: Taking) -> None:
    async def commit_stock(it: Parties, order: Order) -> Order:
        await it.catalog.commit(order.id)
        return await saga.confirm(it, replace(order, step=Step.STOCK_COMMITTED))

    taking.change(saga.ACTIONS, Step.AUTHORIZED, commit_stock)


def capture_before_pivot(taking: Taking) -> None:
    commit_stock = saga.commit_stock

    async def capture_first(it: Parties, order: Order) -> Order:
        await capture(it, order)
        return await commit_stock(it, order)

    taking.change(saga.ACTIONS, Step.AUTHORIZED, capture_first)


def compensate_in_memory(taking: Taking) -> None:
    async def begin(it: Parties, order: Order, refusal: Refusal) -> Order:
        return replace(order, step=Step.COMPENSATING, failure=refusal.stored())

    taking.replace(saga, "begin_compensation", begin)


def reason_in_memory(taking: Taking) -> None:
    def save(conn: Connection, order: Order, *path: Step, **changes: Any) -> Order:
        failure = changes.pop("failure", order.failure)
        return replace(rows.save(conn, order, *path, **changes), failure=failure)

    taking.replace(compensation, "save", save)


def cancels_without_answer(taking: Taking) -> None:
    async def tell(client: ServiceClient, path: str) -> None:
        try:
            await client.call("POST", path)
        except Unavailable:
            return

    taking.replace(orders.clients.cart, "insist", tell)
    taking.replace(orders.clients.catalog, "insist", tell)


def nobody_goes_on(taking: Taking) -> None:
    taking.replace(worker, "take_overdue", lambda conn, now, at_most, until: [])


def never_postponed(taking: Taking) -> None:
    async def postpone(self: Sagas, order: Order) -> None: ...

    taking.replace(Sagas, "_postpone", postpone)


GUARDS = (
    Guard(
        name="a saga writes under its own fence",
        of=Modelled.FENCE,
        out=write_without_fence,
        script=a_paused_driver_wakes_after_a_refund,
        noticed_by=i5_the_provider_has_what_orders_say,
    ),
    Guard(
        name="taking over raises the fence",
        of=Modelled.FENCE_RAISED,
        out=take_over_without_raising,
        script=a_paused_driver_wakes_after_a_refund,
        noticed_by=i5_the_provider_has_what_orders_say,
    ),
    Guard(
        name="cancelling raises the fence",
        of=Modelled.STAFF_RAISE_FENCE,
        out=cancel_without_raising,
        script=a_customer_cancels_while_the_payment_is_looked_at,
        noticed_by=i7_a_cart_is_converted_when_its_order_is_confirmed,
    ),
    Guard(
        name="an unknown outcome is no failure",
        of=Modelled.UNKNOWN_IS_NO_FAILURE,
        out=unknown_capture_is_refused,
        script=the_answers_of_a_capture_get_lost,
        noticed_by=i5_nobody_is_charged_for_nothing,
    ),
    Guard(
        name="after the pivot nothing aborts",
        of=Modelled.ABORT_BEFORE_PIVOT,
        out=cancel_aborts,
        script=a_paid_order_is_cancelled,
        noticed_by=i7_a_cart_is_converted_when_its_order_is_confirmed,
    ),
    Guard(
        name="T4 is on disk before R5",
        of=Modelled.PIVOT_STORED,
        out=pivot_in_memory,
        script=every_call_finds_its_step_on_disk,
        noticed_by=every_call_finds_its_step_on_disk,
    ),
    Guard(
        name="nothing is captured before the stock is committed",
        of=Modelled.PIVOT_BEFORE_CAPTURE,
        out=capture_before_pivot,
        script=a_reservation_expires_before_its_commit,
        noticed_by=i5_nobody_is_charged_for_nothing,
    ),
    Guard(
        name="COMPENSATING is on disk before the cancels",
        of=Modelled.COMPENSATING_FIRST,
        out=compensate_in_memory,
        script=stock_arrives_while_a_checkout_is_given_up,
        noticed_by=i2_stock_is_conserved,
    ),
    Guard(
        name="the reason is on disk before the cancels",
        of=Modelled.REASON_FIRST,
        out=reason_in_memory,
        script=a_driver_dies_while_it_gives_up,
        noticed_by=a_driver_dies_while_it_gives_up,
    ),
    Guard(
        name="failed only when each cancel was answered",
        of=Modelled.CANCELS_ANSWERED,
        out=cancels_without_answer,
        script=a_release_is_slow,
        noticed_by=i6_everything_comes_to_an_end,
    ),
    Guard(
        name="a worker goes on",
        of=Modelled.WORKER,
        out=nobody_goes_on,
        script=a_driver_dies,
        noticed_by=i6_everything_comes_to_an_end,
    ),
    Guard(
        name="who gives up lets go of the lease",
        out=never_postponed,
        script=the_answers_of_a_commit_get_lost,
        because="the lease ends by itself; letting go is for speed",
    ),
    Guard(
        name="nobody goes on, and nobody lets go",
        out=both(nobody_goes_on, never_postponed),
        script=the_answers_of_a_commit_get_lost,
        noticed_by=i6_everything_comes_to_an_end,
    ),
)
