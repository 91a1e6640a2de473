"""I5: what the provider's books say of every order, beside what orders says of it."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.shop_invariants import query

SETTLED = {"paid", "partially_refunded", "refunded"}


@dataclass
class Attempt:
    """One payment at the provider, from its ledger; amounts in minor units."""

    rows: Counter[str] = field(default_factory=Counter)
    sums: Counter[str] = field(default_factory=Counter)

    @property
    def net(self) -> int:
        return self.sums["capture"] - self.sums["refund"]

    @property
    def is_held(self) -> bool:
        return self.rows["authorize"] > self.rows["void"] + self.rows["capture"]


async def attempts(sandbox: str) -> dict[str, Attempt]:
    """By reference: `o:<order>:<attempt>`."""
    found: dict[str, Attempt] = defaultdict(Attempt)
    for reference, kind, amount in await query(
        sandbox, "SELECT reference, kind, amount FROM ledger"
    ):
        found[reference].rows[kind] += 1
        found[reference].sums[kind] += amount
    return found


async def check_payments(databases: Mapping[str, str]) -> list[str]:
    """Every difference; none when all is as it should be."""
    books, orders = await attempts(databases["sandbox"]), databases["orders"]
    wrong = await _attempt_by_attempt(orders, books)
    wrong += await _order_by_order(orders, books)
    wrong += await _refunds(orders)
    found = await query(orders, "SELECT kind, subject, detail FROM discrepancies")
    return wrong + [f"discrepancy: {row}" for row in found]


async def _attempt_by_attempt(orders: str, books: Mapping[str, Attempt]) -> list[str]:
    wrong = []
    rows = await query(
        orders,
        "SELECT order_id, attempt, state, captured, refunded, refund_pending FROM payments "
        "WHERE method <> 'manual'",
    )
    ours = {f"o:{row[0]}:{row[1]}": row[2:] for row in rows}
    wrong += [f"{reference}: nobody here knows it" for reference in books.keys() - ours.keys()]
    for reference, (state, captured, refunded, pending) in ours.items():
        seen = books.get(reference, Attempt())
        there = (seen.sums["capture"], seen.sums["refund"], 0)
        if there != (captured, refunded, pending):
            wrong.append(f"{reference}: {there} there, {(captured, refunded, pending)} here")
        if seen.is_held != (state == "authorized"):
            wrong.append(f"{reference}: {state} here, and held there: {seen.is_held}")
    return wrong


async def _order_by_order(orders: str, books: Mapping[str, Attempt]) -> list[str]:
    of_order: dict[str, list[Attempt]] = defaultdict(list)
    for reference, attempt in books.items():
        of_order[reference.split(":")[1]].append(attempt)
    rows = await query(
        orders, "SELECT id, status, payment_status, payment_method, total FROM orders"
    )
    return [
        f"order {id}: {problem}"
        for id, status, payment, method, total in rows
        for problem in _problems(status, payment, method, total, of_order.get(id, []))
    ]


def _problems(
    status: str, payment: str, method: str, total: int | None, found: list[Attempt]
) -> list[str]:
    captures = sum(attempt.rows["capture"] for attempt in found)
    net, held = sum(one.net for one in found), sum(one.is_held for one in found)
    wrong = []
    if captures > 1:
        wrong.append(f"captured {captures} times")
    if status in ("failed", "cancelled") and (net or held):
        wrong.append(f"{status}, and the provider has {net} and {held} holds")
    if status in ("confirmed", "completed") and method != "manual":
        paid = payment in SETTLED and captures == 1 and not held
        if not (paid or (payment == "authorized" and held == 1 and not captures)):
            wrong.append(f"{status} and {payment}, with {captures} captures and {held} holds")
    captured = sum(attempt.sums["capture"] for attempt in found)
    if captures and captured != total:
        wrong.append(f"{captured} captured of {total}")
    return wrong


async def _refunds(orders: str) -> list[str]:
    """Σ of what was refunded is what its payment says, by hand or by the provider."""
    rows = await query(
        orders,
        "SELECT p.id, p.captured, p.refunded, sum(r.amount) FROM payments p JOIN refunds r "
        "ON r.payment_id = p.id AND r.status = 'succeeded' GROUP BY p.id, p.captured, p.refunded",
    )
    return [
        f"payment {id}: {refunded} of {captured} went back, in refunds of {total}"
        for id, captured, refunded, total in rows
        if refunded != total or refunded > captured
    ]
