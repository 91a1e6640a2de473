"""Which copy of the service reconciles, and what it goes through."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select, text, update

from orders.models import NOT_AT_ITS_END, orders, payments, reconciliations
from orders.states import Step
from shopkit.ids import first_id
from shopkit.tables import insert_or_ignore

NAME = "orders"
PAGE = 200
_mine = reconciliations.c
TAKE = (
    update(reconciliations)
    .where(
        _mine.name == NAME,
        or_(
            _mine.lease_until.is_(None),
            _mine.lease_until <= bindparam("now"),
            _mine.holder == bindparam("b_holder"),
        ),
    )
    .values(holder=bindparam("b_holder"), lease_until=bindparam("until"))
)
LET_GO = (
    update(reconciliations)
    .where(_mine.name == NAME, _mine.holder == bindparam("b_holder"))
    .values(lease_until=None)
)
CONFIRMED = (
    select(orders.c.id, orders.c.version)
    .where(
        orders.c.id > bindparam("after"),
        orders.c.id < bindparam("until"),
        orders.c.step == Step.CONFIRMED.value,
    )
    .order_by(orders.c.id)
    .limit(PAGE)
)
PAYMENTS = (
    select(payments.c.id, payments.c.order_id, payments.c.intent_id)
    .join(orders, orders.c.id == payments.c.order_id)
    .where(
        payments.c.id > bindparam("after"),
        payments.c.id < bindparam("until"),
        payments.c.method == bindparam("method"),
        payments.c.intent_id.is_not(None),
        orders.c.lease_until.is_(None),
    )
    .order_by(payments.c.id)
    .limit(PAGE)
)
OPEN_PAYMENTS = PAYMENTS.where(text(f"({NOT_AT_ITS_END})"))


def take_lease(conn: Connection, holder: str, *, now: datetime, until: datetime) -> bool:
    """True when it is this holder's until then; also to keep it longer."""
    insert_or_ignore(conn, reconciliations, {"name": NAME})
    return conn.execute(TAKE, {"b_holder": holder, "now": now, "until": until}).rowcount == 1


def let_go(conn: Connection, holder: str, *, completed_at: datetime | None) -> None:
    """End the lease; `completed_at` when everything was compared."""
    conn.execute(LET_GO, {"b_holder": holder})
    if completed_at is not None:
        conn.execute(
            update(reconciliations).where(_mine.name == NAME).values(completed_at=completed_at)
        )


def list_confirmed(conn: Connection, *, after: str, until: str) -> Sequence[Any]:
    """A page of (id, version) of orders that are at rest and not given up, by id."""
    return conn.execute(CONFIRMED, {"after": after, "until": until}).all()


def list_payments(
    conn: Connection, method: str, *, since: datetime, after: str, until: str
) -> Sequence[Any]:
    """A page of (id, order_id, intent_id), by id, of what was begun at a provider since then."""
    after = max(after, first_id(since))
    return conn.execute(PAYMENTS, {"method": method, "after": after, "until": until}).all()


def list_open_payments(
    conn: Connection, method: str, *, since: datetime, after: str, until: str
) -> Sequence[Any]:
    """The same of what is older, and not at its end."""
    until = min(until, first_id(since))
    return conn.execute(OPEN_PAYMENTS, {"method": method, "after": after, "until": until}).all()
