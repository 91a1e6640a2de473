"""One round of the reconciler: what it looks at, and what came of it."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from orders.discrepancies import Finding, close, list_open, report
from orders.domain import Order
from orders.metrics import MENDED
from orders.parties import Parties
from orders.repository.orders import lock_order
from orders.views import timestamp
from shopkit.audit import SYSTEM
from shopkit.ids import first_id
from shopkit.logs import get_logger

log = get_logger()
SHOWN = 100
TOO_YOUNG = timedelta(minutes=1)
"""What is confirmed so lately is still being told to the others."""


@dataclass
class Round:
    it: Parties
    started_at: datetime
    since: datetime
    """Orders placed since then are compared."""
    whole: bool
    """Whether that is all there is to compare: then what is not seen any more is closed."""
    finished_at: datetime | None = None
    compared: Counter[str] = field(default_factory=Counter)
    mended: Counter[str] = field(default_factory=Counter)
    reported: Counter[str] = field(default_factory=Counter)
    closed: int = 0
    incomplete: dict[str, str] = field(default_factory=dict)
    """What could not be compared, and why."""
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    """By kind and subject."""
    skipped: set[str] = field(default_factory=set)
    """Orders that moved while they were looked at: the next round sees them."""

    @property
    def after(self) -> str:
        return first_id(self.since)

    @property
    def until(self) -> str:
        return first_id(self.started_at - TOO_YOUNG)

    def shown(self) -> dict[str, Any]:
        """JSON-able, with the first of the findings; staff have a list of all."""
        finished = timestamp(self.finished_at) if self.finished_at else None
        return {
            "started_at": timestamp(self.started_at),
            "finished_at": finished,
            "compared": dict(self.compared),
            "mended": dict(self.mended),
            "reported": dict(self.reported),
            "closed": self.closed,
            "incomplete": self.incomplete,
            "findings": [vars(one) for one in islice(self.findings.values(), SHOWN)],
        }

    def mend(self, what: str, order_id: str) -> None:
        """Note that something was put right."""
        log.warning("mended", what=what, order_id=order_id)
        self.mended[what] += 1
        MENDED.labels(what).inc()

    async def report(self, finding: Finding, order: Order | None = None) -> None:
        """Put it on the staff's list, unless `order` has changed since it was read."""
        version = order.version if order else None
        now = self.it.clock.now()
        new = await self.it.database.run(report_unchanged, finding, version, now=now)
        if new is None:
            self.skipped.add(finding.order_id or "")
            return
        self.findings[finding.kind, finding.subject] = finding
        self.reported[finding.kind] += 1
        if new:
            log.warning("discrepancy", **vars(finding))

    async def close_unseen(self, kinds: Collection[str], prefix: str = "", after: str = "") -> None:
        """What is on the list of these kinds, with such a subject, of orders placed after that."""
        if self.whole:
            self.closed += await self.it.database.run(_close_unseen, self, kinds, prefix, after)


def report_unchanged(
    conn: Connection, finding: Finding, version: int | None, *, now: datetime
) -> bool | None:
    """True when it is new on the list, None when the order is not what was looked at."""
    read = version is not None and finding.order_id is not None
    if read and lock_order(conn, finding.order_id or "").version != version:
        return None
    return report(conn, finding, now=now)


def _close_unseen(
    conn: Connection, it: Round, kinds: Collection[str], prefix: str, after: str
) -> int:
    gone = [
        row
        for row in list_open(conn, kinds)
        if row["subject"].startswith(prefix)
        and (row["kind"], row["subject"]) not in it.findings
        and row["order_id"] not in it.skipped
        and (row["order_id"] or "") >= after
    ]
    for row in gone:
        close(conn, row["id"], by=SYSTEM, note="It is gone.", now=it.started_at)
    return len(gone)
