"""Changes to an order that is placed: each in one transaction, once per idempotency key."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import Connection

from orders.auditing import record_change
from orders.domain import Actor, Order
from orders.models import idempotency_keys
from orders.repository.keys import find_key
from orders.repository.orders import lock_order
from orders.views import render
from shopkit.conditional import etag
from shopkit.errors import IdempotencyKeyReused
from shopkit.idempotency import Answer, fingerprint, replayable


@dataclass(frozen=True)
class Request:
    """Who asks for a change, through which route, under which key."""

    caller: str
    """Keys of one caller do not meet those of another."""
    actor: Actor
    route: str
    """The name of what is done; after a colon, to which part of the order."""
    key: str | None


def once(
    conn: Connection,
    request: Request,
    order_id: str,
    payload: BaseModel | None,
    effect: Callable[[Order], Order],
    *,
    now: datetime,
) -> Answer:
    """The answer is the order as `effect` has left it, also when the request is repeated later.

    Raises IdempotencyKeyReused, and what `effect` raises; then nothing has happened.
    """

    if request.key and find_key(conn, request.caller, request.key):
        raise IdempotencyKeyReused  # of a checkout

    def change() -> Answer:
        order = lock_order(conn, order_id)
        changed = effect(order)
        action = request.route.partition(":")[0]
        record_change(conn, action, order, changed, actor=request.actor, now=now)
        return Answer(
            201,
            render(changed, for_staff=request.actor.kind == "staff"),
            {"ETag": etag(changed.version)},
        )

    return replayable(
        conn,
        table=idempotency_keys,
        key=request.key,
        caller=request.caller,
        route=request.route,
        fingerprint=fingerprint(payload, order_id),
        now=now,
        effect=change,
    )
