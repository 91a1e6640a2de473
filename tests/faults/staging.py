"""The whole shop with its payment provider as processes, and a bad network between them."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import httpx2

from shopkit.testing import TestDatabases
from tests.faults.proxy import Choice, Fate, Link
from tests.shop_processes import MIGRATIONS, ShopProcesses, short_folder

API_KEY = "sandbox-key-for-tests"
WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WEBHOOK_PATH = "/api/payments/webhooks/sandbox"
LINKS = {
    "orders-cart": "cart-in",
    "orders-catalog": "catalog-in",
    "orders-sandbox": "sandbox",
    "sandbox-orders": "orders",
    "cart-catalog": "catalog-in",
}
"""Caller and callee, and the callee's socket. Auth is called too rarely to be worth one."""
COPY = "orders2"
"""A second process of orders, where the database allows one."""
SERVICES = ("auth", "catalog", "cart", "orders", "sandbox")
Settings = Mapping[str, str]


@dataclass
class Staging(ShopProcesses):
    """`more` are settings by service that hold for every start."""

    more: dict[str, Settings] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)
    """How far logs were read."""
    copies: list[str] = field(default_factory=list)
    """Of orders; customers reach one or the other."""

    def new_in_log(self, name: str) -> str:
        """What it has since it was read so the last time."""
        text, begun = self.log(name), self.read.get(name, 0)
        self.read[name] = len(text)
        return text[begun:]

    def front(self, name: str) -> httpx2.AsyncClient:
        """Where a client's request goes."""
        return self.client(random.choice(self.copies) if name == "orders" and self.copies else name)

    def path(self, name: str) -> str:
        return f"unix:{self.folder}/{name}.sock"

    def settings(self, name: str) -> dict[str, str]:
        kind = "orders" if name == COPY else name
        found = self._sandbox() if kind == "sandbox" else super().settings(kind)
        if kind == "cart":
            found["CART_CATALOG_URL"] = self.path("cart-catalog")
        if kind == "orders":
            found |= self._orders(name)
        more = self.more.get(kind, {})
        return found | {f"{kind}_{key}".upper(): value for key, value in more.items()}

    def _orders(self, name: str) -> dict[str, str]:
        return {
            "ORDERS_LISTEN": self.path(name),
            "ORDERS_INTERNAL_LISTEN": self.path(f"{name}-in"),
            "ORDERS_CART_URL": self.path("orders-cart"),
            "ORDERS_CATALOG_URL": self.path("orders-catalog"),
            "ORDERS_PAYMENT_METHODS": "manual,sandbox",
            "ORDERS_SANDBOX_URL": self.path("orders-sandbox"),
            "ORDERS_SANDBOX_API_KEY": API_KEY,
            "ORDERS_SANDBOX_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "ORDERS_MOST_UNPAID": "0",
            # Often, so that it meets what is still on its way.
            "ORDERS_RECONCILE_SECONDS": "10",
        }

    def _sandbox(self) -> dict[str, str]:
        return {
            "SANDBOX_DATABASE": self.databases["sandbox"].removeprefix("sqlite:///"),
            "SANDBOX_LISTEN": self.path("sandbox"),
            "SANDBOX_API_KEY": API_KEY,
            "SANDBOX_WEBHOOK_URL": self.path("sandbox-orders"),
            "SANDBOX_WEBHOOK_PATH": WEBHOOK_PATH,
            "SANDBOX_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "SANDBOX_LOG_LEVEL": "WARNING",
        }

    def spawn(self, name: str, command: str, **more: str) -> ForkServerProcess:
        kind = "orders" if name == COPY else name
        package = "paysandbox" if name == "sandbox" else kind
        named = {f"{kind}_{key}".upper(): value for key, value in more.items()}
        return self.run(package, command, self.settings(name) | named, log=name)

    def turn(self, choices: Mapping[str, Choice]) -> None:
        """What becomes of calls on these links from now on."""
        for name, choice in choices.items():
            self.links[name].choose = choice

    async def clear(self) -> None:
        await asyncio.gather(*(link.clear() for link in self.links.values()))

    def fates(self) -> Counter[Fate]:
        return sum((link.counts for link in self.links.values()), Counter())

    async def open(self) -> None:
        for name, callee in LINKS.items():
            socket = self.path(name).removeprefix("unix:")
            link = Link(socket, self.path(callee).removeprefix("unix:"))
            await link.start()
            self.links[name] = link
        await asyncio.to_thread(self.command, "auth", "create-key")
        await asyncio.to_thread(self.command, "auth", "create-admin")
        await self.start("auth", "catalog", "cart", "sandbox")
        await self.start("orders")

    async def close(self) -> None:
        await super().close()
        for link in self.links.values():
            await link.close()


@asynccontextmanager
async def staging(
    databases: TestDatabases, folder: Path | None = None, **more: Settings
) -> AsyncIterator[Staging]:
    """All of it, ready. `folder` is where databases in files are, if not in a temporary one."""
    with short_folder() as sockets:
        urls = {name: databases.fresh(path) for name, path in MIGRATIONS.items()}
        urls["sandbox"] = f"sqlite:///{folder or sockets}/sandbox.db"
        hours = {"access_token_seconds": "3600"}
        shop = Staging(sockets, urls, more={"auth": hours, **more})
        try:
            await shop.open()
            yield shop
        finally:
            await shop.close()
