"""Asking the shop until it answers, as a client on a bad network should."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx2

from shopkit.ids import new_id
from tests.faults.memory import Memory, Sent, code_of
from tests.faults.staging import Staging

PATIENCE_SECONDS = 120.0
AGAIN = {408, 425, 429, 503, 507}
WAIT_CODES = {"request_in_progress", "cart_locked"}


class NoAnswer(Exception):
    """Nobody should have to wait so long."""


@dataclass
class Voice:
    """One client: what it sends and hears goes into the memory."""

    who: str
    shop: Staging
    memory: Memory
    random: Random
    headers: Mapping[str, str]

    def sent(
        self,
        service: str,
        method: str,
        path: str,
        *,
        json: Any = None,
        form: dict[str, str] | None = None,
        keyed: bool = False,
    ) -> Sent:
        headers = dict(self.headers) | ({"idempotency-key": new_id()} if keyed else {})
        return Sent(service, method, path, headers, json, form)

    async def once(self, sent: Sent) -> httpx2.Response | None:
        """None when no answer came."""
        client, answer, began = self.shop.front(sent.service), None, time.monotonic()
        with suppress(httpx2.TransportError):
            answer = await client.request(
                sent.method, sent.path, headers=sent.headers, json=sent.json, data=sent.form
            )
        self.memory.note(self.who, sent, answer, time.monotonic() - began)
        return answer

    async def insist(self, sent: Sent) -> httpx2.Response:
        """The same request again until there is a final answer, or 202. Raises NoAnswer."""
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < ends_at:
            answer = await self.once(sent)
            if answer is not None and not _says_wait(answer):
                if answer.status_code != 202:
                    self.memory.settle(sent, answer)
                return answer
            await asyncio.sleep(self.random.uniform(0.1, 0.4))
        self.memory.wrong.append(f"{self.who}: no answer to {sent.path} {sent.key}")
        raise NoAnswer(sent.path)

    async def look(self, path: str) -> dict[str, Any]:
        """An order as it is now."""
        answer = await self.insist(self.sent("orders", "GET", path))
        found: dict[str, Any] = answer.json()
        return found

    async def do(self, path: str, json: Any = None, *, keyed: bool = True) -> httpx2.Response:
        """A change to an order; what it answers is remembered."""
        answer = await self.insist(self.sent("orders", "POST", path, json=json, keyed=keyed))
        if answer.is_success:
            self.memory.keep(answer.json())
        return answer


def _says_wait(answer: httpx2.Response) -> bool:
    return answer.status_code in AGAIN or code_of(answer) in WAIT_CODES
