"""How fast a client goes on when it was too fast."""

import asyncio
from itertools import pairwise
from types import SimpleNamespace

import httpx2
import pytest

from shopcli.wire import Call, Wire

pytestmark = pytest.mark.anyio
REAL_SLEEP = asyncio.sleep


class Clock:
    """Time passes where the client sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    async def sleep(self, seconds: float) -> None:
        until = self.now + seconds
        await REAL_SLEEP(0)
        self.now = max(self.now, until)

    def monotonic(self) -> float:
        return self.now


async def test_once_it_was_told_to_slow_down_it_leaves_room_for_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr("shopcli.retry.time", SimpleNamespace(monotonic=clock.monotonic))
    monkeypatch.setattr("shopcli.retry.asyncio", SimpleNamespace(sleep=clock.sleep))
    sent: list[float] = []

    def answer(_: httpx2.Request) -> httpx2.Response:
        sent.append(clock.now)
        return httpx2.Response(429 if len(sent) == 41 else 200, json={})

    async with Wire("http://shop.test", transport=httpx2.MockTransport(answer)) as wire:
        for _ in range(100):
            await wire.send(Call("GET", "/api/products", {}, None))
    assert len(set(sent[:41])) == 1, "at full speed until then"
    spaces = [later - earlier for earlier, later in pairwise(sent[41:])]
    assert min(spaces) == pytest.approx(1 / 15), "15 of the 20 that an address has"
