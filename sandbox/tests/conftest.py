from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from paysandbox.main import Sandbox, build
from paysandbox.settings import SandboxSettings
from shopkit.clock import FrozenClock
from shopkit.ids import new_id
from shopkit.testing import client_for

API_KEY = "sandbox-key-for-tests"
Answer = httpx2.Response


@dataclass
class Shop:
    """The sandbox's customer, which has its API key."""

    http: httpx2.AsyncClient

    async def post(self, path: str, json: Any = None, key: str | None = None) -> Answer:
        headers = {"authorization": f"Bearer {API_KEY}"} | ({"idempotency-key": key} if key else {})
        return await self.http.post(f"/v1/{path}", json=json, headers=headers)

    async def get(self, path: str, **query: Any) -> Any:
        headers = {"authorization": f"Bearer {API_KEY}"}
        answer = await self.http.get(f"/v1/{path}", params=query, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def intent(self, amount: int = 1999, currency: str = "USD", reference: str = "") -> str:
        body = {"reference": reference or new_id(), "amount": amount, "currency": currency}
        answer = await self.post("intents", body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    async def authorize(self, intent: str, token: str = "tok_success", key: str = "") -> Answer:
        return await self.post(f"intents/{intent}/authorize", {"token": token}, key or new_id())

    async def capture(self, intent: str, amount: int = 1999, key: str = "") -> Answer:
        return await self.post(f"intents/{intent}/capture", {"amount": amount}, key or new_id())

    async def refund(self, intent: str, amount: int, key: str = "") -> Answer:
        return await self.post(f"intents/{intent}/refunds", {"amount": amount}, key or new_id())

    async def cancel(self, intent: str) -> Answer:
        return await self.post(f"intents/{intent}/cancel")

    async def captured(self, amount: int = 1999) -> str:
        intent = await self.intent(amount)
        await self.authorize(intent)
        assert (await self.capture(intent, amount)).status_code == 200
        return intent

    async def status(self, intent: str) -> str:
        return str((await self.get(f"intents/{intent}"))["status"])

    async def moved(self, intent: str) -> list[tuple[str, int]]:
        """What the ledger has of the intent."""
        reference = (await self.get(f"intents/{intent}"))["reference"]
        page = await self.get("ledger", reference=reference)
        return [(entry["kind"], entry["amount"]) for entry in page["items"]]


@pytest.fixture
def settings(tmp_path: Path) -> SandboxSettings:
    return SandboxSettings(database=tmp_path / "sandbox.db", api_key=API_KEY, slow_seconds=0.2)


@pytest.fixture
async def sandbox(settings: SandboxSettings, clock: FrozenClock) -> AsyncIterator[Sandbox]:
    found = build(settings, clock=clock)
    async with found.running():
        yield found


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_for(sandbox.app) as client:
        yield client


@pytest.fixture
def shop(http: httpx2.AsyncClient) -> Shop:
    return Shop(http)
