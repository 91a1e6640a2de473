"""The four services as processes on Unix sockets, to be killed, stopped and started again."""

import asyncio
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import httpx2

from auth.main import MIGRATIONS as AUTH_MIGRATIONS
from cart.settings import MIGRATIONS as CART_MIGRATIONS
from catalog.main import MIGRATIONS as CATALOG_MIGRATIONS
from orders.settings import MIGRATIONS as ORDERS_MIGRATIONS
from shopkit.forked import end, start_program
from shopkit.testing import TestDatabases

MIGRATIONS = {
    "auth": AUTH_MIGRATIONS,
    "catalog": CATALOG_MIGRATIONS,
    "cart": CART_MIGRATIONS,
    "orders": ORDERS_MIGRATIONS,
}
ADMIN = {"email": "admin@example.com", "password": "the one who runs these tests"}
START_SECONDS = 60.0


@dataclass
class ShopProcesses:
    """`databases` are migrated. Sockets and logs are in `folder`, whose path must be short."""

    folder: Path
    databases: Mapping[str, str]
    processes: dict[str, ForkServerProcess] = field(default_factory=dict)
    clients: dict[str, httpx2.AsyncClient] = field(default_factory=dict)

    def client(self, name: str) -> httpx2.AsyncClient:
        """Of the public listener; it outlives the processes behind it."""
        if name not in self.clients:
            limits = httpx2.Limits(max_connections=200, max_keepalive_connections=50)
            transport = httpx2.AsyncHTTPTransport(uds=self.socket(name), limits=limits)
            self.clients[name] = httpx2.AsyncClient(
                transport=transport, base_url="http://shop", timeout=30
            )
        return self.clients[name]

    def socket(self, name: str) -> str:
        return str(self.folder / f"{name}.sock")

    def log(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def settings(self, name: str) -> dict[str, str]:
        inside = {other: f"unix:{self.folder}/{other}-in.sock" for other in MIGRATIONS}
        secrets = {
            caller: f"client-secret-of-{caller}-" + "x" * 32
            for caller in ("catalog", "cart", "orders")
        }
        found = {
            "DATABASE_URL": self.databases[name],
            "LISTEN": f"unix:{self.socket(name)}",
            "INTERNAL_LISTEN": inside[name],
            "AUTH_URL": inside["auth"],
            "JWKS_CACHE": str(self.folder / f"{name}-jwks.json"),
            "LOG_LEVEL": "WARNING",
        }
        own = {
            "auth": {
                "KEYS_DIR": str(self.folder / "keys"),
                "SERVICE_CLIENTS": str(secrets).replace("'", '"'),
                "ADMIN_EMAIL": ADMIN["email"],
                "ADMIN_PASSWORD": ADMIN["password"],
                "MAIL_URL": f"file:{self.folder}/mail",
            },
            "catalog": {"CLIENT_SECRET": secrets["catalog"]},
            "cart": {"CLIENT_SECRET": secrets["cart"], "CATALOG_URL": inside["catalog"]},
            "orders": {
                "CLIENT_SECRET": secrets["orders"],
                "CATALOG_URL": inside["catalog"],
                "CART_URL": inside["cart"],
                "MAIL_URL": f"file:{self.folder}/mail",
                "MOST_UNPAID": "0",
            },
        }
        found |= own[name]
        return {f"{name.upper()}_{key}": value for key, value in found.items()}

    def spawn(self, name: str, command: str, **more: str) -> ForkServerProcess:
        named = {f"{name.upper()}_{key.upper()}": value for key, value in more.items()}
        return self.run(name, command, self.settings(name) | named, log=name)

    def run(
        self, package: str, command: str, settings: Mapping[str, str], *, log: str
    ) -> ForkServerProcess:
        return start_program(package, command, settings, self.folder / f"{log}.log")

    def command(self, name: str, command: str) -> None:
        process = self.spawn(name, command)
        process.join(START_SECONDS)
        assert process.exitcode == 0, self.log(name)

    async def start(self, *names: str, **more: str) -> None:
        """Start services and wait until they can serve; `failpoints="after_t1:kill"` and the like
        are their settings."""
        for name in names:
            assert name not in self.processes
            self.processes[name] = self.spawn(name, "serve", **more)
        for name in names:
            await self.ready(name)

    async def ready(self, name: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            assert self.processes[name].is_alive(), self.log(name)
            assert time.monotonic() < deadline, f"{name} is not ready\n{self.log(name)}"
            try:
                if (await self.client(name).get("/readyz")).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.02)

    async def kill(self, name: str) -> None:
        """As `kill -9` does."""
        await self._end(name, signal.SIGKILL)

    async def stop(self, name: str) -> None:
        await self._end(name, signal.SIGTERM)

    async def _end(self, name: str, number: signal.Signals) -> None:
        process = self.processes.pop(name)
        # Not here: a client of this loop may be in the middle of a request that it waits for.
        await asyncio.to_thread(end, process, number, START_SECONDS)

    async def dies(self, name: str) -> None:
        """Wait for a process that a failpoint kills."""
        process = self.processes.pop(name)
        deadline = time.monotonic() + START_SECONDS
        while process.is_alive():
            assert time.monotonic() < deadline, f"{name} lives on\n{self.log(name)}"
            await asyncio.sleep(0.01)
        assert process.exitcode == -signal.SIGKILL, self.log(name)

    async def close(self) -> None:
        for name in list(self.processes):
            await self.kill(name)
        for client in self.clients.values():
            await client.aclose()


@contextmanager
def short_folder() -> Iterator[Path]:
    """A socket's path has 107 characters at most."""
    folder = Path(tempfile.mkdtemp(prefix="shop-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def running_shop(databases: TestDatabases, **orders: str) -> AsyncIterator[ShopProcesses]:
    """All four, ready, with an admin; `orders` are more settings of orders."""
    with short_folder() as folder:
        urls = {name: databases.fresh(path) for name, path in MIGRATIONS.items()}
        shop = ShopProcesses(folder, urls)
        try:
            shop.command("auth", "create-key")
            shop.command("auth", "create-admin")
            await shop.start("auth", "catalog", "cart")
            await shop.start("orders", **orders)
            yield shop
        finally:
            await shop.close()
