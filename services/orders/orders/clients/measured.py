"""A provider whose answers are timed, and whose silence is counted."""

import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from orders.clients.provider import Event, Intent, Provider, RefundStatus
from orders.metrics import PROVIDER_ERRORS, PROVIDER_SECONDS
from shopkit.errors import Unavailable


class MeasuredProvider:
    """A Provider around another; what it refuses is an answer like others."""

    def __init__(self, name: str, provider: Provider) -> None:
        self._name, self._provider = name, provider

    @property
    def live(self) -> bool:
        return self._provider.live

    async def intent(self, reference: str, *, amount: int, currency: str) -> Intent:
        with self._measured("intent"):
            return await self._provider.intent(reference, amount=amount, currency=currency)

    async def authorize(self, intent_id: str, *, token: str, key: str) -> Intent:
        with self._measured("authorize"):
            return await self._provider.authorize(intent_id, token=token, key=key)

    async def find(self, intent_id: str) -> Intent:
        with self._measured("find"):
            return await self._provider.find(intent_id)

    async def capture(self, intent_id: str, *, amount: int, key: str) -> Intent:
        with self._measured("capture"):
            return await self._provider.capture(intent_id, amount=amount, key=key)

    async def void(self, intent_id: str) -> Intent:
        with self._measured("void"):
            return await self._provider.void(intent_id)

    async def refund(self, intent_id: str, *, amount: int, key: str) -> RefundStatus:
        with self._measured("refund"):
            return await self._provider.refund(intent_id, amount=amount, key=key)

    def event(self, body: bytes, headers: Mapping[str, str]) -> Event:
        return self._provider.event(body, headers)

    async def list(self, since: datetime) -> AsyncIterator[Intent]:
        """Only errors are counted: most of the time is its reader's."""
        with self._counted("list"):
            async for intent in self._provider.list(since):
                yield intent

    async def close(self) -> None:
        await self._provider.close()

    @contextmanager
    def _measured(self, call: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            with self._counted(call):
                yield
        finally:
            PROVIDER_SECONDS.labels(self._name, call).observe(time.perf_counter() - began)

    @contextmanager
    def _counted(self, call: str) -> Iterator[None]:
        try:
            yield
        except Unavailable:
            PROVIDER_ERRORS.labels(self._name, call).inc()
            raise
