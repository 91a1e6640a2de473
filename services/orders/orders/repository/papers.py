"""Payments, refunds, fulfillments and returns, by order."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, Update, bindparam, insert, select, update

from orders.models import fulfillments, payments, refunds, returns
from orders.records import Fulfillment, Payment, PaymentState, Refund, Return

Paper = Payment | Refund | Fulfillment | Return
P = TypeVar("P", Payment, Refund, Fulfillment, Return)

PAPERS: dict[str, tuple[Table, type[Paper]]] = {
    "payments": (payments, Payment),
    "refunds": (refunds, Refund),
    "fulfillments": (fulfillments, Fulfillment),
    "returns": (returns, Return),
}
"""By the attribute of an order."""
_TABLE_OF = {kind: table for table, kind in PAPERS.values()}
_INSERT = {kind: insert(table) for kind, table in _TABLE_OF.items()}
_SELECT = {
    kind: select(*(table.c[item.name] for item in fields(kind)))
    .where(table.c.order_id.in_(bindparam("order_ids", expanding=True)))
    .order_by(table.c.order_id, table.c.id)
    for kind, table in _TABLE_OF.items()
}
BY_INTENT = select(payments.c.order_id).where(
    payments.c.method == bindparam("method"), payments.c.intent_id == bindparam("intent_id")
)
RESERVE_REFUND = (
    update(payments)
    .where(
        payments.c.id == bindparam("b_id"),
        payments.c.captured - payments.c.refunded - payments.c.refund_pending
        >= bindparam("b_amount"),
    )
    .values(refund_pending=payments.c.refund_pending + bindparam("b_amount"))
)


def read_papers(conn: Connection, order_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """By order and attribute; the oldest first."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    if order_ids:
        for name, (_, kind) in PAPERS.items():
            for row in conn.execute(_SELECT[kind], {"order_ids": list(order_ids)}):
                paper = _record(kind, row)
                of_order = found[paper.order_id]
                of_order[name] = (*of_order.get(name, ()), paper)
    return found


def _record(kind: type[Paper], row: Any) -> Paper:
    values = dict(row._mapping)
    if kind is Payment:
        values["state"] = PaymentState(values["state"])
    return kind(**values)


def insert_paper(conn: Connection, paper: Paper) -> None:
    """Of an order that has `has_papers`."""
    conn.execute(_INSERT[type(paper)], asdict(paper))


def update_paper(conn: Connection, paper: P, **changes: Any) -> P:
    """Of an order that is locked, or whose fence is ours."""
    statement = _update(_TABLE_OF[type(paper)], tuple(changes))
    conn.execute(statement, {"b_id": paper.id, **changes})
    return replace(paper, **changes)


@cache
def _update(table: Table, columns: tuple[str, ...]) -> Update:
    values: dict[str, Any] = {name: bindparam(name) for name in columns}
    return update(table).where(table.c.id == bindparam("b_id")).values(values)


def reserve_refund(conn: Connection, payment: Payment, amount: int) -> bool:
    """Rule 8: set `amount` aside to be refunded; False when so much is not left."""
    wanted = {"b_id": payment.id, "b_amount": amount}
    return conn.execute(RESERVE_REFUND, wanted).rowcount == 1


def find_order_of_intent(conn: Connection, method: str, intent_id: str) -> str | None:
    """The order for whose payment a provider has this intent."""
    named = {"method": method, "intent_id": intent_id}
    found = conn.execute(BY_INTENT, named).scalar_one_or_none()
    return None if found is None else str(found)
