"""The real catalog and the real auth, in process, behind one address like the gateway's."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import settings

from auth.commands import create_key
from auth.main import MIGRATIONS as AUTH_MIGRATIONS
from auth.main import build as build_auth
from auth.settings import AuthSettings
from catalog.main import MIGRATIONS as CATALOG_MIGRATIONS
from catalog.main import build as build_catalog
from catalog.settings import CatalogSettings
from shopcli.catalog_api import CatalogApi
from shopcli.client import ShopClient
from shopcli.csv_file import read_sheet
from shopcli.drafts import Listing
from shopcli.importer import Importer, Outcome
from shopcli.retry import Patience
from shopcli.session import FixedToken, Session
from shopcli.shopify_csv import listings_of
from shopcli.shopify_variants import Reading
from shopcli.wire import Wire
from shopkit.fake_auth import FakeAuth
from shopkit.testing import TestDatabases, TokenFactory, running

FILES = Path(__file__).parent / "files"
STAFF = ["products:read", "products:write", "categories:write", "inventory:read", "inventory:write"]
URL = "http://shop.test"
settings.register_profile("patient", deadline=None)  # other work on the machine is no failure
settings.load_profile("patient")
HURRIED = Patience(first_wait=0.001, longest_wait=0.01, busy_pace=10_000)


class Gateway(httpx2.AsyncBaseTransport):
    """Sends calls to the service that owns the path, and does to them what `faults` says.

    `lose`: takes effect, but the answer never comes. `late`: takes effect, the answer is 503.
    `busy`: 429 and no effect. `down`: no connection. `crash`: this program dies. `pass`: nothing.
    """

    def __init__(self, auth: Any, catalog: Any) -> None:
        self._auth = httpx2.ASGITransport(auth)
        self._catalog = httpx2.ASGITransport(catalog)
        self.faults: Iterator[str] = cycle(["pass"])
        self.calls: list[str] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.calls.append(f"{request.method} {request.url.path}")
        fault = next(self.faults)
        if fault == "down":
            raise httpx2.ConnectError("no connection")
        if fault == "crash":
            raise RuntimeError("killed")
        if fault == "busy":
            return httpx2.Response(429, headers={"Retry-After": "0"})
        service = self._auth if request.url.path.startswith("/api/auth/") else self._catalog
        answer = await service.handle_async_request(request)
        if fault == "lose":
            raise httpx2.ReadError("the connection broke")
        return httpx2.Response(503) if fault == "late" else answer


@dataclass
class Shop:
    """`staff` may change the catalog."""

    gateway: Gateway
    staff: str
    wires: list[Wire] = field(default_factory=list)

    def wire(self) -> Wire:
        made = Wire(URL, patience=HURRIED, transport=self.gateway)
        self.wires.append(made)
        return made

    def client(self, session: Session | None = None) -> ShopClient:
        return ShopClient(self.wire(), session or FixedToken(self.staff))

    async def products(self) -> dict[str, dict[str, Any]]:
        items = self.client().items("/api/products", {"status": "any", "group": "expand"})
        found = [item async for item in items]
        by_sku = {item["sku"]: item for item in found}
        assert len(by_sku) == len(found)
        return by_sku

    async def groups(self) -> list[dict[str, Any]]:
        return [item async for item in self.client().items("/api/product-groups", {})]

    async def category_paths(self) -> list[tuple[str, ...]]:
        tree = await self.client().get("/api/categories")
        return sorted(paths_of(tree["items"], ()))

    async def load(self, listings: list[Listing], *, set_stock: bool = False) -> list[Outcome]:
        outcomes: list[Outcome] = []
        importer = Importer(CatalogApi(self.client()), outcomes.append, set_stock=set_stock)
        await importer.prepare(listings)
        await importer.load(listings)
        return outcomes


def paths_of(nodes: list[dict[str, Any]], above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for node in nodes:
        yield (path := (*above, node["name"]))
        yield from paths_of(node["children"], path)


@pytest.fixture
async def shop(
    databases: TestDatabases, tokens: TokenFactory, tmp_path: Path
) -> AsyncIterator[Shop]:
    auth_settings = AuthSettings(
        database_url=databases.fresh(AUTH_MIGRATIONS), keys_dir=tmp_path / "keys"
    )
    create_key(auth_settings)
    catalog = build_catalog(
        CatalogSettings(
            database_url=databases.fresh(CATALOG_MIGRATIONS),
            jwks_cache=tokens.jwks_cache,
            files_dir=tmp_path / "files",
        ),
        auth=FakeAuth(tokens).client,
    )
    auth = build_auth(auth_settings)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(auth))
        await stack.enter_async_context(running(catalog))
        staff = tokens.user(scopes=STAFF).removeprefix("Bearer ")
        shop = Shop(Gateway(auth.public, catalog.public), staff)
        yield shop
        for wire in shop.wires:
            await wire.__aexit__(None, None, None)


ReadFile = Callable[[str], list[Listing]]


@pytest.fixture
def read() -> ReadFile:
    """The listings of a file beside these tests, or of a text."""

    def listings(source: str) -> list[Listing]:
        data = source.encode() if "\n" in source else (FILES / source).read_bytes()
        return listings_of(read_sheet(data), Reading())[0]

    return listings
