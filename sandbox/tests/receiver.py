"""What webhooks are sent to in tests, over a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

PATIENCE = 20.0


@dataclass
class Receiver:
    taken: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)
    """Bodies and headers of what was answered with 200."""
    refusals: int = 0
    """How many more are answered with 500."""
    refused: list[str] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)

    async def handle(self, request: web.Request) -> web.Response:
        body, headers = await request.read(), dict(request.headers)
        self.paths.add(request.path)
        if self.refusals:
            self.refusals -= 1
            self.refused.append(request.headers["webhook-id"])
            return web.Response(status=500)
        self.taken.append((body, headers))
        return web.Response()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body, _ in self.taken]

    def of(self, intent: str) -> set[str]:
        """The types of what was told about the intent."""
        return {e["type"] for e in self.events if e["data"]["intent"]["id"] == intent}


async def wait_until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def receiving(path: Path) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/{path:.*}", receiver.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(path)).start()
    try:
        yield receiver
    finally:
        await runner.cleanup()
