from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cart.main import build
from cart.settings import MIGRATIONS, CartSettings
from services.cart.tests.fake_catalog import FakeCatalog
from shopkit.clock import FrozenClock
from shopkit.db import Database
from shopkit.fake_auth import FakeAuth
from shopkit.ids import new_id
from shopkit.service import Service
from shopkit.testing import TokenFactory, client_for, running

Answer = httpx2.Response


@dataclass
class Shopper:
    """A client of the public app: a user with a bearer token, or a guest who keeps their token."""

    http: httpx2.AsyncClient
    headers: dict[str, str] = field(default_factory=dict)
    id: str = ""

    async def send(self, method: str, path: str = "", json: Any = None, **headers: str) -> Answer:
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self.http.request(
            method, f"/api/cart{path}", json=json, headers={**self.headers, **more}
        )
        if "authorization" not in self.headers and "x-cart-token" in answer.headers:
            self.headers["x-cart-token"] = answer.headers["x-cart-token"]
        return answer

    @property
    def token(self) -> str:
        return self.headers["x-cart-token"]

    async def cart(self) -> Any:
        answer = await self.send("GET")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def add(self, product_id: str, quantity: int = 1, **headers: str) -> Answer:
        payload = {"product_id": product_id, "quantity": quantity}
        return await self.send("POST", json=payload, **headers)

    async def set(self, product_id: str, quantity: int, **headers: str) -> Answer:
        return await self.send("PATCH", f"/{product_id}", {"quantity": quantity}, **headers)

    async def remove(self, product_id: str, **headers: str) -> Answer:
        return await self.send("DELETE", f"/{product_id}", **headers)

    async def merge(self, token: str, **headers: str) -> Answer:
        return await self.send("POST", "/merge", {"cart_token": token}, **headers)

    async def quantities(self) -> dict[str, int]:
        return {item["product_id"]: item["quantity"] for item in (await self.cart())["items"]}


@dataclass
class Shop:
    """The running service, and everything around it that a test moves."""

    http: httpx2.AsyncClient
    internal: httpx2.AsyncClient
    catalog: FakeCatalog
    clock: FrozenClock
    tokens: TokenFactory
    database: Database
    service: Service
    auth: FakeAuth

    def user(self, id: str | None = None, **claims: Any) -> Shopper:
        id = id or new_id()
        return Shopper(self.http, {"authorization": self.tokens.user(id=id, **claims)}, id)

    def guest(self) -> Shopper:
        return Shopper(self.http)

    async def call(
        self, method: str, path: str, json: Any = None, caller: str = "orders"
    ) -> Answer:
        headers = {"authorization": self.tokens.service(caller)}
        return await self.internal.request(method, path, json=json, headers=headers)

    async def claim(self, order_id: str, owner: Shopper) -> Answer:
        whose = {"user_id": owner.id} if owner.id else {"cart_token": owner.token}
        return await self.call("PUT", f"/internal/claims/{order_id}", whose)

    async def consume(self, order_id: str) -> Answer:
        return await self.call("POST", f"/internal/claims/{order_id}/consume")

    async def release(self, order_id: str) -> Answer:
        return await self.call("POST", f"/internal/claims/{order_id}/release")


@pytest.fixture(scope="session")
def migrations() -> Path:
    return MIGRATIONS


@pytest.fixture
def options() -> dict[str, Any]:
    """Settings that a test wants otherwise: it is parametrized with them."""
    return {}


@pytest.fixture
def settings(database_url: str, tokens: TokenFactory, options: dict[str, Any]) -> CartSettings:
    return CartSettings(
        database_url=database_url,
        listen="unix:/unused",
        internal_listen="unix:/unused",
        auth_url="unix:/no-auth-here.sock",
        jwks_cache=tokens.jwks_cache,
        **options,
    )


@pytest.fixture
async def shop(
    settings: CartSettings, tokens: TokenFactory, clock: FrozenClock
) -> AsyncIterator[Shop]:
    catalog, auth = FakeCatalog(), FakeAuth(tokens)
    service = build(settings, auth=auth.client, catalog=catalog, clock=clock)
    async with running(service) as (http, internal):
        yield Shop(http, internal, catalog, clock, tokens, service.database, service, auth)


@pytest.fixture
async def copy(shop: Shop, settings: CartSettings) -> Shop:
    """A second copy of the service on the same database: it shares nothing else with the first."""
    service = build(settings, catalog=shop.catalog, clock=shop.clock)
    for app, original in (
        (service.public, shop.service.public),
        (service.internal, shop.service.internal),
    ):
        app.state.context = replace(app.state.context, database=shop.database)
        app.state.verifier = original.state.verifier
    clients = {"http": client_for(service.public), "internal": client_for(service.internal)}
    return replace(shop, service=service, **clients)
