"""Rule 6 and the provider: webhooks, keys, tombstones, and one capture."""

import asyncio
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from orders import compensation, paying, webhooks
from orders.clients.provider import Event, Intent, IntentStatus
from orders.clients.sandbox import SandboxProvider
from orders.parties import Parties
from orders.records import FORWARD, Payment, PaymentState
from orders.repository.papers import update_paper
from shopkit.ids import new_id
from shopkit.tables import insert_or_ignore
from shopkit.webhooks import WebhookSecret
from tests.guards.faults import TRIES
from tests.guards.guard import Guard, both
from tests.guards.judges import (
    i5_nobody_is_charged_for_nothing,
    i5_one_key_for_one_charge,
    i5_the_provider_has_what_orders_say,
)
from tests.guards.of_drivers import the_answers_of_a_capture_get_lost
from tests.guards.stage import Shop
from tests.guards.taking import Taking
from tests.model.guards import Guard as Modelled


async def a_customer_confirms_too_late(shop: Shop) -> None:
    """And the provider tells of it: the stock is somebody else's already."""
    ada = await shop.customer(await shop.product())
    order_id = await ada.begun("tok_action_required")
    await shop.confirm(await shop.intent(order_id))
    await shop.expire()
    assert (await shop.webhook(await shop.intent(order_id))).status_code == 204
    await shop.settle()


async def an_old_webhook_comes_late(shop: Shop) -> None:
    ada = await shop.customer(await shop.product())
    order_id = await ada.begun("tok_action_required")
    await shop.confirm(await shop.intent(order_id))
    told_late = await shop.intent(order_id)
    await shop.settle()
    assert (await ada.get(order_id)).json()["payment_status"] == "paid"
    assert (await shop.webhook(told_late)).status_code == 204


async def a_webhook_is_repeated(shop: Shop) -> None:
    ada = await shop.customer(await shop.product())
    order_id = await ada.begun("tok_action_required")
    await shop.confirm(await shop.intent(order_id))
    told = await shop.intent(order_id)
    for _ in range(3):
        assert (await shop.webhook(told, id="the same")).status_code == 204
        await shop.settle()


async def somebody_claims_that_it_is_paid(shop: Shop) -> None:
    """Of an order that will be captured at shipment."""
    ada = await shop.customer(await shop.product())
    order_id = await ada.ordered("tok_success")
    intent = await shop.intent(order_id)
    claimed = {**intent, "status": "captured", "captured": intent["amount"]}
    await shop.webhook(claimed, secret="whsec_" + "A" * 32)
    await shop.settle()


async def the_answers_of_a_decline_get_lost(shop: Shop) -> None:
    ada = await shop.customer(await shop.product())
    shop.networks["sandbox"].lost["authorize"] = TRIES
    await ada.begun("tok_declined")
    await shop.settle()
    assert (await ada.order("tok_declined")).json()["code"] == "payment_declined"


async def two_customers_pay(shop: Shop) -> None:
    product = await shop.product()
    for customer in (await shop.customer(product), await shop.customer(product)):
        await customer.ordered("tok_success")
    await shop.settle()


async def a_payment_is_late_for_a_cancelled_order(shop: Shop) -> None:
    """The second means is being authorized when its customer gives up."""
    ada = await shop.customer(await shop.product())
    order_id = await ada.begun("tok_action_required")
    shop.networks["sandbox"].delayed["authorize"] = TRIES
    await ada.pay(order_id, "tok_success")
    assert (await ada.post(f"/{order_id}/cancel")).status_code == 200
    await shop.settle()
    await shop.networks["sandbox"].deliver_late()


async def the_first_means_is_confirmed_after_all(shop: Shop) -> None:
    """When the second one has paid already."""
    ada = await shop.customer(await shop.product())
    order_id = await ada.begun("tok_action_required")
    first = await shop.intent(order_id)
    assert (await ada.pay(order_id, "tok_success")).json()["status"] == "confirmed"
    await shop.confirm(first)
    await shop.settle()


async def a_second_capture_is_written(shop: Shop) -> None:
    """By a mistake that is still to be made."""
    ada = await shop.customer(await shop.product())
    order_id = await ada.begun("tok_action_required")
    await ada.pay(order_id, "tok_success")
    await shop.settle()
    first, _ = (await shop.stored(order_id)).payments
    try:
        await shop.context.it.database.run(capture_too, first)
    except IntegrityError:
        return
    captured = [p for p in (await shop.stored(order_id)).payments if p.captured]
    assert len(captured) == 1


def capture_too(conn: Connection, payment: Payment) -> None:
    update_paper(conn, payment, state=PaymentState.CAPTURED, captured=payment.amount)


def webhooks_capture(taking: Taking) -> None:
    verified, running = SandboxProvider.event, set[asyncio.Task[Intent]]()

    def event(self: SandboxProvider, body: bytes, headers: Mapping[str, str]) -> Event:
        found = verified(self, body, headers)
        if found.intent and found.intent.status == IntentStatus.AUTHORIZED:
            key = f"o:{found.intent.reference.split(':')[1]}:cap"
            taken = self.capture(found.intent.id, amount=found.intent.amount, key=key)
            running.add(asyncio.get_running_loop().create_task(taken))
        return found

    taking.replace(SandboxProvider, "event", event)


class Anything(int):
    def __gt__(self, other: object) -> bool:
        return True


def payments_go_back(taking: Taking) -> None:
    anywhere = {state: Anything(rank) for state, rank in FORWARD.items()}
    taking.replace(paying, "FORWARD", anywhere)


def webhooks_repeat(taking: Taking) -> None:
    taking.replace(webhooks, "insert_or_ignore", lambda *row: insert_or_ignore(*row) or True)


def signatures_unseen(taking: Taking) -> None:
    taking.replace(WebhookSecret, "has_signed", lambda *_: True)


def authorize_under_new_keys(taking: Taking) -> None:
    _authorize_under(taking, None)


def authorize_under_one_key(taking: Taking) -> None:
    _authorize_under(taking, "the same")


def _authorize_under(taking: Taking, fixed: str | None) -> None:
    asked = SandboxProvider.authorize

    async def authorize(self: SandboxProvider, intent_id: str, *, token: str, key: str) -> Intent:
        return await asked(self, intent_id, token=token, key=fixed or new_id())

    taking.replace(SandboxProvider, "authorize", authorize)


def capture_under_new_keys(taking: Taking) -> None:
    _capture_under(taking, None)


def capture_under_one_key(taking: Taking) -> None:
    _capture_under(taking, "the same")


def _capture_under(taking: Taking, fixed: str | None) -> None:
    asked = SandboxProvider.capture

    async def capture(self: SandboxProvider, intent_id: str, *, amount: int, key: str) -> Intent:
        return await asked(self, intent_id, amount=amount, key=fixed or new_id())

    taking.replace(SandboxProvider, "capture", capture)


def unknown_attempts_are_left(taking: Taking) -> None:
    async def give_back(it: Parties, payments: Sequence[Payment]) -> list[Intent | None]:
        return [
            (await paying.give_back(it, [one]))[0] if one.intent_id else None for one in payments
        ]

    taking.replace(compensation, "give_back", give_back)


def earlier_means_are_left(taking: Taking) -> None:
    """They are only looked at."""
    taking.replace(paying, "voided", paying.opened)


def two_captures_allowed(taking: Taking) -> None:
    taking.drop_index("orders", "uq_payments_captured")


GUARDS = (
    Guard(
        name="a webhook captures nothing",
        of=Modelled.WEBHOOK_ONLY_WAKES,
        out=webhooks_capture,
        script=a_customer_confirms_too_late,
        noticed_by=i5_nobody_is_charged_for_nothing,
    ),
    Guard(
        name="a payment moves forward only",
        of=Modelled.PAYMENT_FORWARD_ONLY,
        out=payments_go_back,
        script=an_old_webhook_comes_late,
        noticed_by=an_old_webhook_comes_late,
    ),
    Guard(
        name="a webhook is heard once",
        out=webhooks_repeat,
        script=a_webhook_is_repeated,
        because="to hear it again changes nothing: a payment moves forward only",
    ),
    Guard(
        name="a webhook is heard once, and payments move forward only",
        out=both(webhooks_repeat, payments_go_back),
        script=a_webhook_is_repeated,
        noticed_by=a_webhook_is_repeated,
    ),
    Guard(
        name="a webhook is signed",
        out=signatures_unseen,
        script=somebody_claims_that_it_is_paid,
        settings={"capture_at": "shipment"},
        noticed_by=i5_the_provider_has_what_orders_say,
    ),
    Guard(
        name="authorize has one key",
        of=Modelled.AUTHORIZE_KEY,
        out=authorize_under_new_keys,
        script=the_answers_of_a_decline_get_lost,
        noticed_by=i5_one_key_for_one_charge,
    ),
    Guard(
        name="authorize has a key of its own",
        out=authorize_under_one_key,
        script=two_customers_pay,
        noticed_by=two_customers_pay,
    ),
    Guard(
        name="capture has one key",
        of=Modelled.CAPTURE_KEY,
        out=capture_under_new_keys,
        script=the_answers_of_a_capture_get_lost,
        noticed_by=i5_one_key_for_one_charge,
    ),
    Guard(
        name="capture has a key of its own",
        out=capture_under_one_key,
        script=two_customers_pay,
        noticed_by=two_customers_pay,
    ),
    Guard(
        name="void of the unknown leaves a cancelled intent",
        of=Modelled.PAYMENT_TOMBSTONE,
        out=unknown_attempts_are_left,
        script=a_payment_is_late_for_a_cancelled_order,
        noticed_by=i5_the_provider_has_what_orders_say,
    ),
    Guard(
        name="earlier means of payment are voided",
        out=earlier_means_are_left,
        script=the_first_means_is_confirmed_after_all,
        noticed_by=i5_the_provider_has_what_orders_say,
    ),
    Guard(
        name="at most one payment of an order is captured",
        out=two_captures_allowed,
        script=a_second_capture_is_written,
        noticed_by=a_second_capture_is_written,
    ),
)
