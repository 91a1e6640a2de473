"""What providers have, and what orders say of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from orders.cancellation import Cancellation, cancel_order
from orders.clients.provider import Intent, IntentStatus, Provider, RefundStatus
from orders.discrepancies import Finding
from orders.domain import SYSTEM, Order, event, payment_status_of
from orders.errors import InvalidState, UnknownIntent
from orders.paying import observe, returned
from orders.reconciling.rounds import Round
from orders.reconciling.verdicts import KINDS, OVER, Mend, judge, may_refund, missing, payment_of
from orders.records import Payment, PaymentState
from orders.repository.orders import find_order, find_orders, lock_order, save
from orders.repository.papers import update_paper
from orders.repository.reconciliations import list_open_payments, list_payments
from orders.running import Sagas
from orders.states import Step
from orders.undoing import refund_rest
from orders.webhooks import WAKE, order_of_reference
from shopkit.ids import LOWEST_ID

PAGE = 100


class PaymentComparison:
    """Of one method. The list may be old when it is read: what does not fit is asked for anew, and
    compared with the order as it was before that, which must not have changed by then."""

    def __init__(self, it: Round, sagas: Sagas, method: str, provider: Provider) -> None:
        self._round, self._sagas = it, sagas
        self._it = it.it
        self._method, self._provider = method, provider
        self._seen: set[str] = set()

    async def run(self) -> None:
        page: list[Intent] = []
        async for intent in self._provider.list(self._round.since):
            page.append(intent)
            if len(page) == PAGE:
                await self._compare(page)
                page = []
        await self._compare(page)
        await self._look_up(list_payments)
        if self._round.whole:  # there may be many, and each is asked for alone
            await self._look_up(list_open_payments)
        await self._round.close_unseen(KINDS, f"{self._method}:", self._round.after)

    async def _compare(self, page: Sequence[Intent]) -> None:
        ours = {i.id: order_id for i in page if (order_id := order_of_reference(i))}
        orders = await self._it.database.read(find_orders, set(ours.values()))
        for intent in page:
            if order_id := ours.get(intent.id):
                self._seen.add(intent.id)
                self._round.compared[f"payments:{self._method}"] += 1
                order = orders.get(order_id)
                if order and order.unfinished:
                    await self._wake(order, intent)
                elif judge(order, order_id, intent, self._method):
                    await self._settle(order_id, intent.id)

    async def _wake(self, order: Order, intent: Intent) -> None:
        """While it is in the making, its saga sees to it; it only has to hurry."""
        self._round.skipped.add(order.id)
        paid = intent.status in (IntentStatus.AUTHORIZED, IntentStatus.CAPTURED)
        if order.step == Step.AWAITING_ACTION and paid:
            now = self._it.clock.now()
            await self._it.database.run(wake, order.id, now)
            self._round.mend("order_woken", order.id)

    async def _look_up(self, pages: Callable[..., Sequence[Any]]) -> None:
        """Payments that the provider should have listed, or is not asked to list any more."""
        after, since, until = LOWEST_ID, self._round.since, self._round.until
        while rows := await self._it.database.read(
            pages, self._method, since=since, after=after, until=until
        ):
            for row in rows:
                if row.intent_id not in self._seen:
                    self._round.compared[f"payments:{self._method}"] += 1
                    await self._settle(row.order_id, row.intent_id)
            after = rows[-1].id

    async def _settle(self, order_id: str, intent_id: str) -> None:
        order = await self._it.database.read(find_order, order_id)
        if order is not None and order.unfinished:
            self._round.skipped.add(order_id)
            return
        try:
            intent = await self._provider.find(intent_id)
        except UnknownIntent:
            await self._lost(order, intent_id)
            return
        verdict = judge(order, order_id, intent, self._method)
        if isinstance(verdict, Finding):
            await self._round.report(verdict, order)
        elif verdict is not None:
            assert order is not None  # noqa: S101 - only what has an order is mended
            done = await self._mends[verdict](self, order, intent)
            if done:
                self._round.mend(verdict, order_id)
            else:
                self._round.skipped.add(order_id)

    async def _lost(self, order: Order | None, intent_id: str) -> None:
        payments = order.payments if order else ()
        payment = next((p for p in payments if p.intent_id == intent_id), None)
        if order and payment and payment.state in (PaymentState.AUTHORIZED, PaymentState.CAPTURED):
            subject = f"{self._method}:{intent_id}"
            await self._round.report(missing(order, payment, subject, "unknown"), order)

    async def _observe(self, order: Order, intent: Intent) -> bool:
        now = self._it.clock.now()
        return await self._it.database.run(store_seen, order, intent, now=now)

    async def _void(self, order: Order, intent: Intent) -> bool:
        return await self._observe(order, await self._provider.void(intent.id))

    async def _give_back(self, order: Order, intent: Intent) -> bool:
        attempt = intent.reference.rpartition(":")[2]
        key = f"o:{order.id}:back:{attempt}"
        _, status = await returned(self._provider, intent.id, key)
        if status == RefundStatus.FAILED:
            detail = f"{intent.reference} of a {order.status} order cannot be refunded."
            subject = f"{self._method}:{intent.id}"
            await self._round.report(Finding("unknown_payment", subject, detail, order.id), order)
        return status != RefundStatus.FAILED

    async def _cancel(self, order: Order, _: Intent) -> bool:
        try:
            lapsed = Cancellation(SYSTEM, "authorization_lapsed", unless_paid=True)
            await cancel_order(self._it, self._sagas, order, lapsed)
        except InvalidState:
            return False
        return True

    _mends: Mapping[Mend, Callable[["PaymentComparison", Order, Intent], Awaitable[bool]]] = {
        Mend.OBSERVE: _observe,
        Mend.REFUND: _observe,
        Mend.VOID: _void,
        Mend.GIVE_BACK: _give_back,
        Mend.CANCEL: _cancel,
    }


def wake(conn: Connection, order_id: str, now: datetime) -> None:
    conn.execute(WAKE, {"b_id": order_id, "now": now})


def store_seen(conn: Connection, order: Order, intent: Intent, now: datetime) -> bool:
    """Write down what the provider has, and refund what is not due: False when the order is not
    any more what was looked at."""
    locked = lock_order(conn, order.id)
    payment = payment_of(locked, intent)
    if locked.version != order.version or payment is None:
        return False
    seen = observe(conn, payment, intent)
    if seen.state == PaymentState.CAPTURED and payment.state != PaymentState.CAPTURED:
        locked = _store(conn, locked, seen, event(now, "paid"))
        if intent.refunded:
            locked = _store(conn, locked, update_paper(conn, seen, refunded=intent.refunded))
    elif seen != payment:
        locked = _store(conn, locked, seen)
    if locked.step in OVER and locked.captured and may_refund(locked, locked.captured):
        refund_rest(conn, locked, now)
    return True


def _store(
    conn: Connection, order: Order, payment: Payment, entry: dict[str, Any] | None = None
) -> Order:
    changed = order.with_payment(payment)
    timeline = [*order.timeline, entry] if entry else order.timeline
    status = payment_status_of(changed.payments)
    return save(conn, changed, payment_status=status, timeline=timeline)
