"""Start a shop of our own for a benchmark, and fill it through its API."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from bench.words import Vocabulary

ADMIN = ("bench@example.com", "a-long-bench-password")


@dataclass(frozen=True)
class Shop:
    url: str
    process: subprocess.Popen[str]

    def get(self, path: str, headers: dict[str, str] | None = None) -> Any:
        request = urllib.request.Request(self.url + path, headers=headers or {})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_shop(data: Path | None = None, *, sample: bool = True) -> Iterator[Shop]:
    """With its data in a folder that stays, or in one that goes with it. Settings of services may
    be in the environment: CATALOG_DATABASE_URL for PostgreSQL."""
    port = free_port()
    with ExitStack() as stack:
        folder = str(data or stack.enter_context(TemporaryDirectory(prefix="shop-bench-")))
        Path(folder).mkdir(parents=True, exist_ok=True)
        if not sample:
            Path(folder, "sample-settled").touch()
        environment = {
            **os.environ,
            "GATEWAY_PORT": str(port),
            "DATA_DIR": folder,
            "RATE_LIMITS": "off",
            "ORDERS_MOST_UNPAID": "0",
            "ADMIN_EMAIL": ADMIN[0],
            "ADMIN_PASSWORD": ADMIN[1],
        }
        with Path(folder, "launcher.log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "launcher"], env=environment, stdout=log, text=True
            )
            try:
                shop = Shop(f"http://127.0.0.1:{port}", process)
                wait_until_healthy(shop, sample=sample)
                yield shop
            finally:
                process.terminate()
                process.wait(30)


def wait_until_healthy(shop: Shop, seconds: float = 60, *, sample: bool = True) -> None:
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at and shop.process.poll() is None:
        try:
            loaded = shop.get("/api/products")["items"] or not sample
            if shop.get("/api/health")["status"] == "ok" and loaded:
                return
        except (urllib.error.URLError, OSError, ValueError):
            pass
        time.sleep(0.2)
    raise SystemExit("the shop did not start; see the launcher's output")


async def many(
    url: str, count: int, call: Callable[[aiohttp.ClientSession, int], Awaitable[Any]]
) -> list[Any]:
    """`call` for 0 to count − 1, sixteen at a time."""
    results: list[Any] = [None] * count
    numbers = iter(range(count))

    async def worker(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            results[number] = await call(session, number)

    async with aiohttp.ClientSession(url) as session:
        await asyncio.gather(*(worker(session) for _ in range(16)))
    return results


def log_in(shop: Shop) -> dict[str, str]:
    body = json.dumps({"email": ADMIN[0], "password": ADMIN[1]}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(shop.url + "/api/auth/login", body, headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return {"Authorization": f"Bearer {json.load(answer)['access_token']}"}


def make_products(shop: Shop, count: int) -> list[str]:
    """Ids of `count` new products."""
    admin, words = log_in(shop), Vocabulary()

    async def make(session: aiohttp.ClientSession, number: int) -> str:
        product = {
            "sku": f"BENCH-{number:06}",
            "name": words.text(3).title(),
            "description": words.text(24),
            "price": {"amount": words.chance.randrange(100, 50_000), "currency": "USD"},
            "stock": 1_000_000,
            "status": "active",
        }
        async with session.post("/api/products", json=product, headers=admin) as answer:
            answer.raise_for_status()
            return str((await answer.json())["id"])

    return asyncio.run(many(shop.url, count, make))


def make_guest_carts(shop: Shop, products: list[str], count: int) -> list[str]:
    """Tokens of `count` guest carts with one product each."""

    async def make(session: aiohttp.ClientSession, number: int) -> str:
        line = {"product_id": products[number % len(products)], "quantity": 1}
        async with session.post("/api/cart", json=line) as answer:
            answer.raise_for_status()
            return str(answer.headers["X-Cart-Token"])

    return asyncio.run(many(shop.url, count, make))
