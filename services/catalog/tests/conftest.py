"""A catalog in process, on a migrated database of its own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import Connection, text

from catalog.import_files import ImportFiles
from catalog.lexicographer import Lexicographer
from catalog.lexicon import Lexicon
from catalog.main import build
from catalog.settings import MIGRATIONS, CatalogSettings
from catalog.worker import Housekeeper
from shopkit.clock import FrozenClock
from shopkit.db import Database
from shopkit.fake_auth import FakeAuth
from shopkit.ids import new_id
from shopkit.service import Service
from shopkit.testing import TokenFactory, running

STAFF = ["products:read", "products:write", "categories:write", "inventory:read", "inventory:write"]


@pytest.fixture(scope="session")
def migrations() -> Path:
    return MIGRATIONS


@dataclass
class Shop:
    """What tests talk to; `staff` and `orders` carry tokens, `guest` does not."""

    guest: httpx2.AsyncClient
    internal: httpx2.AsyncClient
    staff_headers: dict[str, str]
    orders_headers: dict[str, str]
    database: Database
    clock: FrozenClock
    tokens: TokenFactory
    auth: FakeAuth
    media_dir: Path
    service: Service
    lexicon: Lexicon = field(default_factory=Lexicon)

    async def staff(self, method: str, path: str, **kwargs: Any) -> httpx2.Response:
        headers = self.staff_headers | kwargs.pop("headers", {})
        return await self.guest.request(method, path, headers=headers, **kwargs)

    async def orders(self, method: str, path: str, **kwargs: Any) -> httpx2.Response:
        return await self.internal.request(method, path, headers=self.orders_headers, **kwargs)

    async def product(self, **fields: Any) -> dict[str, Any]:
        """A new product; what is not given is made up."""
        price = {"amount": 1000, "currency": "USD"}
        body = {"sku": f"SKU-{new_id()[9:]}", "name": "Thing", "price": price} | fields
        answer = await self.staff("POST", "/api/products", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def category(self, name: str, parent: str | None = None) -> dict[str, Any]:
        body = {"name": name, "parent_id": parent}
        answer = await self.staff("POST", "/api/categories", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def group(self, **fields: Any) -> dict[str, Any]:
        body = {"name": "Shirt", "varies_by": ["size"]} | fields
        answer = await self.staff("POST", "/api/product-groups", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def listed(self, **params: Any) -> list[dict[str, Any]]:
        answer = await self.guest.get("/api/products", params=params)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    async def stock(self, product_id: str) -> dict[str, Any]:
        return dict((await self.staff("GET", f"/api/products/{product_id}/stock")).json())

    async def reserve(
        self, *lines: tuple[dict[str, Any], int], order_id: str | None = None, ttl: int = 900
    ) -> httpx2.Response:
        body = {
            "lines": [
                {"product_id": p["id"], "quantity": n, "unit_price": p["price"]} for p, n in lines
            ],
            "ttl_seconds": ttl,
        }
        return await self.orders("PUT", f"/internal/reservations/{order_id or new_id()}", json=body)

    async def take_back(
        self, order_id: str, *lines: tuple[dict[str, Any], int], return_id: str | None = None
    ) -> httpx2.Response:
        sent = [{"product_id": p["id"], "quantity": n} for p, n in lines]
        body = {"order_id": order_id, "lines": sent}
        return await self.orders("PUT", f"/internal/returns/{return_id or new_id()}", json=body)

    async def learn(self) -> None:
        """What the worker does every few seconds: read what is new to searches."""
        await Lexicographer(self.database, self.lexicon).follow()

    async def query(self, sql: str) -> list[tuple[Any, ...]]:
        def run(conn: Connection) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in conn.execute(text(sql))]

        return await self.database.read(run)


def housekeeper(shop: Shop) -> Housekeeper:
    files = ImportFiles(shop.tokens.folder / "files")
    return Housekeeper(shop.database, shop.clock, files)


@pytest.fixture
async def shop(
    database_url: str, tokens: TokenFactory, clock: FrozenClock, tmp_path: Path
) -> AsyncIterator[Shop]:
    settings = CatalogSettings(
        database_url=database_url,
        jwks_cache=tokens.jwks_cache,
        sweep_seconds=60,
        media_dir=tmp_path / "media",
        files_dir=tokens.folder / "files",
    )
    auth = FakeAuth(tokens)
    service = build(settings, clock, auth=auth.client)
    async with running(service) as (public, internal):
        yield Shop(
            guest=public,
            internal=internal,
            staff_headers={"Authorization": tokens.user(scopes=STAFF)},
            orders_headers={"Authorization": tokens.service("orders")},
            database=service.database,
            clock=clock,
            tokens=tokens,
            auth=auth,
            media_dir=settings.media_dir,
            service=service,
            lexicon=service.public.state.context.lexicon,
        )
