"""The request side of a checkout: T1, idempotency keys, and what the client hears."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from orders.addressing import AddressChoice, addressed
from orders.domain import Order
from orders.errors import TooManyPendingOrders, refusal_from
from orders.numbers import new_number
from orders.parties import Parties
from orders.repository import keys, orders
from orders.running import Sagas
from orders.states import Status, Step
from orders.views import render
from shopkit.conditional import etag
from shopkit.errors import IdempotencyKeyReused, RequestInProgress
from shopkit.guests import is_guest
from shopkit.idempotency import KEPT, Answer
from shopkit.tables import violated

ANSWER_SECONDS = 10.0
KEY_WAIT_SECONDS = 2.0
NUMBER_ATTEMPTS = 5
ROUTE = "POST /api/orders"


@dataclass(frozen=True)
class Key:
    """An Idempotency-Key in use. `fingerprint` tells its payload from others."""

    caller: str
    key: str
    fingerprint: str


@dataclass(frozen=True)
class Begun:
    """T1 says: this order is ours to drive."""

    order: Order


@dataclass(frozen=True)
class Running:
    """T1 says: somebody drives this order, and their lease is alive."""

    order_id: str


Outcome = Answer | Begun | Running


async def place_order(
    it: Parties,
    sagas: Sagas,
    order: Order,
    key: Key | None,
    choice: AddressChoice,
    most_unpaid: int,
) -> Answer:
    """Place `order`, or join or replay what its key has done before.

    Raises the Refusal that ended the checkout, RequestInProgress, IdempotencyKeyReused,
    TooManyPendingOrders, or Invalid for an address that is not the customer's. Whatever becomes of
    the request, the saga goes on.
    """
    async with it.at("t1"):
        outcome = await _begin(it, order=order, key=key, choice=choice, most_unpaid=most_unpaid)
    if isinstance(outcome, Answer):
        return outcome
    if isinstance(outcome, Running):
        return await _join(it, sagas, outcome.order_id, key)
    sagas.start(outcome.order)
    finished = await sagas.wait(outcome.order.id, ANSWER_SECONDS)
    return await _answer(it, outcome.order, finished, key)


async def _begin(
    it: Parties, *, order: Order, key: Key | None, choice: AddressChoice, most_unpaid: int
) -> Outcome:
    for _ in range(NUMBER_ATTEMPTS):
        try:
            return await it.database.run(
                begin,
                order=order,
                key=key,
                choice=choice,
                most_unpaid=most_unpaid,
                now=it.clock.now(),
                until=it.lease_end(),
            )
        except IntegrityError as exc:
            if violated(exc) != "uq_orders_number":
                raise
            order = replace(order, number=new_number())
    raise RuntimeError(f"{NUMBER_ATTEMPTS} order numbers in a row were taken")


def begin(
    conn: Connection,
    *,
    order: Order,
    key: Key | None,
    choice: AddressChoice,
    most_unpaid: int,
    now: datetime,
    until: datetime,
) -> Outcome:
    """T1: the key and the order, or what the key stands for already."""
    if key is not None and not _is_new(conn, key, order, now):
        return _take_up(conn, key, now, until)
    if most_unpaid:
        _refuse_another(orders.list_unpaid(conn, order, most_unpaid), order, most_unpaid)
    order = addressed(conn, order, choice)
    orders.insert_order(conn, order)
    return Begun(order)


def _refuse_another(unpaid: Sequence[Any], order: Order, most: int) -> None:
    """Raises TooManyPendingOrders: nothing is stored, so that the key may try again."""
    if len(unpaid) >= most:
        raise TooManyPendingOrders(
            most,
            own=[one.id for one in unpaid if one.owner == order.owner],
            of_guest=is_guest(order.owner),
            passing=any(one.status == Status.PENDING for one in unpaid),
        )


def _is_new(conn: Connection, key: Key, order: Order, now: datetime) -> bool:
    row = {**vars(key), "route": ROUTE, "order_id": order.id, "created_at": now}
    while not keys.insert_key(conn, row):
        stored = keys.find_key(conn, key.caller, key.key)
        if stored is None:
            continue  # an old one that has just been forgotten
        if stored["status"] is None or stored["created_at"] > now - KEPT:
            return False
        keys.delete_key(conn, stored["order_id"])
    if keys.is_used_elsewhere(conn, key.caller, key.key):
        raise IdempotencyKeyReused
    return True


def _take_up(conn: Connection, key: Key, now: datetime, until: datetime) -> Outcome:
    """Rule 5: finished → replay; other payload → refuse; lease alive → wait; over → take over."""
    stored = keys.get_key(conn, key.caller, key.key)
    if (stored["route"], stored["fingerprint"]) != (ROUTE, key.fingerprint):
        raise IdempotencyKeyReused
    if stored["status"] is not None:
        return _replay(stored["status"], stored["body"])
    order = orders.find_order(conn, stored["order_id"])
    assert order is not None  # noqa: S101 - a foreign key
    if order.step == Step.AWAITING_ACTION:
        return answer_of(order)  # who lost the answer needs `next_action`
    if order.lease_until is None or order.lease_until > now:
        return Running(order.id)  # None: finished since its key was read
    taken = orders.take_over(conn, order, until)
    return Begun(taken) if taken else Running(order.id)


def _replay(status: int, body: Any) -> Answer:
    if status != 201:
        refusal = refusal_from(body)
        refusal.headers["Idempotent-Replayed"] = "true"
        raise refusal
    return Answer(status, body, _headers(body), replayed=True)


async def _join(it: Parties, sagas: Sagas, order_id: str, key: Key | None) -> Answer:
    assert key is not None  # noqa: S101 - only a key finds a running order
    await sagas.wait(order_id, KEY_WAIT_SECONDS)
    stored = await it.database.read(keys.get_key, key.caller, key.key)
    if stored["status"] is None:
        raise RequestInProgress
    return _replay(stored["status"], stored["body"])


async def _answer(it: Parties, begun: Order, finished: Order | None, key: Key | None) -> Answer:
    order = finished or await it.database.read(orders.find_order, begun.id)
    assert order is not None  # noqa: S101 - T1 has stored it
    if key is not None and order.fence != begun.fence:
        # Somebody else went on with it, and it may have been cancelled since: the answer is stored.
        stored = await it.database.read(keys.get_key, key.caller, key.key)
        if stored["status"] is not None:
            return _replay(stored["status"], stored["body"])
    return answer_of(order)


def answer_of(order: Order) -> Answer:
    if order.step == Step.FAILED:
        raise refusal_from(order.failure or {})
    body = render(order)
    return Answer(202 if order.unfinished else 201, body, _headers(body))


def _headers(body: dict[str, Any]) -> dict[str, str]:
    return {"Location": f"/api/orders/{body['id']}", "ETag": etag(body["version"])}
