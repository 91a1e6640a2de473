"""Rule 8, cancelling, and what only one at a time may do to an order."""

import asyncio
from collections.abc import Mapping
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, update

from orders import cancellation, undoing
from orders.clients.provider import RefundStatus
from orders.clients.sandbox import SandboxProvider
from orders.domain import Order
from orders.models import payments
from orders.repository import orders as rows
from orders.repository import papers
from shopkit.ids import new_id
from tests.guards.faults import TRIES
from tests.guards.guard import Guard, both
from tests.guards.judges import i5_the_provider_has_what_orders_say
from tests.guards.of_drivers import a_paid_order_is_cancelled
from tests.guards.stage import PRICE, Shop
from tests.guards.taking import Taking
from tests.model.guards import Guard as Modelled


def part(amount: int) -> Mapping[str, Any]:
    return {"amount": {"amount": amount, "currency": "USD"}}


async def paid(shop: Shop) -> str:
    """An order of two pieces."""
    order_id = await (await shop.customer(await shop.product())).ordered("tok_success")
    await shop.settle()
    return order_id


async def more_is_refunded_than_was_paid(shop: Shop) -> None:
    """In two refunds, of which the provider has heard of none when the second is asked for."""
    order_id, most = await paid(shop), part(2 * PRICE - 100)
    answers = [await shop.post(f"/{order_id}/refunds", most) for _ in range(2)]
    await shop.settle()
    assert [answer.status_code for answer in answers] == [201, 409]


async def the_answers_of_a_refund_get_lost(shop: Shop) -> None:
    order_id = await paid(shop)
    shop.networks["sandbox"].lost["refunds"] = TRIES
    assert (await shop.post(f"/{order_id}/refunds", part(500))).status_code == 201
    await shop.settle()


async def eight_refunds_at_once(shop: Shop) -> None:
    order_id = await paid(shop)
    asked = (shop.post(f"/{order_id}/refunds", part(100), key=str(n)) for n in range(8))
    answers = await asyncio.gather(*asked)
    await shop.settle()
    assert {answer.status_code for answer in answers} == {201}
    told = [entry["event"] for entry in (await shop.stored(order_id)).timeline]
    assert told.count("refund_requested") == told.count("refunded") == 8


def refund_more(taking: Taking) -> None:
    amount: BindParameter[int] = bindparam("b_amount")
    values = {"refund_pending": payments.c.refund_pending + amount}
    anyway = update(payments).where(payments.c.id == bindparam("b_id")).values(values)
    taking.replace(papers, "RESERVE_REFUND", anyway)


def no_refund_check(taking: Taking) -> None:
    taking.drop_check("orders", "payments", "ck_payments_refunds")


def refund_under_new_keys(taking: Taking) -> None:
    asked = SandboxProvider.refund

    async def refund(
        self: SandboxProvider, intent_id: str, *, amount: int, key: str
    ) -> RefundStatus:
        return await asked(self, intent_id, amount=amount, key=new_id())

    taking.replace(SandboxProvider, "refund", refund)


def kept(conn: Connection, order: Order, *_: object) -> Order:
    return order


def keep_at_cancelling(taking: Taking) -> None:
    taking.replace(cancellation, "refund_rest", kept)


def keep_at_the_end(taking: Taking) -> None:
    taking.replace(undoing, "refund_rest", kept)


def orders_not_locked(taking: Taking) -> None:
    taking.replace(rows, "LOCK_ORDER", rows.SELECT_ORDER)


GUARDS = (
    Guard(
        name="no more is refunded than was captured",
        of=Modelled.REFUND_GUARD,
        out=refund_more,
        script=more_is_refunded_than_was_paid,
        noticed_by=more_is_refunded_than_was_paid,
    ),
    Guard(
        name="no more is refunded than was captured, nor allowed by the table",
        out=both(refund_more, no_refund_check),
        script=more_is_refunded_than_was_paid,
        noticed_by=more_is_refunded_than_was_paid,
    ),
    Guard(
        name="no more refunded is allowed by the table",
        out=no_refund_check,
        script=more_is_refunded_than_was_paid,
        because="the update that sets it aside has the same condition",
    ),
    Guard(
        name="a refund has one key",
        of=Modelled.REFUND_KEY,
        out=refund_under_new_keys,
        script=the_answers_of_a_refund_get_lost,
        noticed_by=i5_the_provider_has_what_orders_say,
    ),
    Guard(
        name="a cancellation refunds",
        of=Modelled.CANCEL_REFUNDS,
        out=both(keep_at_cancelling, keep_at_the_end),
        script=a_paid_order_is_cancelled,
        noticed_by=i5_the_provider_has_what_orders_say,
    ),
    Guard(
        name="a cancellation refunds when it begins",
        out=keep_at_cancelling,
        script=a_paid_order_is_cancelled,
        because="what is left is refunded at its end",
    ),
    Guard(
        name="a cancellation refunds at its end",
        out=keep_at_the_end,
        script=a_paid_order_is_cancelled,
        because="what is known to be captured is refunded when it begins",
    ),
    Guard(
        name="who changes an order locks it",
        out=orders_not_locked,
        script=eight_refunds_at_once,
        noticed_by=eight_refunds_at_once,
        only="postgresql",
    ),
)
