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
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp
import asyncpg

from bench.words import Vocabulary

ROOT = Path(__file__).parents[1]
SERVICES = ("auth", "catalog", "cart", "orders")
ADMIN = ("bench@example.com", "a-long-bench-password")


@dataclass(frozen=True)
class Shop:
    url: str
    process: subprocess.Popen[Any]

    def get(self, path: str, headers: dict[str, str] | None = None) -> Any:
        request = urllib.request.Request(self.url + path, headers=headers or {})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Any:
        headers = {"Content-Type": "application/json", **(headers or {})}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_shop(
    data: Path | None = None,
    *,
    sample: bool = True,
    postgres: str | None = os.environ.get("TEST_POSTGRES_URL"),
    root: Path = ROOT,
    limits: str = "off",
) -> Iterator[Shop]:
    """With its data in a folder that stays, or in one that goes with it; with a database for each
    service in the cluster at `postgres`, or on SQLite. `root`: another checkout, with a virtual
    environment of its own. `limits`: of clients' addresses."""
    port = free_port()
    with ExitStack() as stack:
        folder = str(data or stack.enter_context(TemporaryDirectory(prefix="shop-bench-")))
        Path(folder).mkdir(parents=True, exist_ok=True)
        if not sample:
            Path(folder, "sample-settled").touch()
        environment = _environment(Path(folder), port, postgres) | {"RATE_LIMITS": limits}
        python = sys.executable if root == ROOT else str(root / ".venv" / "bin" / "python")
        output = Path(folder, "launcher.log")
        with output.open("w") as log:
            process = subprocess.Popen(
                [python, "-m", "launcher"], env=environment, stdout=log, stderr=log, cwd=root
            )
            try:
                shop = Shop(f"http://127.0.0.1:{port}", process)
                if not is_healthy(shop, sample=sample):
                    raise SystemExit(f"the shop did not start:\n{output.read_text()}")
                yield shop
            finally:
                process.terminate()
                process.wait(30)


def _environment(folder: Path, port: int, postgres: str | None) -> dict[str, str]:
    return {
        **(postgres_databases(postgres, folder) if postgres else {}),
        **os.environ,
        "GATEWAY_PORT": str(port),
        "DATA_DIR": str(folder),
        "ORDERS_MOST_UNPAID": "0",
        "CART_MOST_PER_LINE": "9999",
        "ADMIN_EMAIL": ADMIN[0],
        "ADMIN_PASSWORD": ADMIN[1],
    }


def postgres_databases(cluster: str, folder: Path) -> dict[str, str]:
    """Settings with a database for each service; that of before, if `folder` had one."""
    kept = folder / "postgres.json"
    if not kept.exists():
        names = {service: f"bench_{service}_{uuid4().hex[:8]}" for service in SERVICES}
        asyncio.run(_create(cluster, names.values()))
        kept.write_text(json.dumps(names))
    return {
        f"{service.upper()}_DATABASE_URL": urlsplit(cluster)._replace(path=f"/{name}").geturl()
        for service, name in json.loads(kept.read_text()).items()
    }


async def _create(cluster: str, names: Iterable[str]) -> None:
    for name in names:
        await _execute(cluster, f'CREATE DATABASE "{name}"')


def analyze(databases: Iterable[str]) -> None:
    """What autovacuum does within a minute after many rows came, now."""
    for url in databases:
        asyncio.run(_execute(url, "VACUUM ANALYZE"))


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


def is_healthy(shop: Shop, seconds: float = 90, *, sample: bool = True) -> bool:
    """As soon as it is; False when it is not in time."""
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at and shop.process.poll() is None:
        try:
            loaded = shop.get("/api/products")["items"] or not sample
            if shop.get("/api/health")["status"] == "ok" and loaded:
                return True
        except (urllib.error.URLError, OSError, ValueError):
            pass
        time.sleep(0.05)
    return False


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


def log_in(shop: Shop, email: str = ADMIN[0], password: str = ADMIN[1]) -> dict[str, str]:
    """The Authorization header of the admin, or of somebody else."""
    answer = shop.post("/api/auth/login", {"email": email, "password": password})
    return {"Authorization": f"Bearer {answer['access_token']}"}


def product_texts(count: int) -> Iterator[dict[str, Any]]:
    """What products are made of, the same in every run."""
    words = Vocabulary()
    for number in range(count):
        yield {
            "sku": f"BENCH-{number:06}",
            "name": words.text(3).title(),
            "description": words.text(24),
            "price": {"amount": words.chance.randrange(100, 50_000), "currency": "USD"},
            "stock": 1_000_000,
        }


def make_products(shop: Shop, count: int) -> list[str]:
    """Ids of `count` new products."""
    admin, texts = log_in(shop), list(product_texts(count))

    async def make(session: aiohttp.ClientSession, number: int) -> str:
        product = {**texts[number], "status": "active"}
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
