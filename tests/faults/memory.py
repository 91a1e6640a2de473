"""What the clients were told: every answer, and what must therefore stay true."""

import time
from dataclasses import dataclass, field
from typing import Any

import httpx2

UNFIT = frozenset({500, 501, 502, 504, 507})
"""Whatever happens, this is no answer; but 507 is one while the disk is full."""


CHECKOUT = "/api/orders"


@dataclass(frozen=True)
class Sent:
    """A request that may be repeated: the same every time."""

    service: str
    method: str
    path: str
    headers: dict[str, str]
    json: Any = None
    form: dict[str, str] | None = None

    @property
    def key(self) -> str:
        return self.headers.get("idempotency-key", "")


@dataclass
class Memory:
    """Of all clients together."""

    entries: list[tuple[Any, ...]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """What no client should ever have seen."""
    final: dict[str, tuple[Sent, httpx2.Response]] = field(default_factory=dict)
    """The first final answer to each key."""
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the first 201 of a checkout said, by order."""
    cancelled: set[str] = field(default_factory=set)
    papers: dict[str, set[str]] = field(default_factory=dict)
    """Ids of refunds, fulfillments and returns that somebody was told of, by order."""
    refusals: dict[str, int] = field(default_factory=dict)
    disk_fills: bool = False
    began: float = field(default_factory=time.monotonic)

    def note(self, who: str, sent: Sent, answer: httpx2.Response | None, took: float) -> None:
        at = round(time.monotonic() - self.began, 3)
        status = answer.status_code if answer is not None else None
        code = code_of(answer) if answer is not None else "no answer"
        self.entries.append(
            (at, who, sent.method, sent.path, sent.key, status, code, round(took, 3))
        )
        if status in UNFIT and not (status == 507 and self.disk_fills):
            self.wrong.append(f"{at} {who} {sent.method} {sent.path}: {status} {code}")

    def settle(self, sent: Sent, answer: httpx2.Response) -> None:
        """A final answer; it is the same for ever."""
        if not sent.key or not (answer.is_success or sent.path == CHECKOUT):
            return  # elsewhere a refusal is not stored: the next time it may be allowed
        _, first = self.final.setdefault(sent.key, (sent, answer))
        if not same(first, answer):
            self.wrong.append(f"{sent.path} {sent.key}: {first.text} then {answer.text}")

    def keep(self, order: dict[str, Any]) -> None:
        """An answer that names what was done to an order."""
        known = self.papers.setdefault(order["id"], set())
        for name in ("refunds", "fulfillments", "returns"):
            known |= {paper["id"] for paper in order[name]}


def same(first: httpx2.Response, again: httpx2.Response) -> bool:
    """Whether two final answers say the same. PostgreSQL sorts the members of what it stores, so
    that who read an order there shows its timeline in other words' order than who made it."""
    if (first.status_code, code_of(first)) != (again.status_code, code_of(again)):
        return False
    return first.status_code != 201 or bool(first.json() == again.json())


def code_of(answer: httpx2.Response) -> str:
    if answer.is_success or answer.status_code < 400:
        return ""
    try:
        return str(answer.json().get("code", ""))
    except ValueError:
        return answer.text[:80]
